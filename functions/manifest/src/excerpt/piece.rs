//! Entries as they stand in a file.

use std::ops::ControlFlow;

use crate::error::ManifestError;

/// Who is handed each entry's number and, where it can be cut out, its piece of the file.
pub(crate) type Tap<'t> = dyn FnMut(u64, Option<Piece<'_>>) -> ControlFlow<()> + 't;

/// A reader of one plain file that can show where an entry came from.
pub(crate) trait Pieces {
    /// Reads the next entry; `false` at the end.
    fn step(&mut self) -> Result<bool, ManifestError>;

    /// The piece of the file that the last entry came from. `None` where it was thrown away.
    fn slice(&self) -> Option<Slice<'_>>;

    /// What pieces stand in.
    fn frame(&self) -> Frame<'_>;
}

/// A stretch of a file that gives one entry, or several that cannot be parted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice<'p> {
    pub bytes: &'p [u8],
    /// Which of its entries is meant, from 0.
    pub at: u64,
    /// How many entries it gives.
    pub of: u64,
}

impl<'p> Slice<'p> {
    /// A piece of one entry. `None` where there are no bytes.
    pub(crate) fn of_one(bytes: &'p [u8]) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self { bytes, at: 0, of: 1 })
    }
}

/// What stands around pieces, so that they are a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'p> {
    pub start: &'p [u8],
    pub between: &'static [u8],
    pub end: &'static [u8],
}

impl Frame<'static> {
    /// Pieces that stand one after the other.
    pub(crate) const NONE: Self = Self { start: b"", between: b"", end: b"" };
    /// Items of a JSON array.
    pub(crate) const ARRAY: Self = Self { start: b"[\n", between: b",\n", end: b"\n]\n" };
    /// Groups of XML.
    pub(crate) const GROUPS: Self = Self {
        start: b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<groups>\n",
        between: b"\n",
        end: b"\n</groups>\n",
    };
    /// Devices of device-infos. Their batch comes to light after the last of them.
    pub(crate) const DEVICES: Self =
        Self { start: b"{\"devices\": [\n", between: b",\n", end: b"" };
}

/// A slice with where it is from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'p> {
    pub slice: Slice<'p>,
    pub frame: Frame<'p>,
    /// The plain file that it is from: the members of an archive are numbered.
    pub file: u64,
    /// The name of that file, where it is a member of an archive.
    pub member: Option<&'p str>,
}
