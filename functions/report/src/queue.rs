//! The queue of the devices that did not end well.

use std::time::Duration;

use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::SendMessageBatchRequestEntry};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use crate::ReportError;

/// The most messages that SQS takes in one call, and the most bytes.
const BATCH: usize = 10;
const BATCH_BYTES: usize = 262_144;

/// Calls at a time.
const IN_FLIGHT: usize = 8;

/// What SQS did not take is sent again this often, a little later each time.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// `<stack>-failures`
#[derive(Clone, Debug)]
pub struct FailuresQueue {
    sqs: Client,
    url: String,
}

impl FailuresQueue {
    /// The queue of this address.
    pub fn new(sqs: Client, url: String) -> Self {
        Self { sqs, url }
    }

    /// Sends every message, or fails.
    pub(crate) async fn send(&self, messages: &[String]) -> Result<(), ReportError> {
        stream::iter(batches(messages))
            .map(|batch| deliver(batch, async |batch| self.call(batch).await))
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await
            .map_err(ReportError::FailuresUnsent)
    }

    /// The positions of the messages that SQS did not take, and why.
    async fn call(&self, batch: &[&String]) -> Result<Vec<Left>, String> {
        let entries = (0..).zip(batch).map(|(at, body): (usize, _)| {
            SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(*body).build()
        });
        let entries: Vec<_> =
            entries.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let sent = self.sqs.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let sent = sent.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        let left = sent
            .failed
            .into_iter()
            .map(|failed| Left { at: failed.id.parse().unwrap_or(usize::MAX), why: failed.code });
        Ok(left.collect())
    }
}

/// A message that SQS did not take.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    /// Its position in the call.
    at: usize,
    /// SQS's code.
    why: String,
}

/// The messages in their order, in parts that fit into one call each.
fn batches(messages: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH).take_while(|message| {
            bytes += message.len();
            bytes <= BATCH_BYTES
        });
        // A message that is too large by itself goes alone, and SQS says so.
        let (batch, later) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Sends a batch, and again what was not taken of it.
async fn deliver(
    batch: &[String],
    send: impl AsyncFn(&[&String]) -> Result<Vec<Left>, String>,
) -> Result<(), String> {
    let mut batch: Vec<&String> = batch.iter().collect();
    let mut why = String::new();
    for again in 0..TRIES {
        if again > 0 {
            sleep(PAUSE * again).await;
        }
        let left = send(&batch).await?;
        let Some(first) = left.first() else { return Ok(()) };
        why.clone_from(&first.why);
        let again: Option<_> = left.iter().map(|left| batch.get(left.at).copied()).collect();
        batch = again.ok_or("SQS names a message that it was not sent")?;
    }
    Err(format!("SQS did not take {} of the messages: {why}", batch.len()))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[track_caller]
    fn check(lengths: &[usize], expected: &[usize]) {
        let messages: Vec<_> = lengths.iter().map(|length| "x".repeat(*length)).collect();
        let parts = batches(&messages);
        assert_eq!(parts.iter().map(|batch| batch.len()).collect::<Vec<_>>(), expected);
        assert_eq!(parts.concat(), messages, "all of them, in their order");
    }

    #[test]
    fn a_call_has_at_most_ten_messages_and_256_kib() {
        check(&[], &[]);
        check(&[1; 10], &[10]);
        check(&[1; 21], &[10, 10, 1]);
        check(&[131_072, 131_072, 1], &[2, 1]);
        check(&[262_144, 1], &[1, 1]);
        check(&[262_145, 1], &[1, 1]);
    }

    /// The calls that it takes where SQS leaves these positions of each call behind.
    async fn calls(left: &[&[usize]]) -> (Vec<Vec<String>>, Result<(), String>) {
        let messages = ["a", "b", "c"].map(str::to_owned);
        let calls = RefCell::new(Vec::new());
        let result = deliver(&messages, async |batch| {
            let texts: Vec<String> = batch.iter().map(|message| (*message).clone()).collect();
            let number = calls.borrow().len();
            calls.borrow_mut().push(texts);
            let left = left.get(number).copied().unwrap_or_default().iter();
            Ok(left.map(|at| Left { at: *at, why: "InternalError".to_owned() }).collect())
        })
        .await;
        (calls.into_inner(), result)
    }

    #[tokio::test]
    async fn what_sqs_does_not_take_is_sent_again_and_nothing_else() {
        let (made, result) = calls(&[&[0, 2], &[1]]).await;
        assert_eq!(made, [vec!["a", "b", "c"], vec!["a", "c"], vec!["c"]]);
        assert_eq!(result, Ok(()));
    }

    #[tokio::test]
    async fn what_sqs_never_takes_is_an_error() {
        let (made, result) = calls(&[&[1], &[0], &[0], &[0]]).await;
        assert_eq!(made.len(), 4);
        assert_eq!(result, Err("SQS did not take 1 of the messages: InternalError".to_owned()));
    }
}
