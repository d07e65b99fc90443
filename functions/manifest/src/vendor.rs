//! The vendors whose manifests are read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose format a manifest has. The set is closed, so that every `match` is checked for
/// completeness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Microchip Trust Platform: a JSON array of signed secure elements.
    Microchip,
    /// Infineon OPTIGA Trust M Express: a 7z bundle of certificates; or XML of certificates.
    Infineon,
    /// Espressif: a CSV list of MACs and certificates.
    Espressif,
    /// Certificates without a vendor's format around them: base64 lines, PEM, DER.
    Generated,
}

impl Vendor {
    /// Every vendor, in the order in which they are listed for a person.
    pub const ALL: [Self; 4] = [Self::Microchip, Self::Infineon, Self::Espressif, Self::Generated];

    /// The name as buckets, configuration and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microchip => "microchip",
            Self::Infineon => "infineon",
            Self::Espressif => "espressif",
            Self::Generated => "generated",
        }
    }

    /// What a file for this vendor's bucket is, for a sentence such as "this bucket takes ...".
    #[must_use]
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Microchip => {
                "Microchip manifests (signed .json files, or a .zip of them) and their signers' certificates"
            }
            Self::Infineon => {
                "Infineon manifests (a .7z bundle, a .zip of certificates, .xml, .pem or .der) and Infineon's CA certificates"
            }
            Self::Espressif => {
                "Espressif manifests (.csv files with the columns MAC and cert, or a .zip of them)"
            }
            Self::Generated => {
                "certificates (a .txt file with one base64 certificate a line, .pem, .crt, .cer or .der, or a .zip of them)"
            }
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that no vendor has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no vendor is called `{name}`: use `microchip`, `infineon`, `espressif` or `generated`")]
pub struct UnknownVendor {
    /// The name that was asked for.
    pub name: String,
}

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|vendor| vendor.name() == name)
            .ok_or_else(|| UnknownVendor { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::Vendor;

    #[test]
    fn a_name_is_the_same_in_text_and_in_json() {
        for vendor in Vendor::ALL {
            assert_eq!(vendor.to_string().parse(), Ok(vendor));
            assert_eq!(serde_json::to_string(&vendor).unwrap(), format!("\"{vendor}\""));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "Microchip".parse::<Vendor>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no vendor is called `Microchip`: \
             use `microchip`, `infineon`, `espressif` or `generated`"
        );
    }
}
