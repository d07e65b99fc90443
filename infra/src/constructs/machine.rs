//! State machines.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bucket::Bucket;
use super::function::Function;
use super::log_group;
use super::queue::Queue;
use super::role::{Grant, Role, RoleProps, own_account};
use super::topic::Topic;
use crate::config::Config;
use crate::intrinsics::{arn, attribute, reference};
use crate::machine_role;
use crate::template::references::placeholders;
use crate::template::{Resource, Template};

/// The actions of log delivery; AWS offers no finer resource than all of them.
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// How a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For long runs, with a history in the console.
    Standard,
    /// For short starts.
    Express,
}

/// What a `${Name}` in a definition stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// A function's ARN.
    Function(&'a Function),
    /// What the ARNs of several functions begin with; behind it stand a hyphen and a word that the state chooses.
    Functions {
        /// What the functions' names begin with.
        stem: &'a str,
        /// All that the state may choose from.
        functions: &'a [Function],
    },
    /// A machine's ARN.
    Machine(&'a Machine),
    /// A bucket's name.
    Bucket(&'a Bucket),
    /// A topic's ARN.
    Topic(&'a Topic),
    /// A queue's address.
    Queue(&'a Queue),
    /// The stack's name.
    Stack(&'a str),
}

impl Target<'_> {
    fn value(self) -> Value {
        match self {
            Self::Function(function) => function.arn(),
            Self::Functions { stem, .. } => arn("lambda", &format!("function:{stem}")),
            Self::Machine(machine) => machine.arn(),
            Self::Bucket(bucket) => bucket.name(),
            Self::Topic(topic) => topic.arn(),
            Self::Queue(queue) => queue.url(),
            Self::Stack(name) => json!(name),
        }
    }
}

/// What to make a machine from.
#[derive(Debug)]
pub(crate) struct MachineProps<'a> {
    /// What stands behind the stack in the name, such as `import`.
    pub(crate) name: &'a str,
    /// How the machine runs.
    pub(crate) kind: Kind,
    /// The text of the machine's file.
    pub(crate) definition: &'a str,
    /// What each `${Name}` of the definition stands for.
    pub(crate) substitutions: &'a [(&'a str, Target<'a>)],
    /// The object that a Distributed Map reads, where its key comes from the state.
    pub(crate) map_reads: Option<&'a str>,
}

/// A state machine whose role follows from its definition.
#[derive(Debug)]
pub(crate) struct Machine {
    id: String,
    name: String,
    kind: Kind,
    has_map: bool,
}

impl Machine {
    /// Adds a machine called `<id>Machine`, its role and its log group.
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: MachineProps<'_>,
    ) -> Self {
        let MachineProps { name, kind, definition, substitutions, map_reads } = props;
        let name = format!("{}-{name}", config.stack);
        let machine = Self {
            id: format!("{id}Machine"),
            name: name.clone(),
            kind,
            has_map: map_reads.is_some(),
        };
        check_placeholders(template, &machine.id, definition, substitutions);
        let mut grants = machine_role::derive(&name, definition, substitutions, map_reads)
            .unwrap_or_else(|messages| {
                for message in messages {
                    template.violation(&machine.id, message);
                }
                Vec::new()
            });
        grants.push(Grant::allow("DeliverLogs", &LOG_DELIVERY, vec![json!("*")]));
        let role = Role::new(
            template,
            &format!("{id}MachineRole"),
            config,
            RoleProps {
                name: format!("{name}-machine"),
                service: "states.amazonaws.com",
                condition: Some(own_account()),
                grants,
            },
        );
        let logs = format!("{id}MachineLogs");
        // The prefix keeps the resource policy that all vended logs of an account share below its
        // size limit.
        log_group::add(
            template,
            &logs,
            &format!("/aws/vendedlogs/states/{name}"),
            config.log.retention_days,
        );
        let values: Map<String, Value> = substitutions
            .iter()
            .map(|(name, target)| ((*name).to_owned(), target.value()))
            .collect();
        // Line by line, so that a change of a machine can be read in the template and its snapshot.
        let lines: Vec<&str> = definition.trim_end().lines().collect();
        template.add(
            &machine.id,
            Resource::new(
                "AWS::StepFunctions::StateMachine",
                json!({
                    "StateMachineName": name,
                    "StateMachineType": match kind { Kind::Standard => "STANDARD", Kind::Express => "EXPRESS" },
                    "DefinitionString": { "Fn::Join": ["\n", lines] },
                    "DefinitionSubstitutions": values,
                    "RoleArn": role.arn(),
                    "LoggingConfiguration": {
                        "Level": "ERROR",
                        "IncludeExecutionData": false,
                        "Destinations": [
                            { "CloudWatchLogsLogGroup": { "LogGroupArn": attribute(&logs, "Arn") } },
                        ],
                    },
                }),
            ),
        );
        machine
    }

    /// The machine's runs in the console, behind its host.
    pub(crate) fn page(&self) -> String {
        format!("/states/home?region=${{AWS::Region}}#/statemachines/view/${{{}}}", self.id)
    }

    /// The machine's ARN, in a text that CloudFormation fills in.
    pub(crate) fn placeholder(&self) -> String {
        format!("${{{}}}", self.id)
    }

    /// The machine's ARN.
    pub(crate) fn arn(&self) -> Value {
        reference(&self.id)
    }

    /// The executions that can be asked about: those of a Standard machine, and the children of its
    /// Map.
    pub(crate) fn executions(&self) -> Vec<Value> {
        let own = (self.kind == Kind::Standard).then(|| format!("execution:{}:*", self.name));
        let children = self.has_map.then(|| format!("execution:{}/*", self.name));
        own.iter().chain(&children).map(|resource| arn("states", resource)).collect()
    }

    /// The Map of each of its executions, where it has one.
    pub(crate) fn map_runs(&self) -> Option<Value> {
        self.has_map.then(|| arn("states", &format!("mapRun:{}/*", self.name)))
    }
}

fn check_placeholders(
    template: &mut Template,
    id: &str,
    definition: &str,
    substitutions: &[(&str, Target<'_>)],
) {
    let used: BTreeSet<&str> = placeholders(definition).collect();
    let given: BTreeSet<&str> = substitutions.iter().map(|(name, _)| *name).collect();
    for name in used.difference(&given) {
        template
            .violation(id, format!("nothing is substituted for `${{{name}}}` in the definition"));
    }
    for name in given.difference(&used) {
        template.violation(
            id,
            format!("`{name}` is substituted, but the definition has no `${{{name}}}`"),
        );
    }
}
