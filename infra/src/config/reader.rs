//! From TOML text to a configuration, with the place of every mistake.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    Architecture, Bundle, CertificateStatus, Config, ConfigError, Infineon, Log, Microchip,
    OnConflict, Problem, Profile, Rate, Signers, Vendors, suggest,
};

/// Instead of a pin: whoever may upload a certificate to the bucket is trusted to name a signer.
const UPLOADED: &str = "uploaded";

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, lines: BTreeMap::new(), problems: Vec::new() };
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| Problem {
            line: error.span().map(|span| reader.line(span.start)),
            key: String::new(),
            message: error.message().to_owned(),
        };
        return Err(ConfigError::Syntax(errors.iter().map(problem).collect()));
    }
    let config = reader.config(document.get_ref());
    let problems = reader.finish(config.problems());
    if problems.is_empty() { Ok(config) } else { Err(ConfigError::Invalid(problems)) }
}

struct Reader<'t> {
    text: &'t str,
    /// Line of each key that the file holds.
    lines: BTreeMap<String, usize>,
    problems: Vec<Problem>,
}

/// A table of the file together with its full name, which is empty for the file itself.
#[derive(Clone, Copy)]
struct Table<'t, 'i> {
    name: &'t str,
    entries: &'t DeTable<'i>,
}

impl Table<'_, '_> {
    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// For messages: behind a key, where it stands.
    fn place(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) }
    }
}

impl Reader<'_> {
    fn config(&mut self, document: &DeTable<'_>) -> Config {
        let root = Table { name: "", entries: document };
        self.known(root, &["stack", "architecture", "profile", "vendor", "rate", "log"]);
        let stack = self.string(root, "stack").unwrap_or_default();
        if !document.contains_key("stack") {
            self.problems.push(Problem::new(
                "stack",
                "`stack` is missing: name the deployment, such as stack = \"acme-thingpress\"",
            ));
        }
        let architectures =
            [Architecture::X86_64, Architecture::Arm64].map(|choice| (choice.name(), choice));
        let architecture = self.choice(root, "architecture", &architectures).unwrap_or_default();
        Config {
            stack,
            architecture,
            profiles: self.profiles(root),
            vendor: self.vendors(root),
            rate: self.rate(root),
            log: self.log(root),
        }
    }

    fn profiles(&mut self, root: Table<'_, '_>) -> BTreeMap<String, Profile> {
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

    fn vendors(&mut self, root: Table<'_, '_>) -> Vendors {
        let Some(entries) = self.table(root, "vendor") else { return Vendors::default() };
        let table = Table { name: "vendor", entries };
        self.known(table, &["microchip", "infineon"]);
        Vendors { microchip: self.microchip(table), infineon: self.infineon(table) }
    }

    fn microchip(&mut self, vendors: Table<'_, '_>) -> Microchip {
        let mut signers = Signers::default();
        let Some(entries) = self.table(vendors, "microchip") else { return Microchip { signers } };
        let table = Table { name: "vendor.microchip", entries };
        self.known(table, &["signers"]);
        let alone =
            entries.get("signers").and_then(|value| value.get_ref().as_str()) == Some(UPLOADED);
        let pins = if alone {
            vec![UPLOADED.to_owned()]
        } else {
            self.strings(table, "signers").unwrap_or_default()
        };
        for pin in pins {
            if pin == UPLOADED {
                signers.trust_uploaded = true;
            } else {
                // The form that openssl prints, with colons and capitals, names the same
                // certificate.
                signers.pins.push(pin.replace(':', "").to_ascii_lowercase());
            }
        }
        Microchip { signers }
    }

    fn infineon(&mut self, vendors: Table<'_, '_>) -> Infineon {
        let Some(entries) = self.table(vendors, "infineon") else { return Infineon::default() };
        let table = Table { name: "vendor.infineon", entries };
        self.known(table, &["bundle"]);
        Infineon { bundle: self.bundle(table).unwrap_or_default() }
    }

    fn bundle(&mut self, table: Table<'_, '_>) -> Option<Bundle> {
        let bundles =
            [Bundle::E0E0, Bundle::E0E1, Bundle::E0E2].map(|choice| (choice.name(), choice));
        self.choice(table, "bundle", &bundles)
    }

    fn rate(&mut self, root: Table<'_, '_>) -> Rate {
        let mut rate = Rate::default();
        let Some(entries) = self.table(root, "rate") else { return rate };
        let table = Table { name: "rate", entries };
        self.known(table, Rate::KEYS);
        for key in Rate::KEYS {
            if let (Some(value), Some(entry)) = (self.number(table, key), rate.entry_mut(key)) {
                *entry = value;
            }
        }
        rate
    }

    fn log(&mut self, root: Table<'_, '_>) -> Log {
        let mut log = Log::default();
        let Some(entries) = self.table(root, "log") else { return log };
        let table = Table { name: "log", entries };
        self.known(table, &["retention_days"]);
        let days = self.value(table, "retention_days", "a whole number of days", |value| {
            let integer = value.as_integer()?;
            u32::from_str_radix(integer.as_str(), integer.radix()).ok()
        });
        if let Some(days) = days {
            log.retention_days = days;
        }
        log
    }

    /// Reports the keys of a table that are not known.
    fn known(&mut self, table: Table<'_, '_>, known: &[&str]) {
        for key in table.entries.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                self.lines.insert(table.key(name), self.line(key.span().start));
                let hint = suggest::hint(name, known);
                self.problems.push(Problem::new(
                    table.key(name),
                    format!("unknown key `{name}`{}, {hint}", table.place()),
                ));
            }
        }
    }

    /// Reads a key if it is there, and reports a value of the wrong kind.
    fn value<'t, 'i, T>(
        &mut self,
        table: Table<'t, 'i>,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'t DeValue<'i>) -> Option<T>,
    ) -> Option<T> {
        let value = table.entries.get(key)?;
        self.lines.insert(table.key(key), self.line(value.span().start));
        let read = read(value.get_ref());
        if read.is_none() {
            self.problems.push(Problem::new(
                table.key(key),
                format!("`{key}`{} must be {expected}, got {}", table.place(), shown(value)),
            ));
        }
        read
    }

    fn table<'t, 'i>(&mut self, table: Table<'t, 'i>, key: &str) -> Option<&'t DeTable<'i>> {
        self.value(table, key, "a table", DeValue::as_table)
    }

    fn string(&mut self, table: Table<'_, '_>, key: &str) -> Option<String> {
        self.value(table, key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    fn boolean(&mut self, table: Table<'_, '_>, key: &str) -> Option<bool> {
        self.value(table, key, "true or false", DeValue::as_bool)
    }

    fn number(&mut self, table: Table<'_, '_>, key: &str) -> Option<f64> {
        self.value(table, key, "a number", |value| match value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        })
    }

    fn strings(&mut self, table: Table<'_, '_>, key: &str) -> Option<Vec<String>> {
        let items = self.value(table, key, "a list of texts", DeValue::as_array)?;
        let mut strings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let item_key = format!("{}[{index}]", table.key(key));
            self.lines.insert(item_key.clone(), self.line(item.span().start));
            if let Some(text) = item.get_ref().as_str() {
                strings.push(text.to_owned());
            } else {
                // Kept, so that the places of the items behind it stay right.
                strings.push(String::new());
                self.problems.push(Problem::new(
                    item_key,
                    format!(
                        "`{key}`{} must be a list of texts, but holds {}",
                        table.place(),
                        shown(item)
                    ),
                ));
            }
        }
        Some(strings)
    }

    fn choice<T: Copy>(
        &mut self,
        table: Table<'_, '_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        self.value(table, key, &names.join(" or "), |value| {
            let name = value.as_str()?;
            choices.iter().find(|(choice, _)| *choice == name).map(|(_, choice)| *choice)
        })
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// All problems in the order of the file, each with its line.
    ///
    /// What could not be read has a stand-in value, about which the rules have nothing to say.
    fn finish(self, from_rules: Vec<Problem>) -> Vec<Problem> {
        let unread: BTreeSet<String> =
            self.problems.iter().map(|problem| problem.key.clone()).collect();
        let mut problems = self.problems;
        problems.extend(from_rules.into_iter().filter(|problem| !unread.contains(&problem.key)));
        for problem in &mut problems {
            problem.line = self.lines.get(&problem.key).copied();
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// A value of the wrong kind, as the person wrote it where it is short.
fn shown(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
