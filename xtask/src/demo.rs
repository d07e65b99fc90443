//! `cargo xtask demo`

mod books;
mod device;
mod stage;
mod text;
mod two_phases;
mod vendors;

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};

use self::{
    books::Books,
    stage::Stage,
    text::{bold, good, paragraph, shown, tell},
};
use crate::{
    aws, local,
    local_cloud::LocalCloud,
    progress::{self, Step},
    run_follow::Importer,
    workspace,
};

/// In seconds since 1970.
const START_OF_2026: u64 = 1_767_225_600;

/// See all of it on this machine: a manifest of every vendor, two phases, and devices that connect
///
/// Builds the functions, starts the local cloud that `cargo xtask local start` starts, makes samples and imports them.
/// It asks nothing, needs no AWS account, and writes below the target directory only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<ExitCode> {
    let (cloud, deployed) = local::ensure()?;
    let begun = Instant::now();
    let folder = workspace::target().join("demo");
    let step = Step::moving("Making samples");
    empty(&folder)?;
    let seed = seed();
    let samples = vendors::samples(&folder, seed)?;
    let two_phases = two_phases::Story::prepare(&deployed.config, &folder, seed + 1)?;
    drop(step);

    let books = aws::block_on(async {
        let importer = Importer::new(&cloud.aws_config(), &deployed.stack).await?;
        let mut stage = Stage { cloud: &cloud, importer, books: Books::default() };
        vendors::show(&mut stage, &samples, &folder).await?;
        match &two_phases {
            Some(story) => story.show(&mut stage).await?,
            None => tell(&two_phases::left_out())?,
        }
        anyhow::Ok(stage.books)
    })?;

    tell(&bold(&format!("\nThe books, over all {} files", books.files())))?;
    tell(&books.lines())?;
    if !books.balance() {
        bail!("the books do not balance");
    }
    tell(&good("they balance: every entry ended in exactly one way"))?;
    tell(&what_next(&cloud, &folder, begun.elapsed()))?;
    Ok(ExitCode::SUCCESS)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to empty {}", folder.display()))?;
    }
    Ok(())
}

/// New devices each time, because one that is there already would prove nothing.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Fewer digits, because the seed is part of names that are shown.
    now.saturating_sub(START_OF_2026)
}

fn what_next(cloud: &LocalCloud, folder: &Path, took: Duration) -> String {
    let results = shown(&folder.join("generated.results.csv")).display().to_string();
    let steps = [
        ("what became of every device, and why", results),
        ("a file of your own", "cargo xtask import --local FILE".to_owned()),
        (
            "a bigger one",
            "cargo xtask sample microchip --devices 1000 --out target/sample".to_owned(),
        ),
        (
            "any AWS client",
            "eval \"$(cargo xtask local start)\"\naws iot list-things --max-items 3".to_owned(),
        ),
        (
            "your own account",
            "name policies in infra/thingpress.toml, then: cargo xtask deploy".to_owned(),
        ),
        ("the end", "cargo xtask local stop".to_owned()),
    ];
    let mut lines = vec![String::new(), bold("What to look at and try next")];
    for (what, how) in steps {
        lines.push(format!("  {what}"));
        lines.extend(how.lines().map(|line| format!("    {}", progress::command(line))));
    }
    lines.push(String::new());
    lines.push(paragraph(
        &format!(
            "All of this ran at {} with the template, the state machines and the functions that go \
             to AWS; the imports took {:.0} seconds.",
            cloud.endpoint(),
            took.as_secs_f64()
        ),
        "",
    ));
    lines.join("\n")
}
