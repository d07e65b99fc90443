//! The objects of the bucket, and uploads that are not complete.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::{StatusCode, body::Bytes};

use super::Content;

/// An object.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) content: Arc<dyn Content>,
    pub(super) etag: String,
    pub(super) written: SystemTime,
    /// Of an object that was uploaded in parts, S3 has only a checksum of the parts' checksums.
    is_of_parts: bool,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("etag", &self.etag).finish_non_exhaustive()
    }
}

impl Object {
    pub(super) fn of(content: Arc<dyn Content>) -> Self {
        Self { content, etag: String::new(), written: SystemTime::now(), is_of_parts: false }
    }

    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("etag", self.etag.clone()),
            ("last-modified", http_time(self.written)),
            ("accept-ranges", "bytes".to_owned()),
        ]
    }

    /// The checksum of the whole content, where S3 would have one.
    pub(super) fn checksum(&self) -> Option<(&'static str, String)> {
        if self.is_of_parts {
            return None;
        }
        let crc = crc32fast::hash(&self.content.read(0..self.content.size()));
        Some(("x-amz-checksum-crc32", BASE64_STANDARD.encode(crc.to_be_bytes())))
    }
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchKey,
    NoSuchUpload,
    InvalidPart,
    InvalidRange,
    NotModified,
    PreconditionFailed,
    Malformed,
    NotImplemented,
}

impl Refusal {
    /// As S3 tells it.
    pub(super) const fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchKey => (StatusCode::NOT_FOUND, "NoSuchKey"),
            Self::NoSuchUpload => (StatusCode::NOT_FOUND, "NoSuchUpload"),
            Self::InvalidPart => (StatusCode::BAD_REQUEST, "InvalidPart"),
            Self::InvalidRange => (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
            Self::NotModified => (StatusCode::NOT_MODIFIED, "NotModified"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "InvalidRequest"),
            Self::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
        }
    }
}

/// The bucket.
#[derive(Debug, Default)]
pub(super) struct Objects {
    by_key: BTreeMap<String, Object>,
    /// Parts by number, by the upload's id.
    uploads: BTreeMap<u64, BTreeMap<u32, (String, Bytes)>>,
    /// How many entity tags and uploads there were.
    numbers: u64,
}

impl Objects {
    pub(super) fn get(&self, key: &str) -> Option<Object> {
        self.by_key.get(key).cloned()
    }

    /// Returns the entity tag that the object got.
    pub(super) fn put(&mut self, key: &str, object: Object) -> String {
        let etag = self.next_etag();
        self.by_key.insert(key.to_owned(), Object { etag: etag.clone(), ..object });
        etag
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    pub(super) fn remove_all(&mut self, prefix: &str) {
        self.by_key.retain(|key, _| !key.starts_with(prefix));
    }

    /// From this key on, in the order of keys.
    pub(super) fn from(&self, key: &str) -> impl Iterator<Item = (&String, &Object)> {
        self.by_key.range(key.to_owned()..)
    }

    pub(super) fn begin(&mut self) -> u64 {
        self.numbers += 1;
        self.uploads.insert(self.numbers, BTreeMap::new());
        self.numbers
    }

    pub(super) fn add_part(
        &mut self,
        upload: u64,
        number: u32,
        part: Bytes,
    ) -> Result<String, Refusal> {
        let etag = self.next_etag();
        let parts = self.uploads.get_mut(&upload).ok_or(Refusal::NoSuchUpload)?;
        parts.insert(number, (etag.clone(), part));
        Ok(etag)
    }

    /// Makes an object of the parts that are named.
    pub(super) fn complete(
        &mut self,
        upload: u64,
        key: &str,
        named: &[(u32, String)],
    ) -> Result<String, Refusal> {
        let parts = self.uploads.get(&upload).ok_or(Refusal::NoSuchUpload)?;
        let mut whole = Vec::new();
        for (number, etag) in named {
            let (own, part) = parts.get(number).ok_or(Refusal::InvalidPart)?;
            if own != etag {
                return Err(Refusal::InvalidPart);
            }
            whole.extend_from_slice(part);
        }
        if named.is_empty() || !named.is_sorted_by_key(|(number, _)| *number) {
            return Err(Refusal::InvalidPart);
        }
        self.uploads.remove(&upload);
        let object = Object::of(Arc::new(Bytes::from(whole)));
        Ok(self.put(key, Object { is_of_parts: true, ..object }))
    }

    pub(super) fn abort(&mut self, upload: u64) {
        self.uploads.remove(&upload);
    }

    fn next_etag(&mut self) -> String {
        self.numbers += 1;
        format!("\"{:032x}\"", self.numbers)
    }
}

/// As in `Last-Modified`.
fn http_time(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, [year, month, day], [hour, minute, second]) = parts_of(time);
    let name = |names: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, days % 7), name(&MONTHS, month - 1));
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// As in a listing.
pub(super) fn listed_time(time: SystemTime) -> String {
    let (_, [year, month, day], [hour, minute, second]) = parts_of(time);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// Days since 1970; year, month and day; hour, minute and second.
fn parts_of(time: SystemTime) -> (u64, [u64; 3], [u64; 3]) {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let days = seconds / 86_400;
    // Years that begin in March, in spans of 400 years: the leap day is the last day of both.
    let shifted = days + 719_468;
    let (span, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = span * 400 + year + u64::from(month <= 2);
    (days, [year, month, day], [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_s3_does() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(http_time(at(951_827_696)), "Tue, 29 Feb 2000 12:34:56 GMT");
        assert_eq!(listed_time(at(1_795_365_487)), "2026-11-22T16:38:07.000Z");
    }
}
