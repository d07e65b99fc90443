//! AWS IoT, as far as registering new devices calls it: its registry in memory, without quotas.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http_body_util::BodyExt as _;
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    http::request::Parts,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{Reply, Server, reply};

const CERTIFICATE: &str = "arn:aws:iot:us-east-1:123456789012:cert/";
const THING: &str = "arn:aws:iot:us-east-1:123456789012:thing/";

/// The registry, and the server before it.
#[derive(Debug)]
pub(crate) struct Iot {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    registry: Mutex<Registry>,
    /// By AWS's name of the operation.
    calls: Mutex<BTreeMap<&'static str, u64>>,
    /// How long an answer takes.
    delay: Duration,
}

#[derive(Debug, Default)]
struct Registry {
    things: HashMap<String, Thing>,
    /// The policies of each certificate, by its id.
    certificates: HashMap<String, BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct Thing {
    described: Value,
    /// Ids of its certificates.
    certificates: BTreeSet<String>,
    groups: BTreeSet<String>,
}

/// An error of AWS IoT's: status, code, and what its body says, where it says anything.
#[derive(Debug)]
struct Refusal(StatusCode, &'static str, Option<Value>);

type Answered = Result<Value, Refusal>;

const NOT_FOUND: Refusal = Refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", None);
const INVALID: Refusal = Refusal(StatusCode::BAD_REQUEST, "InvalidRequestException", None);

impl Iot {
    /// A registry without a device, which takes so long to answer.
    pub(crate) fn start(delay: Duration) -> Result<Self> {
        let (registry, calls) = (Mutex::default(), Mutex::default());
        let state = Arc::new(State { registry, calls, delay });
        let shared = state.clone();
        let server = Server::start(move |request| answer(shared.clone(), request))?;
        Ok(Self { server, state })
    }

    /// What `AWS_ENDPOINT_URL_IOT` is set to.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How often each operation was called since the last time that somebody asked.
    pub(crate) fn calls(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut lock(&self.state.calls))
    }

    /// Devices of which nothing is missing: a thing in a group, with a certificate that has a policy.
    pub(crate) fn whole_devices(&self) -> usize {
        let registry = lock(&self.state.registry);
        let has_policy = |id: &String| {
            registry.certificates.get(id).is_some_and(|policies| !policies.is_empty())
        };
        let is_whole =
            |thing: &&Thing| !thing.groups.is_empty() && thing.certificates.iter().any(has_policy);
        registry.things.values().filter(is_whole).count()
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if !state.delay.is_zero() {
        tokio::time::sleep(state.delay).await;
    }
    if parts.method == Method::HEAD {
        // A function opens its connection so. It is no operation, and nothing is charged for it.
        return reply(StatusCode::FORBIDDEN, String::new());
    }
    let (operation, answered) = lock(&state.registry).answer(&parts, &body);
    *lock(&state.calls).entry(operation).or_default() += 1;
    let (mut reply, code) = match answered {
        Ok(body) => (reply(StatusCode::OK, body.to_string()), None),
        Err(Refusal(status, code, body)) => {
            let body = body.unwrap_or_else(|| json!({ "message": "refused" }));
            (reply(status, body.to_string()), Some(code))
        }
    };
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(code) = code {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    reply
}

impl Registry {
    /// The operation that a request is, and what comes of it.
    fn answer(&mut self, request: &Parts, body: &Bytes) -> (&'static str, Answered) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let path = request.uri.path().split('/').filter(|part| !part.is_empty());
        match (&request.method, path.collect::<Vec<_>>().as_slice()) {
            (&Method::GET, ["things", thing]) => ("DescribeThing", self.describe(thing)),
            (&Method::POST, ["things", thing]) => ("CreateThing", self.create(thing, &body)),
            (&Method::PUT, ["things", thing, "principals"]) => {
                let principal = request.headers.get("x-amzn-principal");
                let principal = principal.and_then(|arn| arn.to_str().ok()).unwrap_or_default();
                ("AttachThingPrincipal", self.attach(thing, principal))
            }
            (&Method::POST, ["certificate", "register-no-ca"]) => {
                ("RegisterCertificateWithoutCA", self.register(&body))
            }
            (&Method::PUT, ["thing-groups", "addThingToThingGroup"]) => {
                ("AddThingToThingGroup", self.join(&body))
            }
            (&Method::PUT, ["target-policies", policy]) => {
                ("AttachPolicy", self.attach_policy(policy, &body))
            }
            _ => ("another operation", Err(INVALID)),
        }
    }

    fn describe(&self, thing: &str) -> Answered {
        Ok(self.things.get(thing).ok_or(NOT_FOUND)?.described.clone())
    }

    fn create(&mut self, name: &str, body: &Value) -> Answered {
        let attributes = body.pointer("/attributePayload/attributes").cloned();
        let described = json!({
            "thingName": name,
            "thingArn": format!("{THING}{name}"),
            "thingId": name,
            "thingTypeName": body.get("thingTypeName"),
            "attributes": attributes.unwrap_or_else(|| json!({})),
            "version": 1,
        });
        let thing = self.things.entry(name.to_owned()).or_default();
        if !thing.described.is_null() && thing.described != described {
            return Err(exists(json!({ "resourceId": name })));
        }
        thing.described.clone_from(&described);
        Ok(described)
    }

    fn register(&mut self, body: &Value) -> Answered {
        let id = member(body, "certificatePem").and_then(id_of).ok_or(INVALID)?;
        let arn = format!("{CERTIFICATE}{id}");
        if self.certificates.contains_key(&id) {
            return Err(exists(json!({ "resourceId": id, "resourceArn": arn })));
        }
        let answer = json!({ "certificateId": id, "certificateArn": arn });
        self.certificates.insert(id, BTreeSet::new());
        Ok(answer)
    }

    fn attach(&mut self, thing: &str, principal: &str) -> Answered {
        let id = self.certificate(principal)?;
        self.things.get_mut(thing).ok_or(NOT_FOUND)?.certificates.insert(id);
        Ok(json!({}))
    }

    fn join(&mut self, body: &Value) -> Answered {
        let thing = member(body, "thingName").ok_or(INVALID)?;
        let group = member(body, "thingGroupName").ok_or(INVALID)?;
        self.things.get_mut(thing).ok_or(NOT_FOUND)?.groups.insert(group.to_owned());
        Ok(json!({}))
    }

    fn attach_policy(&mut self, policy: &str, body: &Value) -> Answered {
        let id = self.certificate(member(body, "target").ok_or(INVALID)?)?;
        self.certificates.entry(id).or_default().insert(policy.to_owned());
        Ok(json!({}))
    }

    fn certificate(&self, arn: &str) -> Result<String, Refusal> {
        let id = arn.strip_prefix(CERTIFICATE).ok_or(INVALID)?;
        self.certificates.contains_key(id).then(|| id.to_owned()).ok_or(NOT_FOUND)
    }
}

fn exists(resource: Value) -> Refusal {
    Refusal(StatusCode::CONFLICT, "ResourceAlreadyExistsException", Some(resource))
}

fn member<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str()
}

/// AWS IoT's id of a certificate: SHA-256 of its DER.
fn id_of(pem: &str) -> Option<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Some(format!("{:x}", Sha256::digest(BASE64_STANDARD.decode(base64).ok()?)))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
