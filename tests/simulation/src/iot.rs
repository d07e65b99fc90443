//! AWS IoT's registry in memory, with quotas.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Mutex,
    time::Duration,
};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use ledger::Rates;
use serde_json::{Value, json};

use crate::{
    played::Calls,
    quota::Quota,
    random::Random,
    wire::{Answer, Service, lock, path_and_query},
};

/// Milliseconds of a call.
const LATENCY: Range<f64> = 20.0..80.0;

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:cert/";

/// The registry of an account.
#[derive(Debug)]
pub(crate) struct Iot {
    begun: f64,
    random: Random,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    quotas: BTreeMap<&'static str, Quota>,
    calls: BTreeMap<&'static str, Calls>,
    /// What is attached to each thing.
    things: HashMap<String, Vec<String>>,
    certificates: HashMap<String, Certificate>,
    in_groups: u64,
}

#[derive(Debug, Default)]
struct Certificate {
    active: bool,
    things: Vec<String>,
    policies: Vec<String>,
}

impl Certificate {
    const fn status(&self) -> &'static str {
        if self.active { "ACTIVE" } else { "INACTIVE" }
    }
}

/// What there is of devices that are whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) policies: u64,
    pub(crate) things: u64,
    pub(crate) groups: u64,
    pub(crate) active: u64,
}

impl Iot {
    /// An empty account with these quotas.
    pub(crate) fn new(quotas: &Rates, seed: u64) -> Self {
        let quotas = quotas.by_call().into_iter();
        let quotas = quotas.map(|rate| (rate.call, Quota::full(rate.calls_a_second)));
        Self {
            begun: ledger::seconds_of_epoch(),
            random: Random::new(seed),
            state: Mutex::new(State { quotas: quotas.collect(), ..State::default() }),
        }
    }

    /// A certificate that was registered before, and is inactive.
    pub(crate) fn add_inactive(&self, id: &str) {
        lock(&self.state).certificates.insert(id.to_owned(), Certificate::default());
    }

    /// Seconds since the account was made.
    pub(crate) fn seconds(&self) -> f64 {
        ledger::seconds_of_epoch() - self.begun
    }

    /// The calls of each operation.
    pub(crate) fn calls(&self) -> BTreeMap<&'static str, Calls> {
        lock(&self.state).calls.clone()
    }

    pub(crate) fn attached(&self) -> Attached {
        let state = lock(&self.state);
        let certificates = || state.certificates.values();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Attached {
            policies: certificates().map(|certificate| count(certificate.policies.len())).sum(),
            things: certificates().map(|certificate| count(certificate.things.len())).sum(),
            groups: state.in_groups,
            active: count(certificates().filter(|certificate| certificate.active).count()),
        }
    }
}

impl Service for Iot {
    fn latency(&self) -> Duration {
        self.random.milliseconds(LATENCY)
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        let seconds = self.seconds();
        let (path, _) = path_and_query(request);
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut state = lock(&self.state);
        let Some((operation, act)) = operation(request.method(), &segments) else {
            return refused(400, "InvalidRequestException");
        };
        let admits = state.quotas.get_mut(operation).is_none_or(|quota| quota.admits(seconds));
        let calls = state.calls.entry(operation).or_default();
        if !admits {
            calls.throttled.push(seconds);
            return refused(400, "ThrottlingException");
        }
        calls.admitted.push(seconds);
        act(&mut state, &segments, request)
            .unwrap_or_else(|| refused(404, "ResourceNotFoundException"))
    }
}

type Act = fn(&mut State, &[&str], &HttpRequest) -> Option<Answer>;

fn operation(method: &str, segments: &[&str]) -> Option<(&'static str, Act)> {
    let found: (_, Act) = match (method, segments) {
        ("GET", ["things", _]) => ("DescribeThing", describe_thing),
        ("POST", ["things", _]) => ("CreateThing", create_thing),
        ("GET", ["things", _, "principals"]) => ("ListThingPrincipals", thing_principals),
        ("PUT", ["things", _, "principals"]) => ("AttachThingPrincipal", attach_principal),
        ("POST", ["certificate", "register-no-ca"]) => ("RegisterCertificateWithoutCA", register),
        ("GET", ["certificates", _]) => ("DescribeCertificate", describe_certificate),
        ("PUT", ["certificates", _]) => ("UpdateCertificate", activate),
        ("GET", ["principals", "things"]) => ("ListPrincipalThings", principal_things),
        ("PUT", ["thing-groups", "addThingToThingGroup"]) => ("AddThingToThingGroup", join),
        ("PUT", ["target-policies", _]) => ("AttachPolicy", attach_policy),
        ("POST", ["attached-policies", ..]) => ("ListAttachedPolicies", attached_policies),
        _ => return None,
    };
    Some(found)
}

fn describe_thing(state: &mut State, segments: &[&str], _: &HttpRequest) -> Option<Answer> {
    let name = *segments.get(1)?;
    state.things.get(name)?;
    Some(ok(&json!({ "thingName": name, "attributes": {}, "version": 1 })))
}

fn create_thing(state: &mut State, segments: &[&str], _: &HttpRequest) -> Option<Answer> {
    let name = *segments.get(1)?;
    state.things.entry(name.to_owned()).or_default();
    Some(ok(&json!({ "thingName": name })))
}

fn thing_principals(state: &mut State, segments: &[&str], _: &HttpRequest) -> Option<Answer> {
    let principals = state.things.get(*segments.get(1)?)?;
    Some(ok(&json!({ "principals": principals })))
}

fn principal_things(state: &mut State, _: &[&str], request: &HttpRequest) -> Option<Answer> {
    let id = id_of(request.headers().get("x-amzn-principal")?)?;
    Some(ok(&json!({ "things": state.certificates.get(id)?.things })))
}

fn attach_principal(state: &mut State, segments: &[&str], request: &HttpRequest) -> Option<Answer> {
    let arn = request.headers().get("x-amzn-principal")?;
    let name = *segments.get(1)?;
    state.certificates.get_mut(id_of(arn)?)?.things.push(name.to_owned());
    state.things.get_mut(name)?.push(arn.to_owned());
    Some(ok(&json!({})))
}

fn register(state: &mut State, _: &[&str], request: &HttpRequest) -> Option<Answer> {
    let body = body(request)?;
    let id = body.get("certificatePem")?.as_str()?.lines().nth(1)?.to_owned();
    let active = body.get("status").and_then(Value::as_str) == Some("ACTIVE");
    let answer = json!({ "certificateArn": format!("{ARN}{id}"), "certificateId": id });
    let existed = state.certificates.insert(id, Certificate { active, ..Certificate::default() });
    Some(if existed.is_some() {
        refused(409, "ResourceAlreadyExistsException")
    } else {
        ok(&answer)
    })
}

fn describe_certificate(state: &mut State, segments: &[&str], _: &HttpRequest) -> Option<Answer> {
    let id = *segments.get(1)?;
    let description = json!({
        "certificateArn": format!("{ARN}{id}"),
        "certificateId": id,
        "status": state.certificates.get(id)?.status(),
        "creationDate": 1_700_000_000,
    });
    Some(ok(&json!({ "certificateDescription": description })))
}

fn activate(state: &mut State, segments: &[&str], request: &HttpRequest) -> Option<Answer> {
    let certificate = state.certificates.get_mut(*segments.get(1)?)?;
    certificate.active = path_and_query(request).1.contains("newStatus=ACTIVE");
    Some(ok(&json!({})))
}

fn join(state: &mut State, _: &[&str], request: &HttpRequest) -> Option<Answer> {
    let body = body(request)?;
    state.things.get(body.get("thingName")?.as_str()?)?;
    state.in_groups += 1;
    Some(ok(&json!({})))
}

fn attach_policy(state: &mut State, segments: &[&str], request: &HttpRequest) -> Option<Answer> {
    let body = body(request)?;
    let certificate = state.certificates.get_mut(id_of(body.get("target")?.as_str()?)?)?;
    certificate.policies.push((*segments.get(1)?).to_owned());
    Some(ok(&json!({})))
}

fn attached_policies(state: &mut State, segments: &[&str], _: &HttpRequest) -> Option<Answer> {
    // The ARN's slash is escaped, or it is not.
    let id = segments.last()?.rsplit("%2F").next()?;
    let policies = &state.certificates.get(id)?.policies;
    let policies: Vec<_> = policies.iter().map(|name| json!({ "policyName": name })).collect();
    Some(ok(&json!({ "policies": policies })))
}

fn id_of(arn: &str) -> Option<&str> {
    Some(arn.rsplit_once('/')?.1)
}

fn body(request: &HttpRequest) -> Option<Value> {
    serde_json::from_slice(request.body().bytes()?).ok()
}

fn ok(body: &Value) -> Answer {
    Answer { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
}

fn refused(status: u16, code: &str) -> Answer {
    let headers = vec![("x-amzn-errortype", code.to_owned())];
    Answer { status, headers, body: br#"{"message":"refused"}"#.to_vec() }
}
