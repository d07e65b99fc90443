//! Members of archives, by their names and by what is in them.

use std::io::{self, Read};

use crate::private_key::Watch;

/// What a member's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Usable,
    /// What people and their systems put beside the files that matter.
    PassedOver,
    /// It points out of the archive. Nothing is ever written under it, but whoever made it so meant
    /// no good, or has a broken tool.
    Unsafe,
}

/// Judges a member by its name.
pub(crate) fn judge(name: &str) -> Name {
    let mut parts = name.split('/');
    let has_drive = matches!(name.as_bytes(), [b'A'..=b'Z' | b'a'..=b'z', b':', ..]);
    if name.is_empty()
        || name.starts_with('/')
        || name.contains(['\\', '\0'])
        || has_drive
        || parts.clone().any(|part| part == "..")
    {
        return Name::Unsafe;
    }
    let base = base_name(name).to_ascii_lowercase();
    let passed_over = base.starts_with('.')
        || ["readme", "license", "licence"].iter().any(|prefix| base.starts_with(prefix))
        || ["thumbs.db", "desktop.ini"].contains(&base.as_str())
        || parts.any(|part| part == "__MACOSX");
    if passed_over { Name::PassedOver } else { Name::Usable }
}

/// A member's name without folders.
pub(crate) fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether there is a private key in a member that is not read otherwise.
pub(crate) fn hides_key(member: &mut dyn Read) -> io::Result<bool> {
    let mut watch = Watch::default();
    let mut buffer = vec![0; 16 << 10];
    loop {
        match member.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) if watch.sees(buffer.get(..count).unwrap_or_default()) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, judge};

    #[test]
    fn names_that_point_out_of_the_archive_are_unsafe() {
        for name in [
            "../a.pem",
            "a/../../b",
            "/etc/passwd",
            "..",
            r"a\b.pem",
            "C:/a.pem",
            "c:a",
            "",
            "a\0b",
        ] {
            assert_eq!(judge(name), Name::Unsafe, "{name}");
        }
        for name in ["a.pem", "reel/a.pem", "a..b.pem", "./a.pem", "ab:c"] {
            assert_eq!(judge(name), Name::Usable, "{name}");
        }
    }

    #[test]
    fn what_systems_and_people_put_beside_is_passed_over() {
        for name in [
            "README.txt",
            "reel/readme",
            "LICENSE",
            "Licence.md",
            ".DS_Store",
            "a/.hidden.pem",
            "__MACOSX/._a.pem",
            "__MACOSX/a.pem",
            "Thumbs.db",
        ] {
            assert_eq!(judge(name), Name::PassedOver, "{name}");
        }
    }
}
