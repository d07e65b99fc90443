//! Work on all cores whose results come in order.

use std::{num::NonZero, sync::mpsc::sync_channel, thread};

use anyhow::{Result, anyhow};

/// How many results a worker may be ahead, which bounds the memory.
const AHEAD: usize = 64;
/// More workers make what one writer cannot take.
const MOST_WORKERS: usize = 8;

/// Makes `count` things on all cores, and hands them over in their order while they are made.
pub(super) fn in_order<T: Send, R>(
    count: u64,
    make: impl Fn(u64) -> Result<T> + Sync,
    take: impl FnOnce(&mut dyn Iterator<Item = Result<T>>) -> Result<R>,
) -> Result<R> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS);
    thread::scope(|scope| {
        let make = &make;
        let mut lanes = Vec::new();
        for first in (0..count).take(workers) {
            let (sender, lane) = sync_channel(AHEAD);
            scope.spawn(move || {
                for index in (first..count).step_by(workers) {
                    if sender.send(make(index)).is_err() {
                        // Nobody takes any more.
                        break;
                    }
                }
            });
            lanes.push(lane);
        }
        let mut things = (0..count).zip(lanes.iter().cycle()).map(|(index, lane)| {
            lane.recv().unwrap_or_else(|_| Err(anyhow!("no worker made number {index}")))
        });
        take(&mut things)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Result, bail};

    use super::in_order;

    #[test]
    fn the_order_is_kept() {
        for count in [0, 1, 2, 3, 1_000] {
            let squares =
                in_order(count, |n| Ok(n * n), |things| things.collect::<Result<Vec<_>>>());
            assert_eq!(squares.unwrap(), (0..count).map(|n| n * n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn who_takes_no_more_is_not_waited_for() {
        let first = in_order(1_000_000, Ok, |things| things.next().unwrap());
        assert_eq!(first.unwrap(), 0);
    }

    #[test]
    fn an_error_is_handed_over_in_its_place() {
        let make = |n| if n == 7 { bail!("number seven") } else { Ok(n) };
        let result = in_order(20, make, |things| Ok(things.take_while(Result::is_ok).count()));
        assert_eq!(result.unwrap(), 7);
    }
}
