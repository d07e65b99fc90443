//! A clock that stands still until somebody moves it to the next moment for which somebody waits.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Clock {
    now: Instant,
    wall: SystemTime,
    /// Who waits, by when it is due and the order of asking.
    waiting: BTreeMap<(Instant, u64), Waker>,
    asked: u64,
}

/// While it lives, time on this thread moves only by [`advance`](Self::advance).
#[derive(Debug)]
pub struct Simulated(PhantomData<*const ()>);

impl Simulated {
    /// Stops the clock of this thread.
    pub fn begin() -> Self {
        let clock = Clock {
            now: Instant::now(),
            wall: SystemTime::now(),
            waiting: BTreeMap::new(),
            asked: 0,
        };
        CLOCK.set(Some(clock));
        Self(PhantomData)
    }

    /// Moves the clock to the next moment that somebody waits for, and wakes them; false where nobody waits.
    pub fn advance(&self) -> bool {
        let woken = with(|clock| {
            let ((due, _), waker) = clock.waiting.pop_first()?;
            clock.pass(due.saturating_duration_since(clock.now));
            Some(waker)
        });
        // Not while the clock is borrowed: who is woken may ask it.
        woken.flatten().map(Waker::wake).is_some()
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        CLOCK.set(None);
    }
}

impl Clock {
    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.wall += time;
    }
}

/// The simulated time of this thread, where it is simulated.
pub(super) fn time() -> Option<(Instant, SystemTime)> {
    with(|clock| (clock.now, clock.wall))
}

fn with<T>(use_it: impl FnOnce(&mut Clock) -> T) -> Option<T> {
    CLOCK.with_borrow_mut(|clock| clock.as_mut().map(use_it))
}

/// Waits for a simulated moment.
#[derive(Debug)]
pub(super) struct Sleep {
    due: Instant,
    asked: Option<u64>,
}

impl Sleep {
    pub(super) const fn until(due: Instant) -> Self {
        Self { due, asked: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let due = self.due;
        let asked = self.asked;
        let waits = with(|clock| {
            if clock.now >= due {
                return None;
            }
            let asked = asked.unwrap_or_else(|| {
                clock.asked += 1;
                clock.asked
            });
            clock.waiting.insert((due, asked), context.waker().clone());
            Some(asked)
        });
        match waits.flatten() {
            Some(asked) => {
                self.asked = Some(asked);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(asked) = self.asked {
            with(|clock| clock.waiting.remove(&(self.due, asked)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::clock;

    #[test]
    fn a_simulated_clock_moves_only_to_what_somebody_waits_for() {
        let simulated = Simulated::begin();
        let (begun, wall) = (clock::now(), clock::wall());
        let hour = Duration::from_hours(1);
        let mut context = Context::from_waker(Waker::noop());
        let mut sleep = pin!(clock::sleep(hour));
        let mut late = pin!(clock::by(begun + hour / 2, std::future::pending::<()>()));
        {
            let mut left = Box::pin(clock::sleep(hour / 4));
            assert_eq!(left.as_mut().poll(&mut context), Poll::Pending);
        }
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(late.as_mut().poll(&mut context), Poll::Pending);
        assert!(simulated.advance());
        assert_eq!(clock::now() - begun, hour / 2, "nobody waits any more for what was left");
        assert_eq!(late.as_mut().poll(&mut context), Poll::Ready(None));
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Pending);
        assert!(simulated.advance());
        assert_eq!(clock::wall(), wall + hour, "the clock on the wall goes along");
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Ready(()));
        assert!(!simulated.advance());
        drop(simulated);
        assert!(clock::now() < begun + hour, "then the time is the real one again");
    }
}
