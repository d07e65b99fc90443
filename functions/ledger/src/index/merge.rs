//! Merges segments into one, a stretch of each at a time.

use super::{
    IndexError, Objects, Output,
    segment::{RECORD, Segment, bytes_of},
};

/// So many records of each segment are in memory (1.5 MB).
const STRETCH: u64 = 1 << 16;

/// Writes the segment that `parts` become, and then deletes them. None where one of them is gone.
pub(super) async fn merge<O: Objects>(
    objects: &O,
    parts: &[Segment],
) -> Result<Option<Segment>, IndexError> {
    let merged = Segment::merged_of(parts);
    let mut output = objects.create(merged.key());
    let mut inputs: Vec<Input<'_>> = parts.iter().map(Input::of).collect();
    loop {
        for input in &mut inputs {
            if !input.fill(objects).await? {
                return Ok(None);
            }
        }
        let stretch = next_stretch(&mut inputs)?;
        if stretch.is_empty() {
            break;
        }
        output.write(&stretch).await?;
    }
    output.finish().await?;
    for part in parts {
        objects.delete(part.key()).await?;
    }
    Ok(Some(merged))
}

/// A segment that is read from its beginning to its end.
struct Input<'a> {
    segment: &'a Segment,
    /// The record behind the stretch in memory.
    next: u64,
    stretch: Vec<u8>,
    /// How much of the stretch is merged.
    merged: usize,
    last: [u8; RECORD],
}

impl<'a> Input<'a> {
    fn of(segment: &'a Segment) -> Self {
        Self { segment, next: 0, stretch: Vec::new(), merged: 0, last: [0; RECORD] }
    }

    /// Reads the next stretch where none is left in memory. False where the segment is gone.
    async fn fill(&mut self, objects: &impl Objects) -> Result<bool, IndexError> {
        let end = self.segment.records().min(self.next + STRETCH);
        if self.record().is_some() || self.next == end {
            return Ok(true);
        }
        let range = bytes_of(&(self.next..end));
        let bytes = range.end - range.start;
        let Some(stretch) = objects.read_range(self.segment.key(), range).await? else {
            return Ok(false);
        };
        if u64::try_from(stretch.len()) != Ok(bytes) {
            return Err(self.segment.damaged("it is shorter than its name says"));
        }
        (self.stretch, self.merged, self.next) = (stretch, 0, end);
        Ok(true)
    }

    fn record(&self) -> Option<&[u8; RECORD]> {
        self.stretch.get(self.merged..)?.first_chunk()
    }

    /// Whether more is to be read once the stretch is merged.
    fn goes_on(&self) -> bool {
        self.next < self.segment.records()
    }

    fn advance(&mut self, record: [u8; RECORD]) -> Result<(), IndexError> {
        if record < self.last {
            return Err(self.segment.damaged("its records are not in order"));
        }
        self.last = record;
        self.merged += RECORD;
        Ok(())
    }
}

/// The least records of all inputs, up to where one of them has to be read further.
fn next_stretch(inputs: &mut [Input<'_>]) -> Result<Vec<u8>, IndexError> {
    let mut stretch = Vec::new();
    loop {
        if inputs.iter().any(|input| input.record().is_none() && input.goes_on()) {
            return Ok(stretch);
        }
        let least = inputs.iter_mut().filter_map(|input| Some((*input.record()?, input)));
        let Some((record, input)) = least.min_by(|(one, _), (other, _)| one.cmp(other)) else {
            return Ok(stretch);
        };
        input.advance(record)?;
        stretch.extend_from_slice(&record);
    }
}
