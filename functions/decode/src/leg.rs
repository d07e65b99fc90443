//! What the decoder's thread does: it reads the file, or a leg of it, and sorts what is in it.

use std::{io, ops::ControlFlow, time::Instant};

use ledger::LineError;
use manifest::{Leg, ManifestError, Position, Progress, Summary};
use prepare::{Item, Reader};
use tokio::sync::mpsc;

use crate::{DecodeError, body::Body, fingerprint::Fingerprint, run_files::Which, sorter::Sorter};

/// How a leg ended.
pub(crate) enum LegEnd {
    /// At the end of the file.
    Whole { sha256: String, summary: Summary },
    /// Where the file is broken. Its fingerprint is whole, unless the time was over.
    Broken { error: ManifestError, fingerprint: Result<String, Fingerprint> },
    /// Because the time was over.
    Paused { position: Position, fingerprint: Fingerprint },
    /// At an entry whose signer is not there yet.
    Waiting { reason: String },
}

/// What a leg is read with.
pub(crate) struct Task {
    pub(crate) reader: Reader,
    pub(crate) body: Body,
    pub(crate) from: Option<Position>,
    pub(crate) until: Instant,
    /// Whether it ends where a signer is missing.
    pub(crate) waits: bool,
}

impl Task {
    /// Reads the leg. It is given up where nobody takes the `parts` any more.
    pub(crate) fn carry_out(
        self,
        sorter: &mut Sorter,
        parts: &mpsc::Sender<(Which, Vec<u8>)>,
    ) -> Result<LegEnd, DecodeError> {
        let Self { reader, mut body, from, until, waits } = self;
        let enough = || Instant::now() >= until;
        let leg = Leg { from: from.as_ref(), enough: &enough };
        let (mut waiting, mut unwritable) = (None, None);
        let progress = reader.read_leg(&mut body, leg, &mut |item| {
            if waits && let Some(reason) = missing_signer(&item, sorter) {
                waiting = Some(reason);
                return ControlFlow::Break(());
            }
            match sorter.take(item) {
                Ok(mut full) if !parts.is_closed() => {
                    let sent = full.try_for_each(|part| parts.blocking_send(part).map_err(drop));
                    sent.map_or_else(ControlFlow::Break, ControlFlow::Continue)
                }
                Ok(_) => ControlFlow::Break(()),
                Err(error) => {
                    unwritable = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(reason) = waiting {
            return Ok(LegEnd::Waiting { reason });
        }
        if let Some(error) = unwritable {
            return Err(line(error));
        }
        if parts.is_closed() {
            return Err(source(&io::ErrorKind::BrokenPipe.into()));
        }
        match progress {
            Ok(Progress::Rest(position)) => {
                Ok(LegEnd::Paused { position, fingerprint: body.fingerprint() })
            }
            Ok(Progress::Whole(summary)) => {
                body.exhaust(&|| false).map_err(|error| source(&error))?;
                Ok(LegEnd::Whole { sha256: body.finish(), summary })
            }
            Err(ManifestError::Read { text, .. }) => Err(DecodeError::Source(text)),
            Err(error) => {
                let fingerprint = exhaust(body, until)?;
                Ok(LegEnd::Broken { error, fingerprint })
            }
        }
    }
}

/// Reads what is left for the fingerprint alone, as far as there is time.
pub(crate) fn exhaust(
    mut body: Body,
    until: Instant,
) -> Result<Result<String, Fingerprint>, DecodeError> {
    match body.exhaust(&|| Instant::now() >= until) {
        Ok(true) => Ok(Ok(body.finish())),
        Ok(false) => Ok(Err(body.fingerprint())),
        Err(error) => Err(source(&error)),
    }
}

/// Whose certificate is missing to judge an entry that is worked on, for a person.
fn missing_signer(item: &Item, sorter: &Sorter) -> Option<String> {
    let refusal = item.as_ref().err()?;
    let is_it = refusal.lacks_signer && sorter.wants(&refusal.outcome);
    is_it.then(|| refusal.outcome.reason.clone())
}

fn source(error: &io::Error) -> DecodeError {
    DecodeError::Source(error.to_string())
}

fn line(error: LineError) -> DecodeError {
    DecodeError::Ledger(error.into())
}
