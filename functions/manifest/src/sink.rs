//! Where entries go, and where they get their numbers.

use std::ops::ControlFlow;

use crate::certificate::Issuers;
use crate::crew::{Line, Taken, Verdict};
use crate::entry::Place;
use crate::error::{Decoded, EntryError, ManifestError};
use crate::excerpt::{Piece, Pieces, Tap};
use crate::leg::{Leg, Position, Resumable, Spot};
use crate::reason::Reason;

/// Why reading ends before the file does.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The caller has enough.
    BrokenOff,
    /// The leg is over, and the next one begins here.
    Paused(Box<Spot>),
    /// The file is unusable from here on.
    Unusable(ManifestError),
}

impl From<ManifestError> for Stop {
    fn from(error: ManifestError) -> Self {
        Self::Unusable(error)
    }
}

/// Hands entries to the caller, numbered over the whole file.
pub(crate) struct Sink<'c> {
    entries: &'c mut dyn FnMut(Decoded) -> ControlFlow<()>,
    limit: u64,
    read: u64,
    told: u64,
    has_ended: bool,
    issuers: Issuers,
    /// Where entries wait to be looked into, unless the reading thread does it at once.
    line: Option<Line<'c>>,
    /// Who gets the entries as they stand in the file, instead of what they say.
    tap: Option<&'c mut Tap<'c>>,
    /// How many plain files were begun for it.
    files: u64,
    /// Whether this leg is to end, and how many entries it began behind.
    enough: &'c dyn Fn() -> bool,
    begun: u64,
    /// Whether the file can only be read in one go.
    is_solid: bool,
}

impl<'c> Sink<'c> {
    pub(crate) fn new(
        entries: &'c mut dyn FnMut(Decoded) -> ControlFlow<()>,
        limit: u64,
        line: Option<Line<'c>>,
    ) -> Self {
        Self {
            entries,
            limit,
            read: 0,
            told: 0,
            has_ended: false,
            issuers: Issuers::default(),
            line,
            tap: None,
            files: 0,
            enough: Leg::WHOLE.enough,
            begun: 0,
            is_solid: false,
        }
    }

    /// Goes on where the leg begins, and stops where it ends.
    pub(crate) fn within(self, leg: Leg<'c>) -> Self {
        let begun = leg.from.map_or(0, Position::entries);
        Self { read: begun, told: begun, begun, enough: leg.enough, ..self }
    }

    /// Reads to the end of the file in this leg, or not at all.
    pub(crate) fn hold_together(&mut self) {
        self.is_solid = true;
    }

    /// Whether this leg is to end here. A leg takes at least one entry.
    pub(crate) fn has_enough(&self) -> bool {
        self.read > self.begun && (self.enough)()
    }

    /// Hands entries to `tap`, as they stand in the file.
    pub(crate) fn cutting(self, tap: &'c mut Tap<'c>) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// Whether entries are wanted as they stand in the file.
    pub(crate) const fn cuts(&self) -> bool {
        self.tap.is_some()
    }

    /// How many entries were taken out of the file, refused ones included.
    pub(crate) const fn read(&self) -> u64 {
        self.read
    }

    /// Takes the next entry. It is handed on now, or once it was looked into.
    pub(crate) fn take(&mut self, taken: Taken<'c>) -> Result<(), Stop> {
        if self.read >= self.limit {
            return Err(ManifestError::TooManyEntries { limit: self.limit }.into());
        }
        self.read += 1;
        let Some(line) = &mut self.line else {
            let verdict = taken.judge(&mut self.issuers);
            return self.tell(verdict);
        };
        line.put(taken);
        while let Some(due) = self.line.as_mut().and_then(|line| line.due(&mut self.issuers)) {
            due.into_iter().try_for_each(|verdict| self.tell(verdict))?;
        }
        Ok(())
    }

    /// Hands on what is still to be looked into. Whatever else ended the reading came after it.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        while !self.has_ended
            && let Some(rest) = self.line.as_mut().and_then(|line| line.rest(&mut self.issuers))
        {
            rest.into_iter().try_for_each(|verdict| self.tell(verdict))?;
        }
        Ok(())
    }

    /// Hands on an entry, under the next number.
    fn tell(&mut self, verdict: Verdict) -> Result<(), Stop> {
        let told = verdict.map_err(Stop::from).and_then(|mut decoded| {
            self.told += 1;
            match &mut decoded {
                Ok(entry) => entry.number = self.told,
                Err(error) => error.number = self.told,
            }
            match (self.entries)(decoded) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Stop::BrokenOff),
            }
        });
        self.has_ended |= told.is_err();
        told
    }

    /// Hands on an entry that is refused before it was looked into.
    pub(crate) fn refuse(&mut self, place: Place, reason: Reason) -> Result<(), Stop> {
        if self.cuts() {
            return self.pass(None);
        }
        let id = String::new();
        self.take(Taken::known(Err(EntryError { number: 0, place, id, reason })))
    }

    /// Hands on everything that a reader of one plain file gives, or what a leg has of it. Where the file
    /// is a member of an archive, `member` is its name; `before` are the entries in front of the file.
    pub(crate) fn drain<R: Resumable>(
        &mut self,
        member: Option<&str>,
        before: u64,
        reader: &mut R,
        mut next: impl FnMut(&mut R) -> Result<Option<Taken<'c>>, ManifestError>,
    ) -> Result<(), Stop> {
        while let Some(taken) = next(reader).map_err(|error| located(error, member, before))? {
            self.take(taken.within(member, before))?;
            if !self.is_solid
                && self.has_enough()
                && let Some(plain) = reader.position()
            {
                return Err(Stop::Paused(Box::new(Spot::Plain(plain))));
            }
        }
        Ok(())
    }

    /// Hands on the pieces that the entries of one plain file are. `member` is as for
    /// [`drain`](Self::drain), and so are numbers and errors.
    pub(crate) fn cut(
        &mut self,
        member: Option<&str>,
        reader: &mut impl Pieces,
    ) -> Result<(), Stop> {
        let before = self.read;
        self.files += 1;
        let file = self.files;
        while reader.step().map_err(|error| located(error, member, before))? {
            let frame = reader.frame();
            self.pass(reader.slice().map(|slice| Piece { slice, frame, file, member }))?;
        }
        Ok(())
    }

    fn pass(&mut self, piece: Option<Piece<'_>>) -> Result<(), Stop> {
        if self.read >= self.limit {
            return Err(ManifestError::TooManyEntries { limit: self.limit }.into());
        }
        self.read += 1;
        match self.tap.as_mut().map(|tap| tap(self.read, piece)) {
            Some(ControlFlow::Break(())) => Err(Stop::BrokenOff),
            Some(ControlFlow::Continue(())) | None => Ok(()),
        }
    }
}

/// What a reader of one plain file says about it, for the whole file.
pub(crate) fn located(error: ManifestError, member: Option<&str>, before: u64) -> Stop {
    match member {
        Some(member) => error.within(member, before).into(),
        None => error.into(),
    }
}
