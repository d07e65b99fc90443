//! The keys about the stack's resources.

use std::collections::BTreeMap;

use super::{Reader, Table};
use crate::config::{BucketNames, Encryption, Notify};
use crate::names::FUNCTIONS;

impl Reader<'_> {
    pub(super) fn bucket_names(&mut self, root: Table<'_, '_>) -> BucketNames {
        let choices =
            [BucketNames::Stack, BucketNames::Account].map(|choice| (choice.name(), choice));
        self.choice(root, "bucket_names", &choices).unwrap_or_default()
    }

    pub(super) fn encryption(&mut self, root: Table<'_, '_>) -> Encryption {
        let choices = [Encryption::S3, Encryption::Kms].map(|choice| (choice.name(), choice));
        self.choice(root, "encryption", &choices).unwrap_or_default()
    }

    pub(super) fn notify(&mut self, root: Table<'_, '_>) -> Notify {
        let Some(entries) = self.table(root, "notify") else { return Notify::default() };
        let table = Table { name: "notify", entries };
        self.known(table, &["emails"]);
        Notify { emails: self.strings(table, "emails").unwrap_or_default() }
    }

    pub(super) fn reserved_concurrency(&mut self, root: Table<'_, '_>) -> BTreeMap<String, u32> {
        let mut reserved = BTreeMap::new();
        let Some(entries) = self.table(root, "reserved_concurrency") else { return reserved };
        let table = Table { name: "reserved_concurrency", entries };
        self.known(table, &FUNCTIONS);
        for function in FUNCTIONS {
            if let Some(executions) = self.whole(table, function, "a whole number of executions") {
                reserved.insert(function.to_owned(), executions);
            }
        }
        reserved
    }
}
