//! What was found out about a file, for a person at a terminal.

use std::collections::BTreeMap;

use ledger::Note;

use super::{
    certificates::Trusted,
    finding::{
        Chains, Counts, Finding, Group, Names, Signatures, Validity, Verdict, Verifier, What,
    },
    page::{INDENT, Page},
    settings::Settings,
};
use crate::progress::Paint;

/// How many signers and issuers are shown.
const VERIFIERS: usize = 5;

/// A finding as lines of text.
pub(super) fn finding(finding: &Finding, settings: &Settings, paint: Paint) -> String {
    let mut page = Page::new(paint.bold(&finding.file), paint);
    page.row("what it is", &format!("{}, {}", what(finding), bytes(finding.bytes)));
    page.row("SHA-256", &finding.sha256);
    match &finding.certificate {
        Some(certificate) => verifier(&mut page, finding.what, certificate),
        None => entries(&mut page, finding, settings),
    }
    page.text()
}

/// The sum over all files, and what was not done.
pub(super) fn end(findings: &[(Verdict, Counts)], paint: Paint) -> String {
    let files = findings.len();
    let unusable = findings.iter().filter(|(verdict, _)| *verdict == Verdict::Unusable).count();
    let sum = |count: fn(&Counts) -> u64| -> u64 {
        findings.iter().map(|(_, counts)| count(counts)).sum()
    };
    let (read, devices) = (sum(|counts| counts.read), sum(|counts| counts.devices));
    let entries = match (read, devices) {
        (0, _) => String::new(),
        (1, 1) => "The only entry would be taken".to_owned(),
        (read, devices) if read == devices => format!("All {read} entries would be taken"),
        (read, devices) => format!("{devices} of {read} entries would be taken"),
    };
    let cannot = match (files, unusable) {
        (_, 0) => String::new(),
        (1, _) => "The file cannot be used".to_owned(),
        (files, unusable) => format!("{unusable} of {files} files cannot be used"),
    };
    let all = match (cannot.is_empty(), entries.is_empty()) {
        (true, true) => "Nothing is wrong".to_owned(),
        (true, false) => entries,
        (false, _) if devices == 0 => cannot,
        (false, _) => format!("{cannot}; {devices} of {read} entries would be taken"),
    };
    let sign = if unusable == 0 && devices == read { paint.green("✓") } else { paint.red("✗") };
    format!("{sign} {all}. Nothing was sent anywhere, and nothing was written")
}

fn verifier(page: &mut Page, what: What, certificate: &Verifier) {
    page.row("name", &certificate.name);
    page.row("fingerprint", &certificate.fingerprint);
    page.row("key", &certificate.key);
    page.row("valid", &format!("{} to {}", certificate.not_before, certificate.not_after));
    let text = match (what, certificate.trusted) {
        (What::Signer, Some(Trusted::No)) => {
            let sign = page.paint.yellow("!");
            page.blank();
            page.paragraph(2, &format!(
                "{sign} this signer is not trusted. If it is really yours, pin it in the configuration and deploy: \
                 [vendor.microchip] signers = [\"{}\"]",
                certificate.fingerprint
            ));
            return;
        }
        (_, Some(trusted)) => format!("manifests that it signed are taken: {}", why(trusted)),
        (_, None) => "certificates that name it as their issuer are checked against it".to_owned(),
    };
    page.row("trusted", &text);
}

fn entries(page: &mut Page, finding: &Finding, settings: &Settings) {
    let source = settings.source.as_deref().unwrap_or("no configuration");
    page.row("checked with", &format!("profile `{}` of {source}", finding.profile));
    page.blank();
    if let Some(stop) = &finding.stopped {
        let sign = page.paint.red("✗");
        page.paragraph(2, &format!("{sign} {}: {}", page.paint.bold(&stop.code), stop.reason));
        page.blank();
    }
    books(page, finding);
    facts(page, finding, settings);
    for group in &finding.problems {
        page.blank();
        let sign = page.paint.red("✗");
        let times = plural(group.count, "entry", "entries");
        self::group(page, &sign, group, &times);
    }
    for group in &finding.warnings {
        page.blank();
        let sign = page.paint.yellow("!");
        let times = plural(group.count, "device", "devices");
        self::group(page, &sign, group, &times);
    }
    for Note { code, reason } in &finding.notes {
        page.blank();
        page.line(format!("  {} {}", page.paint.yellow("!"), page.paint.bold(code)));
        page.paragraph(4, reason);
    }
}

/// The count of every end, and that they add up.
fn books(page: &mut Page, finding: &Finding) {
    let Counts { read, devices, rejected, conflict, not_attempted } = finding.counts;
    if read == 0 {
        return;
    }
    let ends = [
        (devices, "devices"),
        (rejected, "rejected"),
        (conflict, "conflict"),
        (not_attempted, "not attempted"),
    ];
    let width = read.to_string().len();
    page.row("entries", &format!("{read:>width$}"));
    for (count, word) in ends.iter().filter(|(count, _)| *count > 0) {
        page.row(word, &format!("{count:>width$}"));
    }
    let sum: Vec<String> = ends
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let text = format!("{read} read = {}", sum.join(" + "));
    let line = if finding.balanced {
        format!("{} the books balance: {text}", page.paint.green("✓"))
    } else {
        format!("{} THE BOOKS DO NOT BALANCE: {text}", page.paint.red("✗"))
    };
    page.paragraph(INDENT, &line);
}

fn facts(page: &mut Page, finding: &Finding, settings: &Settings) {
    if finding.counts.devices == 0 && finding.counts.not_attempted == 0 {
        return;
    }
    page.blank();
    if let Some(batch) = &finding.batch {
        page.row("batch", batch);
    }
    if !finding.part_numbers.is_empty() {
        page.row("parts", &counted(&finding.part_numbers));
    }
    if let Some(bundle) = &finding.bundle {
        page.row("set", bundle);
    }
    signatures(page, &finding.signatures);
    if finding.what == What::Manifest {
        chains(page, &finding.chains);
    }
    if !finding.keys.is_empty() {
        page.row("keys", &counted(&finding.keys));
    }
    if let Some(validity) = &finding.validity {
        page.row("validity", &self::validity(validity));
    }
    let is_deferred = finding.what == What::Manifest && settings.profile.defer_things;
    page.row("things", &names(&finding.names, is_deferred));
}

fn signatures(page: &mut Page, signatures: &Signatures) {
    let Signatures { verified, failed, signers } = signatures;
    if *verified == 0 && *failed == 0 {
        return;
    }
    let failed = if *failed == 0 { String::new() } else { format!(", {failed} failed") };
    page.row("signatures", &format!("{verified} verified{failed}"));
    for signer in signers.iter().take(VERIFIERS) {
        let devices = plural(signer.devices, "device", "devices");
        page.row("", &format!("{devices} by {}: {}", signer.name, why(signer.trusted)));
        page.row("", &signer.fingerprint);
    }
    further(page, signers.len());
}

fn chains(page: &mut Page, chains: &Chains) {
    let Chains { verified, unchecked, issuers } = chains;
    let unchecked = match (verified, unchecked) {
        (0, 0) => return,
        (_, 0) => String::new(),
        (0, _) => {
            page.row("chains", "none verified: the issuer's certificate is not at hand");
            return;
        }
        (_, unchecked) => format!(", {unchecked} without their issuer's certificate"),
    };
    page.row("chains", &format!("{verified} verified{unchecked}"));
    for issuer in issuers.iter().take(VERIFIERS) {
        let devices = plural(issuer.devices, "device", "devices");
        let whence = if issuer.given {
            "whose certificate was given"
        } else {
            "which the file brings along"
        };
        page.row("", &format!("{devices} by {}, {whence}", issuer.name));
        page.row("", &issuer.fingerprint);
    }
    further(page, issuers.len());
}

/// Says how many are not shown.
fn further(page: &mut Page, all: usize) {
    let more = all.saturating_sub(VERIFIERS);
    if more > 0 {
        page.row("", &format!("and {more} more (all of them with --json)"));
    }
}

const fn why(trusted: Trusted) -> &'static str {
    match trusted {
        Trusted::Published => "published by Microchip",
        Trusted::Pinned => "pinned in the configuration",
        Trusted::AsUploaded => "the configuration trusts every signer that is uploaded",
        Trusted::AsGiven => "trusted because it was given",
        Trusted::No => "not trusted",
    }
}

fn validity(validity: &Validity) -> String {
    let Validity { first_begins, last_begins, first_ends, last_ends, expired, not_yet } = validity;
    let between = |first: &String, last: &String| {
        if first == last { first.clone() } else { format!("{first} .. {last}") }
    };
    let mut parts = vec![format!(
        "from {} to {}",
        between(first_begins, last_begins),
        between(first_ends, last_ends)
    )];
    for (count, what) in [(*expired, "expired"), (*not_yet, "not valid yet")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join("; ")
}

fn names(names: &Names, is_deferred: bool) -> String {
    if is_deferred {
        return "later: the profile leaves them to the factory's device-infos".to_owned();
    }
    let gap = (!names.last.is_empty()).then_some("..");
    let shown = names.first.iter().map(String::as_str).chain(gap);
    shown.chain(names.last.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
}

fn group(page: &mut Page, sign: &str, group: &Group, times: &str) {
    let again = if group.retry { "; the same file can succeed later" } else { "" };
    page.line(format!("  {sign} {}, {times}{again}", page.paint.bold(&group.code)));
    page.paragraph(4, &group.reason);
    if let Some(here) = here(&group.code) {
        let sign = page.paint.cyan("→");
        page.paragraph(4, &format!("{sign} {here}"));
    }
    let width = group.places.iter().map(|at| at.place.chars().count()).max().unwrap_or_default();
    for at in &group.places {
        let line = format!("      {:<width$}  {}", at.place, at.id);
        page.line(line.trim_end().to_owned());
    }
    let shown = u64::try_from(group.places.len()).unwrap_or(u64::MAX);
    let more = group.count.saturating_sub(shown);
    if more > 0 {
        page.line(format!("      and {more} more (all of them with --json)"));
    }
}

/// What can be done about it at once, where the reason speaks of a bucket.
fn here(code: &str) -> Option<&'static str> {
    match code {
        "Signer.NotUploaded" => Some(
            "here: give the signer's certificate along with the manifest, as a FILE or by --signer",
        ),
        "Certificate.IssuerNotUploaded" => Some(
            "here: give Infineon's CA certificate along with the manifest, as a FILE or by --signer",
        ),
        _ => None,
    }
}

/// What is told from a file's content, in words.
fn what(finding: &Finding) -> &'static str {
    match (finding.what, finding.vendor.as_deref()) {
        (What::Manifest, Some("microchip")) => "a Microchip manifest",
        (What::Manifest, Some("infineon")) => "an Infineon manifest",
        (What::Manifest, Some("espressif")) => "an Espressif manifest",
        (What::Manifest, _) => "certificates of devices",
        (What::DeviceInfos, _) => "a factory's device-infos",
        (What::Signer, _) => "the certificate of a signer of Microchip's manifests",
        (What::Authority, _) => "the certificate of an authority that issues devices' certificates",
        (What::Unknown, Some("mes")) => "no device-infos of a factory",
        (What::Unknown, Some("microchip")) => "no Microchip manifest",
        (What::Unknown, Some("infineon")) => "no Infineon manifest",
        (What::Unknown, Some("espressif")) => "no Espressif manifest",
        (What::Unknown, Some(_)) => "no certificates of devices",
        (What::Unknown, None) => "nothing that can be imported",
    }
}

/// `a (9), b (1)`, and the only one without its count.
fn counted(counts: &BTreeMap<String, u64>) -> String {
    if let [only] = counts.keys().collect::<Vec<_>>().as_slice() {
        return (*only).clone();
    }
    let parts: Vec<String> =
        counts.iter().map(|(what, count)| format!("{what} ({count})")).collect();
    parts.join(", ")
}

fn plural(count: u64, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Verdict, end};
    use crate::progress::Paint;

    #[track_caller]
    fn check(findings: &[(Verdict, u64, u64)], expected: &str) {
        let findings: Vec<_> = findings
            .iter()
            .map(|&(verdict, read, devices)| {
                (verdict, Counts { read, devices, ..Counts::default() })
            })
            .collect();
        let said = end(&findings, Paint::plain());
        assert_eq!(said, format!("{expected}. Nothing was sent anywhere, and nothing was written"));
    }

    #[test]
    fn the_end_is_one_sentence_over_all_files() {
        check(&[(Verdict::Fine, 0, 0)], "✓ Nothing is wrong");
        check(&[(Verdict::Fine, 1, 1)], "✓ The only entry would be taken");
        check(&[(Verdict::Fine, 4, 4), (Verdict::Fine, 3, 3)], "✓ All 7 entries would be taken");
        check(&[(Verdict::SomeNotFine, 4, 3)], "✗ 3 of 4 entries would be taken");
        check(&[(Verdict::Unusable, 0, 0)], "✗ The file cannot be used");
        check(
            &[(Verdict::Unusable, 2, 0), (Verdict::Fine, 3, 3)],
            "✗ 1 of 2 files cannot be used; 3 of 5 entries would be taken",
        );
    }
}
