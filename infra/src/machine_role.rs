//! What a state machine's role must allow, derived from the machine's definition.
//!
//! The local cloud does not enforce the roles of machines, so the actions that AWS documents for
//! each integration stand in a table here, and an integration that the table does not know is
//! refused.

use serde_json::Value;

use crate::constructs::bucket::{DECRYPT, ENCRYPT};
use crate::constructs::function::Function;
use crate::constructs::machine::Target;
use crate::constructs::role::Grant;
use crate::intrinsics::arn;
use crate::template::references::placeholders;
use crate::values::{at, members};

const INVOKE_FUNCTION: &str = "arn:aws:states:::lambda:invoke";
const START_EXECUTION: &str = "arn:aws:states:::states:startExecution";
const PUBLISH: &str = "arn:aws:states:::sns:publish";
const PUT_EVENTS: &str = "arn:aws:states:::events:putEvents";
const SEND_MESSAGE: &str = "arn:aws:states:::sqs:sendMessage";
const READ_ITEMS: &str = "arn:aws:states:::s3:getObject";
const WRITE_RESULTS: &str = "arn:aws:states:::s3:putObject";

/// The documented actions of each integration, under the name of the statement that they stand in.
fn documented(integration: &str) -> Option<(&'static str, &'static [&'static str])> {
    Some(match integration {
        INVOKE_FUNCTION => ("InvokeFunctions", &["lambda:InvokeFunction"]),
        START_EXECUTION => ("StartMachines", &["states:StartExecution"]),
        PUBLISH => ("PublishNotices", &["sns:Publish"]),
        PUT_EVENTS => ("PutEvents", &["events:PutEvents"]),
        SEND_MESSAGE => ("SendMessages", &["sqs:SendMessage"]),
        READ_ITEMS => ("ReadItems", &["s3:GetObject"]),
        WRITE_RESULTS => (
            "WriteResults",
            &[
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
        ),
        _ => return None,
    })
}

/// What SNS asks of whoever publishes to an encrypted topic, on the topic's key.
const ENCRYPT_NOTICES: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// The grants that a machine of this name and definition needs, or what cannot be derived.
pub(crate) fn derive(
    machine: &str,
    definition: &str,
    targets: &[(&str, Target<'_>)],
    map_reads: Option<&str>,
) -> Result<Vec<Grant>, Vec<String>> {
    let mut definition: Value = serde_json::from_str(definition)
        .map_err(|error| vec![format!("the definition is no JSON: {error}")])?;
    // The order of the grants must not hang on whether some crate of the build keeps insertion
    // order.
    definition.sort_all_objects();
    let mut derivation =
        Derivation { machine, targets, map_reads, grants: Vec::new(), messages: Vec::new() };
    derivation.states(&definition);
    if derivation.messages.is_empty() { Ok(derivation.grants) } else { Err(derivation.messages) }
}

struct Derivation<'a> {
    machine: &'a str,
    targets: &'a [(&'a str, Target<'a>)],
    map_reads: Option<&'a str>,
    grants: Vec<Grant>,
    messages: Vec<String>,
}

impl<'a> Derivation<'a> {
    fn states(&mut self, processor: &Value) {
        for (name, state) in members(processor, "/States") {
            match at(state, "/Type").as_str() {
                Some("Task") => self.task(name, state),
                Some("Map") => {
                    if at(state, "/ItemProcessor/ProcessorConfig/Mode") == "DISTRIBUTED" {
                        self.distributed_map(name, state);
                    }
                    self.states(at(state, "/ItemProcessor"));
                }
                Some("Parallel") => {
                    for branch in at(state, "/Branches").as_array().into_iter().flatten() {
                        self.states(branch);
                    }
                }
                _ => {}
            }
        }
    }

    fn task(&mut self, name: &str, state: &Value) {
        let integration = at(state, "/Resource").as_str().unwrap_or_default();
        // JSONPath states say `Parameters`, JSONata states say `Arguments`.
        let arguments =
            state.get("Parameters").or_else(|| state.get("Arguments")).unwrap_or(&Value::Null);
        let resources = match integration {
            INVOKE_FUNCTION => match self.functions(arguments) {
                Some(functions) => functions,
                None => {
                    return self.message(name, "must invoke a function that is named as `${...}`");
                }
            },
            START_EXECUTION => match self.machines(at(arguments, "/StateMachineArn")) {
                Some(machines) => machines,
                None => {
                    return self.message(name, "must start a machine that is named as `${...}`");
                }
            },
            PUBLISH => match self.target(at(arguments, "/TopicArn")) {
                Some(Target::Topic(topic)) => {
                    self.allow("EncryptNotices", &ENCRYPT_NOTICES, vec![topic.key_arn()]);
                    vec![topic.arn()]
                }
                _ => {
                    return self.message(name, "must publish to a topic that is named as `${...}`");
                }
            },
            PUT_EVENTS => match default_bus(arguments) {
                Some(bus) => vec![bus],
                None => return self.message(name, "must put its events on the default bus"),
            },
            SEND_MESSAGE => match self.target(at(arguments, "/QueueUrl")) {
                Some(Target::Queue(queue)) => vec![queue.arn()],
                _ => return self.message(name, "must send to a queue that is named as `${...}`"),
            },
            _ => return self.not_in_table(name, integration),
        };
        self.grant(name, integration, resources);
    }

    fn distributed_map(&mut self, name: &str, state: &Value) {
        let Some(label) = at(state, "/Label").as_str() else {
            return self.message(name, "needs a `Label`, by which its children's ARNs are known");
        };
        // The ARN is built from the fixed name: the machine's own would make a circle of machine
        // and role.
        let own = arn("states", &format!("stateMachine:{}", self.machine));
        let executions = arn("states", &format!("execution:{}:*", self.machine));
        let children = arn("states", &format!("execution:{}/{label}:*", self.machine));
        self.allow("StartChildren", &["states:StartExecution"], vec![own]);
        self.allow(
            "FollowChildren",
            &["states:DescribeExecution", "states:StopExecution"],
            vec![executions, children.clone()],
        );
        self.allow("RedriveChildren", &["states:RedriveExecution"], vec![children]);
        if let Some(reader) = state.get("ItemReader") {
            let key = at(reader, "/Parameters/Key").as_str().or(self.map_reads).map(str::to_owned);
            self.objects(name, READ_ITEMS, reader, key);
        }
        if let Some(writer) = state.get("ResultWriter") {
            let prefix = at(writer, "/Parameters/Prefix").as_str().map(str::to_owned);
            let prefix = prefix
                .or_else(|| at(writer, "/Parameters/Prefix.$").as_str().and_then(format_pattern));
            let keys = prefix.map(|prefix| format!("{prefix}/*"));
            self.objects(name, WRITE_RESULTS, writer, keys);
        }
    }

    fn objects(&mut self, name: &str, integration: &str, place: &Value, keys: Option<String>) {
        let given = at(place, "/Resource").as_str().unwrap_or_default();
        if given != integration {
            return self.not_in_table(name, given);
        }
        let Some(keys) = keys else {
            return self.message(
                name,
                "takes a key from its state, so the role must be told which objects it means",
            );
        };
        match self.target(at(place, "/Parameters/Bucket")) {
            Some(Target::Bucket(bucket)) => {
                self.grant(name, integration, vec![bucket.objects(&keys)]);
                let key = match integration {
                    WRITE_RESULTS => bucket.grant_key("EncryptResults", &ENCRYPT),
                    _ => bucket.grant_key("DecryptItems", &DECRYPT),
                };
                let known: Vec<&str> = self.grants.iter().map(|grant| grant.sid.as_str()).collect();
                let key = key.filter(|key| !known.contains(&key.sid.as_str()));
                self.grants.extend(key);
            }
            _ => self.message(name, "must use a bucket that is named as `${...}`"),
        }
    }

    /// The ARNs of every function that a state may invoke: the one that it names, or those that
    /// `States.Format('${...}-{}', ...)` chooses from.
    fn functions(&self, arguments: &Value) -> Option<Vec<Value>> {
        if let Some(Target::Function(function)) = self.target(at(arguments, "/FunctionName")) {
            return Some(function.invocable());
        }
        let format = at(arguments, "/FunctionName.$").as_str().and_then(format_of)?;
        match self.named(format.strip_prefix("${")?.strip_suffix("}-{}")?)? {
            Target::Functions { functions, .. } => {
                Some(functions.iter().flat_map(Function::invocable).collect())
            }
            _ => None,
        }
    }

    /// The ARNs of every machine that an expression names, of which it chooses one.
    fn machines(&self, value: &Value) -> Option<Vec<Value>> {
        let machines: Vec<Value> = placeholders(value.as_str()?)
            .map(|name| match self.named(name) {
                Some(Target::Machine(machine)) => Some(machine.arn()),
                _ => None,
            })
            .collect::<Option<_>>()?;
        (!machines.is_empty()).then_some(machines)
    }

    fn target(&self, value: &Value) -> Option<Target<'a>> {
        self.named(value.as_str()?.strip_prefix("${")?.strip_suffix('}')?)
    }

    fn named(&self, name: &str) -> Option<Target<'a>> {
        self.targets.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
    }

    fn grant(&mut self, name: &str, integration: &str, resources: Vec<Value>) {
        match documented(integration) {
            Some((sid, actions)) => self.allow(sid, actions, resources),
            None => self.not_in_table(name, integration),
        }
    }

    /// One statement serves all states that do the same.
    fn allow(&mut self, sid: &str, actions: &[&str], resources: Vec<Value>) {
        match self.grants.iter_mut().find(|grant| grant.sid == sid) {
            Some(grant) => grant.extend(resources),
            None => self.grants.push(Grant::allow(sid, actions, resources)),
        }
    }

    fn not_in_table(&mut self, state: &str, integration: &str) {
        self.message(
            state,
            &format!("uses `{integration}`, whose actions are not in the table of documented ones"),
        );
    }

    fn message(&mut self, state: &str, message: &str) {
        self.messages.push(format!("state `{state}` {message}"));
    }
}

/// The bus that events go to where none of them names another.
fn default_bus(arguments: &Value) -> Option<Value> {
    let entries = at(arguments, "/Entries").as_array()?;
    let elsewhere =
        |entry: &Value| members(entry, "").any(|(name, _)| name.starts_with("EventBusName"));
    (!entries.is_empty() && !entries.iter().any(elsewhere))
        .then(|| arn("events", "event-bus/default"))
}

/// The pattern of the texts that `States.Format('runs/{}/map', ...)` makes.
fn format_pattern(expression: &str) -> Option<String> {
    Some(format_of(expression)?.replace("{}", "*"))
}

/// The first argument of `States.Format`.
fn format_of(expression: &str) -> Option<&str> {
    let rest = expression.trim().strip_prefix("States.Format('")?;
    rest.split_once('\'').map(|(format, _)| format)
}

#[cfg(test)]
mod tests;
