//! Spans that are open, and those that this thread is in.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use tracing::span::Id;

thread_local! {
    /// The span entered last comes last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug, Default)]
pub(super) struct Spans(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    last: u64,
    spans: HashMap<u64, Span>,
}

#[derive(Debug)]
struct Span {
    parent: Option<Id>,
    fields: Map<String, Value>,
    /// How often it is held; a child holds its parent.
    held: usize,
}

impl Spans {
    pub(super) fn open(&self, parent: Option<Id>, fields: Map<String, Value>) -> Id {
        if let Some(parent) = &parent {
            self.hold(parent);
        }
        let mut open = self.lock();
        // 0 is no identifier.
        open.last += 1;
        let id = open.last;
        open.spans.insert(id, Span { parent, fields, held: 1 });
        Id::from_u64(id)
    }

    pub(super) fn add(&self, id: &Id, fields: Map<String, Value>) {
        if let Some(span) = self.lock().spans.get_mut(&id.into_u64()) {
            span.fields.extend(fields);
        }
    }

    pub(super) fn hold(&self, id: &Id) {
        if let Some(span) = self.lock().spans.get_mut(&id.into_u64()) {
            span.held += 1;
        }
    }

    /// Whether nobody holds it any more, so that it is closed.
    pub(super) fn release(&self, id: &Id) -> bool {
        let mut open = self.lock();
        let Some(span) = open.spans.get_mut(&id.into_u64()) else { return false };
        span.held -= 1;
        if span.held > 0 {
            return false;
        }
        let parent = open.spans.remove(&id.into_u64()).and_then(|span| span.parent);
        drop(open);
        if let Some(parent) = parent {
            self.release(&parent);
        }
        true
    }

    pub(super) fn enter(id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.clone()));
    }

    pub(super) fn exit(id: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(place) = entered.iter().rposition(|other| other == id) {
                entered.remove(place);
            }
        });
    }

    pub(super) fn current() -> Option<Id> {
        ENTERED.with_borrow(|entered| entered.last().cloned())
    }

    /// A span's fields and those of the spans around it, the outermost first; of the current one
    /// where none is given.
    pub(super) fn around(&self, id: Option<&Id>) -> Vec<Value> {
        let open = self.lock();
        let mut around = Vec::new();
        let mut next = id.cloned().or_else(Self::current);
        while let Some(span) = next.as_ref().and_then(|id| open.spans.get(&id.into_u64())) {
            around.push(Value::Object(span.fields.clone()));
            next.clone_from(&span.parent);
        }
        around.reverse();
        around
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing in here is left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
