//! The product lines.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::{Reader, Table};
use crate::config::{CertificateStatus, OnConflict, Profile};

impl Reader<'_> {
    pub(super) fn profiles(&mut self, root: Table<'_, '_>) -> BTreeMap<String, Profile> {
        let mut profiles = BTreeMap::new();
        let Some(entries) = self.table(root, "profile") else { return profiles };
        let table = Table { name: "profile", entries };
        for name in entries.keys().map(|name| name.get_ref().as_ref()) {
            let Some(entries) = self.table(table, name) else { continue };
            let key = table.key(name);
            let profile = self.profile(Table { name: &key, entries });
            profiles.insert(name.to_owned(), profile);
        }
        profiles
    }

    fn profile(&mut self, table: Table<'_, '_>) -> Profile {
        self.known(
            table,
            &[
                "policies",
                "thing_groups",
                "thing_type",
                "certificate_status",
                "defer_things",
                "thing_name",
                "attributes",
                "on_conflict",
                "reactivate",
                "bundle",
            ],
        );
        let statuses = [CertificateStatus::Active, CertificateStatus::Inactive]
            .map(|choice| (choice.name(), choice));
        let conflicts = [OnConflict::Fail, OnConflict::Adopt].map(|choice| (choice.name(), choice));
        Profile {
            policies: self.strings(table, "policies").unwrap_or_default(),
            thing_groups: self.strings(table, "thing_groups").unwrap_or_default(),
            thing_type: self.thing_type(table),
            certificate_status: self
                .choice(table, "certificate_status", &statuses)
                .unwrap_or_default(),
            defer_things: self.boolean(table, "defer_things").unwrap_or_default(),
            thing_name: self.string(table, "thing_name"),
            attributes: self.attributes(table),
            on_conflict: self.choice(table, "on_conflict", &conflicts).unwrap_or_default(),
            reactivate: self.boolean(table, "reactivate").unwrap_or_default(),
            bundle: self.bundle(table),
        }
    }

    fn thing_type(&mut self, profile: Table<'_, '_>) -> Option<String> {
        // The mistake of whoever knows the lists beside it.
        let is_list = |value: &Spanned<DeValue<'_>>| value.get_ref().as_array().is_some();
        let expected = if profile.entries.get("thing_type").is_some_and(is_list) {
            "one name in quotes, since AWS allows one thing type"
        } else {
            "a text in quotes"
        };
        self.value(profile, "thing_type", expected, |value| value.as_str().map(str::to_owned))
    }

    fn attributes(&mut self, profile: Table<'_, '_>) -> BTreeMap<String, String> {
        let Some(entries) = self.table(profile, "attributes") else { return BTreeMap::new() };
        let table = Table { name: &profile.key("attributes"), entries };
        let names = entries.keys().map(|name| name.get_ref().as_ref());
        names.filter_map(|name| Some((name.to_owned(), self.string(table, name)?))).collect()
    }
}
