//! The topic that tells people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::key::Key;
use super::role::own_account;
use super::{REQUIRE_TLS, tls_only};
use crate::intrinsics::{arn, only_if, reference};
use crate::template::{Resource, Template};
use crate::values::with;

/// A topic that is encrypted with the stack's own key.
#[derive(Debug)]
pub(crate) struct Topic {
    id: String,
    key: Value,
}

impl Topic {
    /// Adds the topic and its policy.
    pub(crate) fn new(template: &mut Template, id: &str, name: &str, key: &Key) -> Self {
        // Shown as the sender of e-mails.
        let properties = json!({
            "TopicName": name,
            "DisplayName": "Thingpress",
            "KmsMasterKeyId": key.reference(),
        });
        template.add(id, Resource::new("AWS::SNS::Topic", properties));
        let topic = Self { id: id.to_owned(), key: key.arn() };
        topic.add_policy(template);
        topic
    }

    /// The topic's ARN.
    pub(crate) fn arn(&self) -> Value {
        reference(&self.id)
    }

    /// ARN of the key that whoever publishes must be able to use.
    pub(crate) fn key_arn(&self) -> Value {
        self.key.clone()
    }

    /// Sends every notice to this address, once its owner has confirmed it.
    ///
    /// The subscription's id is made of the address, so that addresses can come and go without a new
    /// confirmation of the others.
    pub(crate) fn subscribe(&self, template: &mut Template, email: &str) {
        template.add(
            &subscription_id(&self.id, email),
            Resource::new(
                "AWS::SNS::Subscription",
                json!({ "TopicArn": self.arn(), "Protocol": "email", "Endpoint": email }),
            ),
        );
    }

    /// A topic's policy replaces the one that AWS gives it: the roles of this account publish by
    /// their own policies, and so need no statement here.
    fn add_policy(&self, template: &mut Template) {
        let alarms = with(
            own_account(),
            "ArnLike",
            json!({ "aws:SourceArn": arn("cloudwatch", "alarm:*") }),
        );
        let tls_only = tls_only("TlsOnly", "sns:Publish", self.arn());
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AlarmsOfThisAccount",
                    "Effect": "Allow",
                    "Principal": { "Service": "cloudwatch.amazonaws.com" },
                    "Action": "sns:Publish",
                    "Resource": self.arn(),
                    "Condition": alarms,
                },
                only_if(REQUIRE_TLS, tls_only),
            ],
        });
        template.add(
            &format!("{}Policy", self.id),
            Resource::new(
                "AWS::SNS::TopicPolicy",
                json!({ "Topics": [self.arn()], "PolicyDocument": document }),
            ),
        );
    }
}

/// Letters and digits, another one for each address: what is neither becomes `X` and its code.
fn subscription_id(topic: &str, email: &str) -> String {
    let mut id = format!("{topic}To");
    for byte in email.to_ascii_lowercase().bytes() {
        match byte {
            b'@' => id.push_str("At"),
            b'.' => id.push_str("Dot"),
            _ if byte.is_ascii_alphanumeric() => id.push(char::from(byte)),
            _ => {
                // Writing to a text does not fail.
                let _ = write!(id, "X{byte:02x}");
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(template: &mut Template) -> Topic {
        template.switch(REQUIRE_TLS, "a test");
        let key = Key::new(template, "Key", "acme");
        Topic::new(template, "Topic", "acme-notices", &key)
    }

    #[track_caller]
    fn check(email: &str, expected: &str) {
        assert_eq!(subscription_id("Topic", email), expected);
    }

    #[test]
    fn an_address_has_an_id_of_its_own() {
        check("ops@example.com", "TopicToopsAtexampleDotcom");
        check("OPS@example.com", "TopicToopsAtexampleDotcom");
        check("opsat@example.com", "TopicToopsatAtexampleDotcom");
        check("ops+night@example.com", "TopicToopsX2bnightAtexampleDotcom");
    }

    #[test]
    fn the_same_address_twice_is_a_violation() {
        let mut template = Template::default();
        let topic = topic(&mut template);
        for email in ["ops@example.com", "qa@example.com"] {
            topic.subscribe(&mut template, email);
        }
        topic.subscribe(&mut template, "ops@example.com");
        let violations = template.finish("a test").expect_err("a violation");
        let [violation] = violations.as_slice() else { panic!("{violations:?}") };
        assert_eq!(violation.construct, "TopicToopsAtexampleDotcom");
    }

    #[test]
    fn alarms_of_this_account_may_publish_and_use_the_key() {
        let mut template = Template::default();
        topic(&mut template);
        let text = template.finish("a test").expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        let account = json!({ "Ref": "AWS::AccountId" });
        let cloudwatch = json!({ "Service": "cloudwatch.amazonaws.com" });

        let policy = &template["Resources"]["TopicPolicy"]["Properties"]["PolicyDocument"];
        let publish = &policy["Statement"][0];
        assert_eq!(publish["Principal"], cloudwatch);
        assert_eq!(publish["Action"], "sns:Publish");
        assert_eq!(publish["Condition"]["StringEquals"]["aws:SourceAccount"], account);

        let key = &template["Resources"]["Key"]["Properties"];
        assert_eq!(key["EnableKeyRotation"], true);
        let encrypt = &key["KeyPolicy"]["Statement"][1];
        assert_eq!(encrypt["Principal"], cloudwatch);
        assert_eq!(encrypt["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
        assert_eq!(encrypt["Condition"]["StringEquals"]["aws:SourceAccount"], account);
        assert_eq!(
            template["Resources"]["Topic"]["Properties"]["KmsMasterKeyId"],
            json!({ "Ref": "Key" })
        );
    }
}
