//! Makes a device's thing.

use ledger::{Note, Work};

use crate::{
    CallError, CallErrorKind, Reason, Registry, Situation,
    client::Thing,
    decide::Halt,
    device::fit,
    memory::remember_race,
    requirements::MOST_ATTRIBUTES_WITHOUT_TYPE,
    steps::{Step, Steps},
};

/// A thing that was to be made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Somebody else made it a moment before.
    pub(crate) was_there: bool,
    pub(crate) notes: Vec<Note>,
}

/// Makes the thing that was not there a moment ago.
pub(crate) async fn make_thing(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    thing: &Thing,
    steps: &mut Steps,
) -> Result<Made, Halt> {
    let name = &work.thing;
    match registry.create_thing(name, thing).await {
        Ok(()) => {
            steps.push(Step::ThingMade);
            Ok(Made::default())
        }
        Err(CallError { kind: CallErrorKind::Exists, .. }) => {
            take_over(registry, situation, work, steps).await
        }
        // It is not documented whether CreateThing takes more attributes where it is given a type
        // that allows them. UpdateThing does.
        Err(CallError { kind: CallErrorKind::Refused { code, .. }, .. })
            if code == "InvalidRequestException"
                && thing.thing_type.is_some()
                && thing.attributes.len() > MOST_ATTRIBUTES_WITHOUT_TYPE =>
        {
            let bare = Thing { thing_type: thing.thing_type.clone(), ..Thing::default() };
            let attributes = Thing { attributes: thing.attributes.clone(), ..Thing::default() };
            registry.create_thing(name, &bare).await.map_err(|error| refusal(error, thing))?;
            steps.push(Step::ThingMade);
            registry.change_thing(name, &attributes).await?;
            Ok(Made::default())
        }
        Err(error) => Err(refusal(error, thing)),
    }
}

/// Gives the thing that stands what it lacks.
pub(crate) async fn change_thing(
    registry: &Registry,
    work: &Work,
    thing: &Thing,
    steps: &mut Steps,
) -> Result<(), Halt> {
    registry.change_thing(&work.thing, thing).await.map_err(|error| refusal(error, thing))?;
    steps.push(Step::ThingChanged);
    Ok(())
}

/// Where a call names a type and something is missing, it is that type.
fn refusal(error: CallError, thing: &Thing) -> Halt {
    match (&error.kind, &thing.thing_type) {
        (CallErrorKind::NotFound, Some(name)) => Reason::NoSuchType { name: name.clone() }.into(),
        _ => error.into(),
    }
}

/// Somebody made the thing since it was looked at, and not as this device's is to be.
async fn take_over(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    steps: &mut Steps,
) -> Result<Made, Halt> {
    // Before all else: when the device is taken up again, the thing is found and nothing tells whose
    // it is.
    remember_race(situation, work).await?;
    let changed = || Reason::ThingChangedMeanwhile { thing: work.thing.clone() };
    let found = registry.describe_thing(&work.thing).await?.ok_or_else(changed)?;
    let (lacking, notes) = fit(situation.profile, work, &found).map_err(|_| changed())?;
    if let Some(thing) = lacking {
        change_thing(registry, work, &thing, steps).await?;
    }
    Ok(Made { was_there: true, notes })
}
