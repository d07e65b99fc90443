//! Runs futures in simulated time.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use anyhow::{Result, bail};
use ledger::clock::simulated::Simulated;

/// What `future` comes to. Whenever nobody can go on, the clock moves to the next moment that somebody
/// waits for.
pub(crate) fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let clock = Simulated::begin();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        if !woken.0.swap(false, Ordering::Relaxed) && !clock.advance() {
            bail!("everybody waits, and nothing is to come");
        }
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ledger::clock;

    use super::*;

    #[test]
    fn an_hour_takes_no_time() {
        let begun = Instant::now();
        let waited = run(async {
            let begun = clock::now();
            let hour = clock::sleep(Duration::from_hours(1));
            futures::join!(hour, clock::sleep(Duration::from_secs(1)));
            Ok(clock::now() - begun)
        });
        assert_eq!(waited.unwrap(), Duration::from_hours(1));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn whoever_waits_for_nothing_is_found() {
        let stuck = run(std::future::pending::<Result<()>>());
        assert_eq!(stuck.unwrap_err().to_string(), "everybody waits, and nothing is to come");
    }
}
