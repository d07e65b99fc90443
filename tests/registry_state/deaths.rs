//! A process that dies at a call to AWS IoT.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use aws_sdk_iot::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
        },
    },
    error::BoxError,
};
use serde_json::Value;

/// When the process dies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    /// At this call, counted from 0.
    pub(crate) call: usize,
    pub(crate) when: When,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// The call never leaves.
    Before,
    /// The call takes effect, and nobody reads the answer.
    After,
}

/// The wire between a process and AWS IoT. It goes with the process.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    death: Option<Death>,
    /// AWS IoT makes no thing with more than three attributes at once, even where it has a type.
    few_attributes_at_once: bool,
    calls: Arc<AtomicUsize>,
    dead: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) fn new(death: Option<Death>, few_attributes_at_once: bool) -> Self {
        Self { death, few_attributes_at_once, calls: Arc::default(), dead: Arc::default() }
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

fn dead() -> BoxError {
    "the process is dead".into()
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.is_dead() {
            return Err(dead());
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.death.filter(|death| death.call == call) {
            Some(Death { when: When::Before, .. }) => {
                self.dead.store(true, Ordering::SeqCst);
                return Err(dead());
            }
            Some(Death { when: When::After, .. }) => self.dead.store(true, Ordering::SeqCst),
            None => {}
        }
        let request = context.request_mut();
        let body = request.body().bytes().unwrap_or_default();
        if self.few_attributes_at_once && request.method() == "POST" && attributes_in(body) > 3 {
            // The local cloud answers InvalidRequestException to a path that nobody has.
            let nobodys = format!("{}/of/nobody", request.uri());
            request.set_uri(nobodys)?;
        }
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.is_dead() { Err(dead()) } else { Ok(()) }
    }
}

/// How many attributes a `CreateThing` is to give.
fn attributes_in(body: &[u8]) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let attributes = body.pointer("/attributePayload/attributes").and_then(Value::as_object);
    attributes.map_or(0, serde_json::Map::len)
}
