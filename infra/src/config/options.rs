//! What the owner of a deployment may choose about its resources. All of it may be left out.

/// Who is told how runs end, and that something is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// Addresses that are subscribed to the topic.
    pub emails: Vec<String>,
}

/// How buckets are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BucketNames {
    /// `<stack>-<name>`, in the namespace that all accounts share.
    #[default]
    Stack,
    /// `<stack>-<name>-<account>-<region>-an`, in the account's own namespace of the Region.
    Account,
}

impl BucketNames {
    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Account => "account",
        }
    }
}

/// Whose key encrypts what is in the buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// S3's own.
    #[default]
    S3,
    /// The stack's, in AWS KMS.
    Kms,
}

impl Encryption {
    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Kms => "kms",
        }
    }
}
