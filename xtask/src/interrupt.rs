//! Ctrl-C, for a command that looks on while something goes on in the cloud.
//!
//! Whoever presses it wants to know what it did not end. So work that is looked on at is dropped, which leaves nothing
//! half written, and the command ends with a sentence and status 130, as shells expect. Where nobody waits for
//! Ctrl-C, and when it is pressed again, the process ends at once.

use std::{
    process,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
};

use anyhow::Result;
use signal_hook::{consts::SIGINT, iterator::Signals};
use tokio::sync::oneshot;

use crate::advice;

/// What a shell makes of a process that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// What goes on in the cloud without the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GoesOn {
    sentence: String,
    hint: Option<String>,
}

impl GoesOn {
    /// A run, which is an execution of this ARN. `option` is how the command line names the stack.
    pub(crate) fn run(name: &str, arn: &str, option: &str) -> Self {
        Self::with_hint(
            format!("the run `{name}` goes on in the cloud, and reports at its end"),
            format!(
                "look again: cargo xtask watch {name} {option}; \
                 stop it: aws stepfunctions stop-execution --execution-arn {arn}"
            ),
        )
    }

    /// A sentence, and how to look again or to stop it.
    pub(crate) fn with_hint(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: Some(hint.into()) }
    }
}

impl From<String> for GoesOn {
    fn from(sentence: String) -> Self {
        Self { sentence, hint: None }
    }
}

impl From<&str> for GoesOn {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

/// The end of `work`; where Ctrl-C is pressed before, an error that says what goes on without it.
pub(crate) fn or<T, G: Into<GoesOn>>(
    work: impl Future<Output = Result<T>>,
    goes_on: impl FnOnce() -> G,
) -> impl Future<Output = Result<T>> {
    // Whoever follows something has a large future.
    let work = Box::pin(work);
    async move {
        let Some(pressed) = listen() else { return work.await };
        tokio::select! {
            biased;
            ended = work => ended,
            Ok(()) = pressed => {
                let GoesOn { sentence, hint } = goes_on().into();
                Err(advice::with_status(sentence, hint, INTERRUPTED))
            }
        }
    }
}

/// Who waits for Ctrl-C. Tests follow several runs in one process.
#[derive(Debug, Default)]
struct Waiting(Mutex<Vec<oneshot::Sender<()>>>);

static WAITING: Waiting = Waiting(Mutex::new(Vec::new()));

impl Waiting {
    fn join(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whose work has ended does not wait any more.
        waiting.retain(|other| !other.is_closed());
        waiting.push(sender);
        receiver
    }

    /// Tells all who wait; returns whether there was somebody.
    fn tell(&self) -> bool {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // No short cut: each of them is to be told.
        waiting.into_iter().filter_map(|sender| sender.send(()).ok()).count() > 0
    }
}

/// Resolves when Ctrl-C is pressed; none where the system lets nobody listen, and the process simply ends.
fn listen() -> Option<oneshot::Receiver<()>> {
    static LISTENS: OnceLock<bool> = OnceLock::new();
    let listens = LISTENS.get_or_init(|| {
        let Ok(mut signals) = Signals::new([SIGINT]) else { return false };
        let pass_on = move || {
            for _ in signals.forever() {
                if !WAITING.tell() {
                    process::exit(i32::from(INTERRUPTED));
                }
            }
        };
        thread::Builder::new().name("ctrl-c".to_owned()).spawn(pass_on).is_ok()
    });
    listens.then(|| WAITING.join())
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::{GoesOn, INTERRUPTED, Waiting, or};
    use crate::{
        advice::{exit_status, hints},
        aws::block_on,
    };

    #[test]
    fn work_that_ends_ends_the_wait() {
        let ended = block_on(or(async { Ok(7) }, || "nothing goes on")).unwrap();
        assert_eq!(ended, 7);
    }

    #[test]
    fn ctrl_c_ends_the_command_and_says_what_goes_on() {
        let work = or(pending::<anyhow::Result<()>>(), || {
            GoesOn::run("r-1", "arn:aws:states:::execution:m:r-1", "--stack acme")
        });
        let press = async {
            // The first look at the work has begun to listen.
            tokio::task::yield_now().await;
            signal_hook::low_level::raise(signal_hook::consts::SIGINT)?;
            Ok(())
        };
        let (ended, pressed) = block_on(async { Ok(tokio::join!(work, press)) }).unwrap();
        let (error, ()) =
            (ended.unwrap_err(), pressed.unwrap_or_else(|error: std::io::Error| panic!("{error}")));
        assert_eq!(error.to_string(), "the run `r-1` goes on in the cloud, and reports at its end");
        assert_eq!(exit_status(&error), Some(INTERRUPTED));
        assert!(hints(&error).concat().contains("cargo xtask watch r-1 --stack acme"));
    }

    #[test]
    fn all_who_wait_are_told_and_nobody_twice() {
        let waiting = Waiting::default();
        assert!(!waiting.tell(), "nobody waits yet");
        let (mut first, second, mut third) = (waiting.join(), waiting.join(), waiting.join());
        drop(second);
        assert!(waiting.tell());
        assert_eq!((first.try_recv(), third.try_recv()), (Ok(()), Ok(())));
        assert!(!waiting.tell(), "pressed again, it ends the process");
    }
}
