//! What the functions' roles allow is what their work needs: nothing less, and nothing more.
//!
//! The grants are taken from the deployed roles themselves. For each action of each statement,
//! [`scenario`] names a piece of work that needs it: with the whole role it ends as it should, and
//! without the action it must not. So a grant that nothing needs cannot stay, and one that is
//! added needs work that shows why.

mod refusals;
mod role;
mod scenario;

use std::{collections::HashSet, env};

use infra::FUNCTIONS;
use role::Role;
use scenario::{Scenario, WORLD, scenario};

use crate::world::{Making, STACK, World, tell};

/// What the local cloud does not check, by statement and action: it lets everything pass, also without the grant.
const UNCHECKED: [(&str, &str); 5] = [
    // A put with tags is a plain put there.
    ("*", "s3:PutObjectTagging"),
    // It says of an absent key that it is absent, also to a caller who may not list.
    ("TellGoneFiles", "s3:ListBucket"),
    ("TellAbsentRunFiles", "s3:ListBucket"),
    // It writes a function's log itself.
    ("WriteOwnLog", "logs:CreateLogStream"),
    ("WriteOwnLog", "logs:PutLogEvents"),
];

/// Every so many actions one is tried; all are by `cargo xtask test --iam-complete`.
const SAMPLE: usize = 8;

/// One action of one statement of one role.
struct Grant {
    function: &'static str,
    sid: String,
    action: String,
}

impl Grant {
    /// The work that fails without it; none where the local cloud does not check it.
    fn scenario(&self) -> Option<Scenario> {
        let Self { function, sid, action } = self;
        let unchecked = UNCHECKED
            .iter()
            .any(|(of, unchecked)| unchecked == action && (*of == "*" || of == sid));
        if unchecked {
            return None;
        }
        let scenario = scenario(function, sid, action);
        Some(scenario.unwrap_or_else(|| {
            panic!("nothing in `scenario` shows why {function} may {action} ({sid})")
        }))
    }
}

async fn grants(world: &World) -> Vec<Grant> {
    let mut grants = Vec::new();
    for function in FUNCTIONS {
        let role = Role::of(world, function).await;
        for (sid, action) in role.allowed() {
            grants.push(Grant { function, sid, action });
        }
    }
    grants
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_every_function_is_needed() {
    let world = Making::with(WORLD).waiting("0.005").world().await;
    let cases: Vec<(Grant, Scenario)> = grants(&world)
        .await
        .into_iter()
        .filter_map(|grant| grant.scenario().map(|scenario| (grant, scenario)))
        .collect();
    let complete = env::var_os("THINGPRESS_IAM_COMPLETE").is_some();
    let step = if complete { 1 } else { SAMPLE };

    let mut whole = HashSet::new();
    let mut superfluous = Vec::new();
    let mut tried = 0;
    for (number, (grant, scenario)) in cases.iter().enumerate().step_by(step) {
        let Grant { function, sid, action } = grant;
        if whole.insert(*scenario) {
            let ended = scenario.carry_out(&world, 1_000 + number).await;
            assert_eq!(ended, scenario.expected(), "{scenario:?} with the whole roles");
        }
        let role = Role::of(&world, function).await;
        role.put_without(&world, sid, action).await;
        let ended = scenario.carry_out(&world, number).await;
        role.put(&world).await;
        if ended == scenario.expected() {
            superfluous.push(format!("{function} {sid} {action} ({scenario:?})"));
        }
        tried += 1;
    }
    tell(&format!("{tried} of {} actions of {STACK}'s functions were taken away", cases.len()));
    assert!(superfluous.is_empty(), "nothing failed without:\n  {}", superfluous.join("\n  "));
}
