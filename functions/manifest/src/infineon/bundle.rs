//! Which certificate of a chip is meant.

use std::fmt;
use std::str::FromStr;

/// The certificates that Infineon delivers for each chip, by the name of the chip's object that
/// holds them. Each is for another key, so importing two of them makes two things a chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bundle {
    /// P-256, the chip's first certificate.
    #[default]
    E0E0,
    /// P-256, another key.
    E0E1,
    /// RSA of 2048 bits.
    E0E2,
}

impl Bundle {
    /// Every bundle, in the order in which they are listed for a person.
    pub const ALL: [Self; 3] = [Self::E0E0, Self::E0E1, Self::E0E2];

    /// The name as files and configuration write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::E0E0 => "E0E0",
            Self::E0E1 => "E0E1",
            Self::E0E2 => "E0E2",
        }
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that no bundle has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no bundle is called `{name}`: use `E0E0`, `E0E1` or `E0E2`")]
pub struct UnknownBundle {
    /// The name that was asked for.
    pub name: String,
}

impl FromStr for Bundle {
    type Err = UnknownBundle;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|bundle| bundle.name() == name)
            .ok_or_else(|| UnknownBundle { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::Bundle;

    #[test]
    fn a_bundle_is_read_as_it_is_displayed() {
        for bundle in Bundle::ALL {
            assert_eq!(bundle.to_string().parse(), Ok(bundle));
        }
        assert_eq!(Bundle::default(), Bundle::E0E0);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "e0e0".parse::<Bundle>().unwrap_err();
        assert_eq!(error.to_string(), "no bundle is called `e0e0`: use `E0E0`, `E0E1` or `E0E2`");
    }
}
