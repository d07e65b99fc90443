//! Takes the tables for unwinding out of a program.
//!
//! The functions abort where they panic (`panic = "abort"`), so nobody ever reads these tables; the compiler
//! makes them all the same, and the standard library comes with its own. They are a tenth of a program, also zipped.
//! They are overwritten with zeros, which take no room in a zip, and the program is told that it has none: nothing else
//! moves.

use std::ops::Range;

/// The sections that hold the tables.
const TABLES: [&[u8]; 3] = [b".eh_frame", b".eh_frame_hdr", b".gcc_except_table"];

/// The segment by which the tables are found, and the one that everybody passes over.
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const PT_NULL: u32 = 0;

/// Where ELF has what, in a program of 64 bits with the lowest byte first.
const MAGIC: &[u8] = b"\x7fELF\x02\x01\x01";
const SEGMENTS: Table = Table { at: 0x20, size: 0x36, count: 0x38 };
const SECTIONS: Table = Table { at: 0x28, size: 0x3a, count: 0x3c };
const NAMES_SECTION: usize = 0x3e;
const SECTION_OFFSET: usize = 0x18;
const SECTION_SIZE: usize = 0x20;

/// A program without its tables; one of another form comes back as it is.
pub(super) fn without_tables(mut program: Vec<u8>) -> Vec<u8> {
    if let Some(cut) = find(&program) {
        for range in cut.tables {
            if let Some(table) = program.get_mut(range) {
                table.fill(0);
            }
        }
        for at in cut.segments {
            if let Some(kind) = program.get_mut(at..at + 4) {
                kind.copy_from_slice(&PT_NULL.to_le_bytes());
            }
        }
    }
    program
}

/// What there is to cut.
#[derive(Debug, Default)]
struct Cut {
    tables: Vec<Range<usize>>,
    /// Where the kinds of the segments stand.
    segments: Vec<usize>,
}

fn find(program: &[u8]) -> Option<Cut> {
    if !program.starts_with(MAGIC) {
        return None;
    }
    let mut cut = Cut::default();
    let sections = SECTIONS.entries(program)?;
    let names = usize::from(u16_at(program, NAMES_SECTION)?);
    let names = content(program, *sections.get(names)?)?;
    for section in sections {
        let name = usize::try_from(u32_at(program, section)?).ok()?;
        let name = program.get(names.start.checked_add(name)?..names.end)?;
        let name = name.split(|byte| *byte == 0).next()?;
        if TABLES.contains(&name) {
            cut.tables.push(content(program, section)?);
        }
    }
    for segment in SEGMENTS.entries(program)? {
        if u32_at(program, segment)? == PT_GNU_EH_FRAME {
            cut.segments.push(segment);
        }
    }
    Some(cut)
}

/// Where the header says where a table stands, how large an entry is, and how many there are.
struct Table {
    at: usize,
    size: usize,
    count: usize,
}

impl Table {
    /// Where each entry begins.
    fn entries(&self, program: &[u8]) -> Option<Vec<usize>> {
        let at = u64_at(program, self.at)?;
        let size = usize::from(u16_at(program, self.size)?);
        let count = usize::from(u16_at(program, self.count)?);
        (0..count).map(|number| at.checked_add(number.checked_mul(size)?)).collect()
    }
}

/// Where a section's content stands in the file.
fn content(program: &[u8], section: usize) -> Option<Range<usize>> {
    let offset = u64_at(program, section.checked_add(SECTION_OFFSET)?)?;
    let size = u64_at(program, section.checked_add(SECTION_SIZE)?)?;
    Some(offset..offset.checked_add(size)?)
}

fn u16_at(program: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*program.get(at..)?.first_chunk()?))
}

fn u32_at(program: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*program.get(at..)?.first_chunk()?))
}

fn u64_at(program: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(*program.get(at..)?.first_chunk()?)).ok()
}

#[cfg(test)]
mod tests {
    use std::{env, fs, os::unix::fs::PermissionsExt as _, process::Command};

    use super::{find, without_tables};

    /// This test's own program.
    fn program() -> Vec<u8> {
        fs::read(env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn the_tables_are_overwritten_and_nothing_moves() {
        let before = program();
        let cut = find(&before).unwrap();
        assert!(cut.tables.len() >= 2 && cut.segments.len() == 1, "{cut:?}");
        let after = without_tables(before.clone());
        assert_eq!(after.len(), before.len());
        for table in &cut.tables {
            assert!(before[table.clone()].iter().any(|byte| *byte != 0));
            assert!(after[table.clone()].iter().all(|byte| *byte == 0));
        }
        assert!(find(&after).unwrap().segments.is_empty());
        let same = |at: &usize| {
            cut.tables.iter().any(|table| table.contains(at))
                || (cut.segments[0]..cut.segments[0] + 4).contains(at)
                || before[*at] == after[*at]
        };
        assert!((0..before.len()).all(|at| same(&at)));
    }

    #[test]
    fn the_program_still_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        fs::write(&path, without_tables(program())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let ended = Command::new(&path).arg("--list").output().unwrap();
        assert!(ended.status.success());
        assert!(String::from_utf8_lossy(&ended.stdout).contains("the_program_still_runs"));
    }

    #[test]
    fn what_is_no_program_comes_back_as_it_is() {
        let cut_off = program().into_iter().take(100).collect::<Vec<_>>();
        for bytes in [Vec::new(), b"binary".to_vec(), b"\x7fELF\x02\x01\x01".to_vec(), cut_off] {
            assert_eq!(without_tables(bytes.clone()), bytes);
        }
    }
}
