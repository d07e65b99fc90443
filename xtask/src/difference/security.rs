//! What somebody who answers for the account wants to see before it happens.

use super::{Difference, Fate, ResourceDifference, Statement, names};

/// One thing to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) kind: Kind,
    /// The resource's logical id.
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Why it is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Something is deleted, together with what it holds.
    Deletion,
    /// Another resource takes the place of this one.
    Replacement,
    /// Somebody outside could get in.
    PublicAccess,
    /// Encryption, versions, bounds: what guards a resource changes.
    Protection,
    /// Somebody may do something, or no longer.
    Permissions,
}

impl Kind {
    /// The word in `--json`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Replacement => "replacement",
            Self::PublicAccess => "public_access",
            Self::Protection => "protection",
            Self::Permissions => "permissions",
        }
    }

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Deletion => "Deleted",
            Self::Replacement => "Replaced",
            Self::PublicAccess => "Public access",
            Self::Protection => "Protection",
            Self::Permissions => "Permissions",
        }
    }
}

/// Types that hold something which is lost with them.
const STATEFUL: [&str; 5] = [
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
];

/// Properties that guard what a resource holds, or bound what it may do.
const GUARDS: [&str; 10] = [
    "BucketEncryption",
    "EnableKeyRotation",
    "KmsMasterKeyId",
    "ManagedPolicyArns",
    "ObjectLockEnabled",
    "OwnershipControls",
    "PermissionsBoundary",
    "SqsManagedSseEnabled",
    "VersioningConfiguration",
    "DeletionPolicy",
];

/// Properties that let the world in, or keep it out.
const DOORS: [&str; 4] =
    ["AccessControl", "AuthType", "FunctionUrlAuthType", "PublicAccessBlockConfiguration"];

/// Everything of the difference that is to be looked at, the gravest first.
pub(crate) fn concerns(difference: &Difference) -> Vec<Concern> {
    let mut concerns: Vec<Concern> = difference.resources.iter().flat_map(of_resource).collect();
    concerns.sort_by_key(|concern| concern.kind);
    concerns
}

fn of_resource(resource: &ResourceDifference) -> Vec<Concern> {
    let what = names::of_type(&resource.kind);
    let name = resource.name.as_deref().unwrap_or(&resource.id);
    let mut concerns = Vec::new();
    let mut add = |kind, text| {
        concerns.push(Concern { kind, id: resource.id.clone(), text });
    };
    let is_stateful = STATEFUL.contains(&resource.kind.as_str());
    let held = if is_stateful { ", with everything in it" } else { "" };
    match resource.fate {
        Fate::Deleted => add(Kind::Deletion, format!("{what} {name}{held}")),
        Fate::Kept => {
            add(
                Kind::Deletion,
                format!("{what} {name} leaves the stack, and stays in the account"),
            );
        }
        Fate::Replaced => add(
            Kind::Replacement,
            format!("{what} {name}: another one is made, and this one goes{held}"),
        ),
        Fate::MayBeReplaced => {
            add(
                Kind::Replacement,
                format!("{what} {name}: CloudFormation may have to make it anew"),
            );
        }
        Fate::Created | Fate::TakenUp | Fate::Updated => {}
    }
    for change in &resource.changes {
        let Some(first) = change.path.first() else { continue };
        let kind = if DOORS.contains(&first.as_str()) {
            Kind::PublicAccess
        } else if GUARDS.contains(&first.as_str()) {
            Kind::Protection
        } else {
            continue;
        };
        let (old, new) = (names::brief(change.old.as_ref()), names::brief(change.new.as_ref()));
        add(kind, format!("{what} {name}: {} {old} → {new}", names::place(&change.path)));
    }
    for (sign, statements) in [("+", &resource.added), ("-", &resource.removed)] {
        for statement in statements {
            let opens = (sign == "+" && statement.is_public())
                || (sign == "-" && statement.effect == "Deny");
            let kind = if opens { Kind::PublicAccess } else { Kind::Permissions };
            add(kind, format!("{what} {name}\n{sign} {}", sentence(statement)));
        }
    }
    concerns
}

/// `Allow iot:AttachPolicy on iot:policy/x`.
pub(super) fn sentence(statement: &Statement) -> String {
    let Statement { effect, principal, actions, resources, condition } = statement;
    let mut text = effect.clone();
    if !principal.is_empty() {
        text = format!("{text} {principal}:");
    }
    text = format!("{text} {}", actions.join(", "));
    if !resources.is_empty() {
        text = format!("{text} on {}", resources.join(", "));
    }
    if !condition.is_empty() {
        text = format!("{text} if {condition}");
    }
    text
}
