//! An account of the local cloud: filled before an import, and read after it.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_iot::{
    Client,
    config::{Builder, Credentials, retry::RetryConfig},
    types::{AttributePayload, CertificateStatus},
};
use tempfile::TempDir;
use xtask::local_cloud::{LocalCloud, Options};

use crate::{
    deaths::Wire,
    state::{
        CERTIFICATES, GROUPS, NAMES, POLICIES, Registered, State, Status, TYPES, Thing, certificate,
    },
};

/// A local cloud, in which accounts do not see each other.
pub(crate) struct Cloud {
    process: LocalCloud,
    _folder: TempDir,
}

impl Cloud {
    /// The one of all tests that run now. It ends with the last of them.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cloud>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cloud = Arc::new(Self::start());
            *shared = Arc::downgrade(&cloud);
            cloud
        })
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = LocalCloud::start(Options {
            dir: folder.path().to_owned(),
            // Roles are not what is tested here.
            env: vec![("AUTH".to_owned(), "false".to_owned())],
            ..Options::default()
        })
        .unwrap();
        Self { process, _folder: folder }
    }

    /// Of a client that calls once, so that a call that is lost stays lost.
    fn client_of(&self, account: &str) -> Builder {
        let credentials = Credentials::new(account, "secret", None, None, "an account");
        // Connections are a runtime's, and each test has its own.
        Builder::from(&self.process.aws_config())
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
    }
}

/// An account of a case's own.
pub(crate) struct Account {
    cloud: Arc<Cloud>,
    id: String,
    iot: Client,
}

impl Account {
    /// A new account with the policies, groups and types that all have.
    pub(crate) async fn new(cloud: &Arc<Cloud>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
        let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let iot = Client::from_conf(cloud.client_of(&id).build());
        let account = Self { cloud: cloud.clone(), id, iot };
        for name in TYPES {
            account.iot.create_thing_type().thing_type_name(name).send().await.unwrap();
        }
        for name in GROUPS {
            account.iot.create_thing_group().thing_group_name(name).send().await.unwrap();
        }
        for name in POLICIES {
            let document = r#"{"Version": "2012-10-17", "Statement": []}"#;
            let policy = account.iot.create_policy().policy_name(name).policy_document(document);
            policy.send().await.unwrap();
        }
        account
    }

    /// A client of the account by that wire.
    pub(crate) fn client(&self, wire: Wire) -> Client {
        Client::from_conf(self.cloud.client_of(&self.id).interceptor(wire).build())
    }

    /// Makes what `state` says; tells the time when that was done, in seconds of the Unix epoch.
    pub(crate) async fn fill(&self, state: &State) -> f64 {
        let iot = &self.iot;
        for (number, Registered { status, policies }) in &state.certificates {
            let certificate = certificate(*number);
            let register = iot.register_certificate_without_ca().certificate_pem(&certificate.pem);
            let initial = match status {
                Status::Inactive => CertificateStatus::Inactive,
                _ => CertificateStatus::Active,
            };
            register.status(initial).send().await.unwrap();
            if let Status::Revoked | Status::PendingTransfer = status {
                let update = iot.update_certificate().certificate_id(&certificate.id);
                update.new_status(aws(*status)).send().await.unwrap();
            }
            for policy in policies {
                let attach = iot.attach_policy().policy_name(policy);
                attach.target(self.arn(*number)).send().await.unwrap();
            }
        }
        for (name, Thing { thing_type, attributes, groups, certificates }) in &state.things {
            let attributes = attributes.clone().into_iter().collect();
            let payload = AttributePayload::builder().set_attributes(Some(attributes)).build();
            let create = iot.create_thing().thing_name(*name).attribute_payload(payload);
            create.set_thing_type_name(thing_type.clone()).send().await.unwrap();
            for group in groups {
                let add = iot.add_thing_to_thing_group().thing_name(*name);
                add.thing_group_name(group).send().await.unwrap();
            }
            for number in certificates {
                let attach = iot.attach_thing_principal().thing_name(*name);
                attach.principal(self.arn(*number)).send().await.unwrap();
            }
        }
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
    }

    /// What the account holds.
    pub(crate) async fn state(&self) -> State {
        let mut state = State::default();
        let iot = &self.iot;
        for found in iot.list_certificates().send().await.unwrap().certificates() {
            let number = number(found.certificate_id().unwrap());
            let attached =
                iot.list_attached_policies().target(self.arn(number)).send().await.unwrap();
            let policies = attached.policies().iter();
            let policies = policies.map(|policy| policy.policy_name.clone().unwrap()).collect();
            let status = status(found.status().unwrap());
            state.certificates.insert(number, Registered { status, policies });
        }
        for found in iot.list_things().send().await.unwrap().things() {
            let name = found.thing_name().unwrap();
            let groups = iot.list_thing_groups_for_thing().thing_name(name).send().await.unwrap();
            let groups = groups.thing_groups().iter();
            let principals = iot.list_thing_principals().thing_name(name).send().await.unwrap();
            let principals = principals.principals().iter();
            let thing = Thing {
                thing_type: found.thing_type_name.clone(),
                attributes: found.attributes.clone().unwrap_or_default().into_iter().collect(),
                groups: groups.map(|group| group.group_name.clone().unwrap()).collect(),
                certificates: principals
                    .map(|arn| number(arn.rsplit('/').next().unwrap()))
                    .collect(),
            };
            let name = NAMES.into_iter().find(|known| *known == name).expect("a name of ours");
            state.things.insert(name, thing);
        }
        state
    }

    fn arn(&self, number: usize) -> String {
        format!("arn:aws:iot:us-east-1:{}:cert/{}", self.id, certificate(number).id)
    }
}

fn number(id: &str) -> usize {
    (0..CERTIFICATES).find(|number| certificate(*number).id == id).expect("a certificate of ours")
}

fn aws(status: Status) -> CertificateStatus {
    match status {
        Status::Active => CertificateStatus::Active,
        Status::Inactive => CertificateStatus::Inactive,
        Status::Revoked => CertificateStatus::Revoked,
        Status::PendingTransfer => CertificateStatus::PendingTransfer,
    }
}

fn status(status: &CertificateStatus) -> Status {
    let known = [Status::Active, Status::Inactive, Status::Revoked, Status::PendingTransfer];
    known.into_iter().find(|known| aws(*known) == *status).expect("a status of ours")
}
