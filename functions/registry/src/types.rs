//! The thing types that devices name themselves, as far as they were asked for.

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use crate::{
    Call, CallError, CallErrorKind, ForeseenCalls, Reason, Registry, call::classify, decide::Halt,
    device::Change,
};

/// The thing types that devices named and that were asked for.
#[derive(Debug, Default)]
pub struct Types(Mutex<BTreeMap<String, State>>);

/// How a thing type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Usable,
    Deprecated,
    Absent,
}

impl Types {
    /// Whether a thing can get the type that its device names. Preflight has looked at the profile's.
    pub(crate) async fn check(
        &self,
        registry: &Registry,
        change: &Change,
        own: &str,
        calls: &mut ForeseenCalls,
    ) -> Result<(), Halt> {
        let (call, thing) = match change {
            Change::Create(thing) => (Call::CreateThing, thing),
            Change::Update { thing, .. } => (Call::UpdateThing, thing),
        };
        if thing.thing_type.as_deref() != Some(own) {
            return Ok(());
        }
        let refusal = match self.state(registry, own).await? {
            State::Usable => return Ok(()),
            State::Absent => Reason::NoSuchType { name: own.to_owned() },
            State::Deprecated => Reason::Refused {
                call,
                code: "InvalidRequestException".to_owned(),
                message: format!("the thing type `{own}` is deprecated: no new thing can have it"),
            },
        };
        calls.add(call);
        Err(refusal.into())
    }

    /// Each type is asked for once: the others wait.
    async fn state(&self, registry: &Registry, name: &str) -> Result<State, Halt> {
        let mut known = self.0.lock().await;
        if let Some(state) = known.get(name) {
            return Ok(*state);
        }
        let state = ask(registry, name).await?;
        known.insert(name.to_owned(), state);
        Ok(state)
    }
}

/// It is not paced: few devices have a type of their own, and each type is asked for once.
async fn ask(registry: &Registry, name: &str) -> Result<State, CallError> {
    let sent = registry.iot().describe_thing_type().thing_type_name(name).send().await;
    match sent.map_err(|error| classify(Call::DescribeThingType, error)) {
        Ok(found) => Ok(match found.thing_type_metadata {
            Some(metadata) if metadata.deprecated => State::Deprecated,
            _ => State::Usable,
        }),
        Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(State::Absent),
        Err(error) => Err(error),
    }
}
