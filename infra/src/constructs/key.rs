//! The key of the stack's own.

use serde_json::{Value, json};

use super::role::own_account;
use crate::deployer::KEY_TAG;
use crate::intrinsics::{attribute, reference, sub};
use crate::template::{Resource, Template};

/// A key that rotates, with an alias by which people find it.
///
/// Notices need a key of the stack's own: under the one that AWS manages for SNS, no alarm could
/// publish.
#[derive(Debug)]
pub(crate) struct Key {
    id: String,
}

impl Key {
    /// Adds a key called `alias/<name>` for what passes, such as notices. It goes with the stack, and
    /// AWS keeps it for 30 days more.
    pub(crate) fn new(template: &mut Template, id: &str, name: &str) -> Self {
        Self::add(template, id, name, Resource::disposable)
    }

    /// Adds such a key for what stays as well: it outlives the stack together with the files that
    /// nobody could read without it.
    pub(crate) fn of_files(template: &mut Template, id: &str, name: &str) -> Self {
        Self::add(template, id, name, Resource::retained)
    }

    fn add(
        template: &mut Template,
        id: &str,
        name: &str,
        removal: fn(Resource) -> Resource,
    ) -> Self {
        let properties = json!({
            "Description": format!("Encrypts what {name} keeps and sends"),
            "EnableKeyRotation": true,
            // By which whoever deploys may handle this key and no other.
            "Tags": [{ "Key": KEY_TAG, "Value": name }],
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    // Without this statement nobody could ever change the key. It hands the decision
                    // to the account's own policies and allows nobody anything by itself. In a key's
                    // policy, `*` is the key.
                    {
                        "Sid": "AccountDecides",
                        "Effect": "Allow",
                        "Principal": { "AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root") },
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "AlarmsPublish",
                        "Effect": "Allow",
                        "Principal": { "Service": "cloudwatch.amazonaws.com" },
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                        "Resource": "*",
                        "Condition": own_account(),
                    },
                ],
            },
        });
        template.add(id, removal(Resource::new("AWS::KMS::Key", properties)));
        let key = Self { id: id.to_owned() };
        let alias = json!({ "AliasName": format!("alias/{name}"), "TargetKeyId": key.reference() });
        template.add(&format!("{id}Alias"), Resource::new("AWS::KMS::Alias", alias));
        key
    }

    /// The key's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }

    /// The key's id.
    pub(crate) fn reference(&self) -> Value {
        reference(&self.id)
    }
}
