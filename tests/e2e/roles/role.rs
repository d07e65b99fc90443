//! A function's role in the local cloud, and the same role with less in it.

use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};

use crate::world::{STACK, World};

/// The name of the policy that holds a role's grants.
const POLICY: &str = "grants";

/// A function's role.
pub(super) struct Role {
    name: String,
    document: Value,
}

impl Role {
    pub(super) async fn of(world: &World, function: &str) -> Self {
        let name = format!("{STACK}-{function}");
        let found = iam(world).get_role_policy().role_name(&name).policy_name(POLICY);
        let document = found.send().await.unwrap().policy_document;
        Self { name, document: serde_json::from_str(&decoded(&document)).unwrap() }
    }

    /// Every action that the role allows, with its statement's id.
    pub(super) fn allowed(&self) -> Vec<(String, String)> {
        let statements = self.document["Statement"].as_array().unwrap();
        let allowing = statements.iter().filter(|statement| statement["Effect"] == "Allow");
        allowing
            .flat_map(|statement| {
                let sid = statement["Sid"].as_str().unwrap();
                let actions = statement["Action"].as_array().unwrap();
                actions.iter().map(|action| (sid.to_owned(), action.as_str().unwrap().to_owned()))
            })
            .collect()
    }

    /// Puts the role without one action of one statement into force.
    pub(super) async fn put_without(&self, world: &World, sid: &str, action: &str) {
        let mut document = self.document.clone();
        let statements = document["Statement"].as_array_mut().unwrap();
        let statement = statements.iter_mut().find(|statement| statement["Sid"] == sid).unwrap();
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.retain(|allowed| allowed != action);
        if actions.is_empty() {
            statements.retain(|statement| statement["Sid"] != sid);
        }
        self.put_document(world, &document).await;
    }

    /// Puts the whole role into force.
    pub(super) async fn put(&self, world: &World) {
        self.put_document(world, &self.document).await;
    }

    async fn put_document(&self, world: &World, document: &Value) {
        let put = iam(world).put_role_policy().role_name(&self.name).policy_name(POLICY);
        put.policy_document(document.to_string()).send().await.unwrap();
    }

    /// Clients that act in the role, as the function does.
    pub(super) async fn acting(&self, world: &World) -> Acting {
        let root = world.cloud.aws_config();
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }],
        });
        let update = iam(world).update_assume_role_policy().role_name(&self.name);
        update.policy_document(trust.to_string()).send().await.unwrap();
        let role = iam(world).get_role().role_name(&self.name).send().await.unwrap().role.unwrap();
        let assume = aws_sdk_sts::Client::new(&root).assume_role().role_arn(role.arn);
        let session = assume.role_session_name("test").send().await.unwrap().credentials.unwrap();
        let credentials = Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            None,
            "a function's role",
        );
        let aws = root.into_builder();
        let aws = aws.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
        Acting { iot: aws_sdk_iot::Client::new(&aws), s3: aws_sdk_s3::Client::from_conf(s3) }
    }
}

/// Clients that act in a function's role.
pub(super) struct Acting {
    pub(super) iot: aws_sdk_iot::Client,
    pub(super) s3: aws_sdk_s3::Client,
}

pub(super) fn iam(world: &World) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&world.cloud.aws_config())
}

/// IAM gives documents in percent-encoding.
fn decoded(document: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = document.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}
