//! What the files are called.

use std::path::Path;

use anyhow::Result;

use crate::advice::with_hint;

/// Names made of the uploaded file's, which strangers may have chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    stem: String,
    /// With its dot; empty where the file has none.
    extension: String,
}

impl Names {
    pub(super) fn of(key: &str) -> Self {
        let name = key.rsplit('/').next().unwrap_or(key);
        let is_plain = |character: char| character.is_alphanumeric() || "._- ".contains(character);
        let name: String =
            name.chars().map(|each| if is_plain(each) { each } else { '_' }).collect();
        match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => {
                Self { stem: stem.to_owned(), extension: format!(".{extension}") }
            }
            _ => Self { stem: name, extension: String::new() },
        }
    }

    /// Out of an archive comes a zip archive, whatever it was.
    pub(super) fn file(&self, is_archive: bool) -> String {
        let extension = if is_archive { ".zip" } else { &self.extension };
        format!("{}.retry{extension}", self.stem)
    }

    pub(super) fn reasons(&self) -> String {
        format!("{}.retry.reasons.csv", self.stem)
    }

    /// Somebody may have put entries right in a file that is there already.
    pub(super) fn check_free(&self, folder: &Path) -> Result<()> {
        for name in [self.file(false), self.file(true), self.reasons()] {
            let path = folder.join(name);
            if path.exists() {
                return Err(with_hint(
                    format!("{} is there already", path.display()),
                    "move it away, or name another folder",
                ));
            }
        }
        Ok(())
    }
}

/// The folder that a key begins with, by which its profile is chosen.
pub(super) fn profile_folder(key: &str) -> Option<&str> {
    key.split_once('/').map(|(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[track_caller]
    fn check(key: &str, plain: &str, archive: &str, reasons: &str) {
        let names = Names::of(key);
        assert_eq!(
            [names.file(false), names.file(true), names.reasons()],
            [plain, archive, reasons]
        );
    }

    #[test]
    fn the_files_are_called_as_the_one_that_was_uploaded() {
        check("reel.json", "reel.retry.json", "reel.retry.zip", "reel.retry.reasons.csv");
        check(
            "a/b/Los 7.v2.7z",
            "Los 7.v2.retry.7z",
            "Los 7.v2.retry.zip",
            "Los 7.v2.retry.reasons.csv",
        );
        check("x/list", "list.retry", "list.retry.zip", "list.retry.reasons.csv");
    }

    #[test]
    fn a_strangers_name_leads_nowhere_else() {
        check("a/..", "..retry.", "..retry.zip", "..retry.reasons.csv");
        check(
            "..\\..\\x\u{202e}\n.txt",
            ".._.._x__.retry.txt",
            ".._.._x__.retry.zip",
            ".._.._x__.retry.reasons.csv",
        );
        check("", ".retry", ".retry.zip", ".retry.reasons.csv");
    }

    #[test]
    fn what_is_there_already_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::of("reel.json");
        assert!(names.check_free(folder.path()).is_ok());
        std::fs::write(folder.path().join("reel.retry.zip"), "").unwrap();
        let error = names.check_free(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("reel.retry.zip is there already"), "{error}");
    }
}
