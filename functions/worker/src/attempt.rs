//! A step on one device, as far as time allows.

use ledger::clock;
use registry::{CallError, Reason};
use tokio::time::Instant;

/// What a step on one device came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Attempt<T> {
    Ended(T),
    /// The device is to be taken up again.
    Again(Reason),
    /// It would fail again.
    Failed(Reason),
}

/// Runs `task`, as far as the function's time allows. With a small share of the rates, most of a
/// device's time is spent waiting for tokens.
pub(crate) async fn unless_late<T>(
    until: Instant,
    task: impl Future<Output = Result<T, CallError>>,
) -> Attempt<T> {
    if clock::now() >= until {
        return Attempt::Again(Reason::OutOfTime);
    }
    // Boxed, because a task holds the state of every call, and would be here twice.
    match clock::by(until, Box::pin(task)).await {
        None => Attempt::Again(Reason::OutOfTime),
        Some(Ok(ended)) => Attempt::Ended(ended),
        Some(Err(error)) if error.kind.is_passing() => Attempt::Again(error.into()),
        Some(Err(error)) => Attempt::Failed(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        time::Duration,
    };

    use registry::{Call, CallErrorKind};

    use super::*;

    #[tokio::test]
    async fn a_device_that_waits_too_long_for_its_tokens_is_taken_up_again() {
        let until = Instant::now() + Duration::from_millis(5);
        assert_eq!(unless_late::<()>(until, pending()).await, Attempt::Again(Reason::OutOfTime));
        assert_eq!(
            unless_late(until, ready(Ok(()))).await,
            Attempt::Again(Reason::OutOfTime),
            "nothing is begun late"
        );
    }

    #[tokio::test]
    async fn only_what_can_succeed_later_is_taken_up_again() {
        let until = Instant::now() + Duration::from_mins(10);
        let fail = async |kind| {
            let error = CallError { call: Call::CreateThing, kind };
            unless_late::<()>(until, ready(Err(error))).await
        };
        let call = Call::CreateThing;
        assert_eq!(
            fail(CallErrorKind::Throttled).await,
            Attempt::Again(Reason::Throttled { call })
        );
        assert_eq!(fail(CallErrorKind::NotFound).await, Attempt::Failed(Reason::NotFound { call }));
    }
}
