//! Where the demonstration takes place: the cloud, whoever imports, and the books.

use std::{path::Path, time::Instant};

use anyhow::{Result, bail};
use manifest::Bucket;

use super::{
    books::{self, Books},
    text::{name, tell},
};
use crate::{
    local_cloud::LocalCloud,
    progress::Step,
    run_follow::{Importer, Outcome, Report},
};

/// The local cloud, and what happened there so far.
pub(super) struct Stage<'a> {
    pub(super) cloud: &'a LocalCloud,
    pub(super) importer: Importer,
    pub(super) books: Books,
}

impl Stage<'_> {
    /// Uploads a file and waits for the end of its run.
    pub(super) async fn upload(
        &self,
        to: impl Into<Bucket>,
        key: &str,
        path: &Path,
    ) -> Result<Outcome> {
        let mut step = Step::moving(&format!("Uploading {}", name(path)));
        let uploaded = self.importer.upload(to, key, path).await?;
        let run = self.importer.find_run(&uploaded).await?;
        self.importer.follow(&run, &mut step).await
    }

    /// The same with a file of devices: shows its report, and enters it into the books.
    pub(super) async fn import(
        &mut self,
        to: impl Into<Bucket>,
        key: &str,
        path: &Path,
    ) -> Result<Report> {
        let begun = Instant::now();
        let Outcome::Report(report) = self.upload(to, key, path).await? else {
            bail!("{} was taken for a certificate", path.display());
        };
        tell(&books::table(&report.json, begun.elapsed()))?;
        self.books.add(&report.json);
        Ok(report)
    }
}
