//! Finds out from a run's files what there is to take back, and cuts it into units of work.

mod books;
mod device;
mod earlier;
mod refusal;

use std::time::UNIX_EPOCH;

use futures::{TryStreamExt, pin_mut};
use ledger::{Keep, Plan, Prepared as Count, RunFiles, Stop, Store, StoreError, UnitSizes};

use self::{books::Books, earlier::Earlier};
use crate::{Prepare, Prepared};

/// Prepares the run that takes another one back.
pub(crate) async fn run(store: &Store, prepare: Prepare) -> Result<Prepared, StoreError> {
    let files = RunFiles::of(&prepare.run);
    let undone = RunFiles::of(&prepare.input.run);
    match Box::pin(write(store, &files, &undone, prepare)).await? {
        Ok(prepared) => Ok(prepared),
        Err(stop) => {
            tracing::warn!(code = stop.code, "stopped");
            store.write_json(&files.stopped(), &stop, Keep::Always).await?;
            Ok(Prepared::Stop(stop))
        }
    }
}

async fn write(
    store: &Store,
    files: &RunFiles,
    undone: &RunFiles,
    prepare: Prepare,
) -> Result<Result<Prepared, Stop>, StoreError> {
    let run = undone.run();
    let Some(made_by) = store.read_json::<Plan>(&undone.plan()).await? else {
        return Ok(Err(refusal::no_such_run(run)));
    };
    let mut plan = plan(files, made_by.clone(), prepare);
    // The report names the file also where the run cannot be taken back.
    store.write_json(&files.plan(), &plan, Keep::Always).await?;
    if let Some(stop) = refusal::made_nothing(&made_by) {
        return Ok(Err(stop));
    }
    let Some(reported) = store.written(&undone.report()).await? else {
        return Ok(Err(refusal::still_going(run)));
    };
    let ended = reported.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let devices = made_by.prepared.as_ref().map_or(0, |prepared| prepared.devices);
    if devices > 0 && store.written(&undone.work()).await?.is_none() {
        return Ok(Err(refusal::expired(run)));
    }
    if !plan.dry {
        store.create_raw(&undone.undone(files.run()), Vec::new(), Keep::Passing).await?;
    }
    let earlier = match Box::pin(Earlier::read(store, undone, files.run())).await? {
        Ok(earlier) => earlier,
        Err(other) => return Ok(Err(refusal::under_way(run, &other))),
    };
    let books = Box::pin(Books::open(store, undone, &made_by, ended, earlier)).await?;
    let count = Box::pin(write_work(store, files, &books)).await?;
    let (devices, units) = (count.devices, count.units);
    plan.prepared = Some(Count { batch: plan.prepared.and_then(|made| made.batch), ..count });
    store.write_json(&files.plan(), &plan, Keep::Always).await?;
    tracing::info!(undoes = run, dry = plan.dry, devices, units, "prepared");
    Ok(Ok(match devices {
        0 => Prepared::Nothing,
        _ => Prepared::Work { units_key: files.units(), devices },
    }))
}

/// The plan of the other run, under this one's name and the rates of today.
fn plan(files: &RunFiles, made_by: Plan, prepare: Prepare) -> Plan {
    let Prepare { input, configuration, .. } = prepare;
    Plan {
        run: files.run().to_owned(),
        signers: configuration.signers,
        rate: configuration.rate,
        concurrency: configuration.concurrency,
        listed: false,
        resumes: None,
        undoes: Some(input.run),
        dry: input.dry,
        prepared: None,
        ..made_by
    }
}

/// Writes the devices and the units of work.
async fn write_work(
    store: &Store,
    files: &RunFiles,
    books: &Books<'_>,
) -> Result<Count, StoreError> {
    let mut work = store.writer(files.work(), Keep::Passing);
    let mut units = store.writer(files.units(), Keep::Passing);
    let mut sizes = UnitSizes::default();
    let devices = books.devices().await?;
    pin_mut!(devices);
    while let Some(unit) = devices.try_next().await? {
        for device in unit {
            let length = work.write_line(&device).await?;
            let name = [&device.work.thing, &device.work.id];
            let name = name.into_iter().find(|name| !name.is_empty());
            let name = name.unwrap_or(&device.work.certificate_id);
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            if let Some(unit) = sizes.push(name, length) {
                units.write_line(&unit).await?;
            }
        }
    }
    if let Some(unit) = sizes.finish() {
        units.write_line(&unit).await?;
    }
    work.finish().await?;
    units.finish().await?;
    Ok(Count {
        again: false,
        entries: sizes.devices(),
        devices: sizes.devices(),
        refused: 0,
        units: sizes.units(),
        sha256: books.sha256().to_owned(),
        signers: Vec::new(),
        batch: books.batch().map(str::to_owned),
        notes: Vec::new(),
    })
}
