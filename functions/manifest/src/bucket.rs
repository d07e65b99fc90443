//! The buckets that files arrive in.

use std::fmt;
use std::str::FromStr;

use crate::vendor::Vendor;

/// A bucket that files arrive in, by what it is for: one a vendor, and one for the factory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// A vendor's manifests.
    Vendor(Vendor),
    /// Device-infos of a manufacturing execution system (MES).
    Mes,
}

/// A name that no bucket has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no bucket is for `{name}`: use `microchip`, `infineon`, `espressif`, `generated`, \
     or `mes` for a factory's device-infos"
)]
pub struct UnknownBucket {
    /// The name that was asked for.
    pub name: String,
}

impl Bucket {
    /// Every bucket, in the order in which they are listed for a person.
    pub const ALL: [Self; 5] = {
        let [microchip, infineon, espressif, generated] = Vendor::ALL;
        [
            Self::Vendor(microchip),
            Self::Vendor(infineon),
            Self::Vendor(espressif),
            Self::Vendor(generated),
            Self::Mes,
        ]
    };

    /// The name as buckets, plans and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vendor(vendor) => vendor.name(),
            Self::Mes => "mes",
        }
    }

    /// What belongs there, for a sentence such as "this bucket takes ...".
    #[must_use]
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Vendor(vendor) => vendor.expects(),
            Self::Mes => {
                "a factory's device-infos (.json files with `devices`, each with its `certFingerprint`)"
            }
        }
    }
}

impl From<Vendor> for Bucket {
    fn from(vendor: Vendor) -> Self {
        Self::Vendor(vendor)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Bucket {
    type Err = UnknownBucket;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|bucket| bucket.name() == name)
            .ok_or_else(|| UnknownBucket { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::Bucket;

    #[test]
    fn names_are_read_back() {
        for bucket in Bucket::ALL {
            assert_eq!(bucket.name().parse(), Ok(bucket));
            assert_eq!(bucket.to_string(), bucket.name());
        }
        let error = "runs".parse::<Bucket>().unwrap_err().to_string();
        assert!(Bucket::ALL.iter().all(|bucket| error.contains(&format!("`{bucket}`"))), "{error}");
    }
}
