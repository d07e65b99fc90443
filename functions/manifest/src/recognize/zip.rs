//! Whose zip archive it is, by its first useful member.

use std::io::{Read, Seek};

use super::{Content, HEAD_BYTES, recognize};
use crate::archive::{Budget, Metered, Name, Trouble, Zip, judge};
use crate::context::Limits;
use crate::infineon;
use crate::vendor::Vendor;

/// Says what is in a zip archive: [`Content::Manifest`] where its first useful member belongs to a
/// vendor's manifest, and what that member is otherwise. [`Content::Zip`] where the archive cannot
/// be read: decoding says why.
pub fn recognize_zip<R: Read + Seek>(source: R, limits: Limits) -> Content {
    look(source, limits).unwrap_or(Content::Zip)
}

fn look<R: Read + Seek>(source: R, limits: Limits) -> Result<Content, Trouble> {
    let mut zip = Zip::open(source, limits)?;
    for index in 0..zip.len() {
        let member = zip.member(index)?;
        if member.is_folder || judge(&member.name) != Name::Usable {
            continue;
        }
        if infineon::is_chip_certificate(&member.name) {
            return Ok(Content::Manifest(Vendor::Infineon));
        }
        let budget = Budget::new(limits.inflated_bytes);
        let mut content = zip.open_member(&member)?;
        let mut content = Metered::new(&mut content, &budget);
        let one_more = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut head = Vec::new();
        (&mut content).take(one_more).read_to_end(&mut head)?;
        return Ok(match recognize(&head, head.len() <= HEAD_BYTES) {
            Content::Certificate(_) => Content::Manifest(Vendor::Generated),
            content => content,
        });
    }
    Ok(Content::Empty)
}
