//! Counts what AWS IoT holds, by listings.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use anyhow::Result;
use aws_sdk_iot::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
};
use tokio::time::{Instant, sleep_until};

use super::document::{Count, Kind};
use crate::{
    aws::{failure, message},
    figures::grouped,
    progress::Step,
};

/// The most that AWS IoT puts into a page.
const PAGE: i32 = 250;
/// Each operation is called this often at most: every 200 ms, half of AWS's default quota of 10 a second, so that runs
/// have the rest.
const BETWEEN_CALLS: Duration = Duration::from_millis(200);
/// A count of an hour does not fail for a few calls that were throttled or lost.
const TRIES: u32 = 8;
/// Where nothing can be drawn, a line says how far it is.
const BETWEEN_LINES: Duration = Duration::from_secs(15);

/// AWS IoT's words for denied permission.
const DENIED: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedException", "Forbidden"];

/// What a listing came to: the count, or why it may not be asked.
pub(super) type Asked = Result<Count, String>;

/// Somebody who counts.
#[derive(Debug)]
pub(super) struct Counter {
    iot: Client,
    progress: Progress,
}

/// How far it is, for whoever waits.
#[derive(Debug)]
struct Progress {
    counts: RefCell<BTreeMap<Kind, u64>>,
    step: RefCell<Step>,
    said: Cell<Instant>,
}

/// Holds one operation to its rate.
#[derive(Debug, Default)]
struct Turn {
    last: Option<Instant>,
}

impl Counter {
    pub(super) fn new(iot: &Client, step: Step) -> Self {
        let patient = RetryConfig::standard().with_max_attempts(TRIES);
        let config = iot.config().to_builder().retry_config(patient).build();
        let said = Cell::new(Instant::now());
        let progress = Progress { counts: RefCell::default(), step: RefCell::new(step), said };
        Self { iot: Client::from_conf(config), progress }
    }

    /// Counts everything, each kind beside the others: each has a quota of its own.
    pub(super) async fn all(&self) -> Result<BTreeMap<Kind, Asked>> {
        let (things, types, groups, policies, certificates) = futures::try_join!(
            self.things(),
            self.thing_types(),
            self.thing_groups(),
            self.policies(),
            self.certificates(),
        )?;
        Ok(BTreeMap::from([
            (Kind::Things, things),
            (Kind::ThingTypes, types),
            (Kind::ThingGroups, groups),
            (Kind::Policies, policies),
            (Kind::Certificates, certificates),
        ]))
    }

    async fn things(&self) -> Result<Asked> {
        let (mut count, mut next, mut turn) = (Count::default(), None, Turn::default());
        loop {
            turn.wait().await;
            let request = self.iot.list_things().max_results(PAGE).set_next_token(next);
            let page = match asked(request.send().await)? {
                Ok(page) => page,
                Err(denied) => return Ok(Err(denied)),
            };
            for thing in page.things() {
                count.add(thing.thing_type_name().unwrap_or("(no type)"));
            }
            self.progress.is_at(Kind::Things, count.total);
            next = page.next_token;
            if next.is_none() {
                return Ok(Ok(count));
            }
        }
    }

    async fn thing_types(&self) -> Result<Asked> {
        let (mut count, mut next, mut turn) = (Count::default(), None, Turn::default());
        loop {
            turn.wait().await;
            let request = self.iot.list_thing_types().max_results(PAGE).set_next_token(next);
            let page = match asked(request.send().await)? {
                Ok(page) => page,
                Err(denied) => return Ok(Err(denied)),
            };
            page.thing_types().iter().for_each(|_| count.add(""));
            self.progress.is_at(Kind::ThingTypes, count.total);
            next = page.next_token;
            if next.is_none() {
                return Ok(Ok(count));
            }
        }
    }

    /// A listing does not tell a dynamic group from a static one, so each is asked for.
    async fn thing_groups(&self) -> Result<Asked> {
        let (mut count, mut next) = (Count::default(), None);
        let (mut turn, mut each) = (Turn::default(), Turn::default());
        loop {
            turn.wait().await;
            let request = self.iot.list_thing_groups().max_results(PAGE).set_next_token(next);
            let page = match asked(request.send().await)? {
                Ok(page) => page,
                Err(denied) => return Ok(Err(denied)),
            };
            for name in page.thing_groups().iter().filter_map(|group| group.group_name()) {
                each.wait().await;
                let found = self.iot.describe_thing_group().thing_group_name(name).send().await;
                match found {
                    Ok(group) if group.query_string().is_some() => count.add("dynamic"),
                    Ok(_) => count.add("static"),
                    // It was deleted a moment ago.
                    Err(error) if error.code() == Some("ResourceNotFoundException") => {}
                    Err(error) => match asked::<(), _>(Err(error))? {
                        Ok(()) => {}
                        Err(denied) => return Ok(Err(denied)),
                    },
                }
                self.progress.is_at(Kind::ThingGroups, count.total);
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(Ok(count));
            }
        }
    }

    async fn policies(&self) -> Result<Asked> {
        let (mut count, mut next, mut turn) = (Count::default(), None, Turn::default());
        loop {
            turn.wait().await;
            let request = self.iot.list_policies().page_size(PAGE).set_marker(next);
            let page = match asked(request.send().await)? {
                Ok(page) => page,
                Err(denied) => return Ok(Err(denied)),
            };
            page.policies().iter().for_each(|_| count.add(""));
            self.progress.is_at(Kind::Policies, count.total);
            next = page.next_marker;
            if next.is_none() {
                return Ok(Ok(count));
            }
        }
    }

    async fn certificates(&self) -> Result<Asked> {
        let (mut count, mut next, mut turn) = (Count::default(), None, Turn::default());
        loop {
            turn.wait().await;
            let request = self.iot.list_certificates().page_size(PAGE).set_marker(next);
            let page = match asked(request.send().await)? {
                Ok(page) => page,
                Err(denied) => return Ok(Err(denied)),
            };
            for certificate in page.certificates() {
                count.add(certificate.status().map_or("(no status)", |status| status.as_str()));
            }
            self.progress.is_at(Kind::Certificates, count.total);
            next = page.next_marker;
            if next.is_none() {
                return Ok(Ok(count));
            }
        }
    }
}

impl Turn {
    async fn wait(&mut self) {
        if let Some(last) = self.last {
            sleep_until(last + BETWEEN_CALLS).await;
        }
        self.last = Some(Instant::now());
    }
}

impl Progress {
    fn is_at(&self, kind: Kind, count: u64) {
        self.counts.borrow_mut().insert(kind, count);
        let counts = self.counts.borrow();
        let parts: Vec<_> = counts
            .iter()
            .map(|(kind, count)| format!("{} {}", grouped(*count), kind.words()))
            .collect();
        let text = format!("Counting: {}", parts.join(", "));
        let mut step = self.step.borrow_mut();
        if self.said.get().elapsed() >= BETWEEN_LINES {
            self.said.set(Instant::now());
            step.update(&text);
        } else {
            step.moves_to(&text);
        }
    }
}

/// An answer, or the sentence of a refusal. What else went wrong ends the count: it is no fact about the account.
fn asked<T, E>(sent: Result<T, SdkError<E>>) -> Result<Result<T, String>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.code().is_some_and(|code| DENIED.contains(&code)) => {
            Ok(Err(message(&error)))
        }
        Err(error) => Err(failure(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{
        block_on,
        recorded::{Answer, serve},
    };

    const fn json(to: &'static str, body: &'static str) -> Answer {
        Answer { to, status: 200, headers: "", body }
    }

    /// What the local cloud does not play: dynamic groups, certificates on their way, several pages.
    #[test]
    fn kinds_are_counted_over_all_pages_and_a_refusal_leaves_the_others() {
        let aws = serve(vec![
            json("GET /things?nextToken=2", r#"{"things": [{"thingName": "c"}]}"#),
            json(
                "GET /things?",
                r#"{"things": [{"thingName": "a", "thingTypeName": "sensor"}, {"thingName": "b", "thingTypeName": "sensor"}],
                    "nextToken": "2"}"#,
            ),
            json("GET /thing-types", r#"{"thingTypes": [{"thingTypeName": "sensor"}]}"#),
            json(
                "GET /thing-groups/online",
                r#"{"thingGroupName": "online", "queryString": "connectivity.connected:true"}"#,
            ),
            Answer {
                to: "GET /thing-groups/gone",
                status: 404,
                headers: "x-amzn-ErrorType: ResourceNotFoundException\r\n",
                body: "{}",
            },
            json("GET /thing-groups/", r#"{"thingGroupName": "sensors"}"#),
            json(
                "GET /thing-groups?",
                r#"{"thingGroups": [{"groupName": "sensors"}, {"groupName": "online"}, {"groupName": "gone"}]}"#,
            ),
            Answer {
                to: "GET /policies",
                status: 403,
                headers: "x-amzn-ErrorType: AccessDeniedException\r\n",
                body: r#"{"message": "not authorized to perform iot:ListPolicies."}"#,
            },
            json(
                "GET /certificates",
                r#"{"certificates": [{"certificateId": "1", "status": "ACTIVE"}, {"certificateId": "2", "status": "PENDING_TRANSFER"},
                    {"certificateId": "3", "status": "REVOKED"}]}"#,
            ),
        ]);
        let counter = Counter::new(&Client::new(&aws), Step::moving(""));
        let found = block_on(counter.all()).unwrap();
        let count = |kind| {
            let count = found.get(&kind).cloned().unwrap().unwrap();
            (count.total, count.by.into_iter().collect::<Vec<_>>())
        };
        let parts = |parts: &[(&str, u64)]| {
            parts.iter().map(|(part, n)| ((*part).to_owned(), *n)).collect::<Vec<_>>()
        };
        assert_eq!(count(Kind::Things), (3, parts(&[("(no type)", 1), ("sensor", 2)])));
        assert_eq!(count(Kind::ThingTypes), (1, parts(&[])));
        assert_eq!(count(Kind::ThingGroups), (2, parts(&[("dynamic", 1), ("static", 1)])));
        assert_eq!(
            count(Kind::Certificates),
            (3, parts(&[("ACTIVE", 1), ("PENDING_TRANSFER", 1), ("REVOKED", 1)]))
        );
        let refusal = found.get(&Kind::Policies).cloned().unwrap().unwrap_err();
        assert_eq!(refusal, "not authorized to perform iot:ListPolicies (AccessDeniedException)");
    }
}
