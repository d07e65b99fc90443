//! What the run was about: the file, the profile, and the run itself.

use ledger::{CertificateStatus, Plan, Report};

use super::{Contents, time};
use crate::{console, inert::visible, words};

/// Facts of one kind.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) heading: &'static str,
    pub(crate) list: Vec<Fact>,
}

/// A name with its values.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<String>,
    /// Whether the values are written to be copied.
    pub(crate) is_literal: bool,
    /// The page that they are about.
    pub(crate) link: Option<String>,
}

/// All that is known; what is empty is left out.
pub(crate) fn of(contents: &Contents<'_>) -> Vec<Facts> {
    let Report { dry, undoes, .. } = contents.report;
    let devices = match (undoes, dry) {
        (Some(_), _) => "What devices had got",
        (None, true) => "What devices would get",
        (None, false) => "What devices get",
    };
    let all = [
        Facts { heading: "The file", list: file(contents.report) },
        Facts { heading: devices, list: profile(contents) },
        Facts { heading: "The run", list: run(contents) },
    ];
    let known = all.into_iter().map(|mut facts| {
        facts.list.iter_mut().for_each(|fact| fact.values.retain(|value| !value.is_empty()));
        facts.list.retain(|fact| !fact.values.is_empty());
        facts
    });
    known.filter(|facts| !facts.list.is_empty()).collect()
}

fn file(report: &Report) -> Vec<Fact> {
    let source = &report.source;
    let size = if source.bytes == 0 { String::new() } else { words::size(source.bytes) };
    vec![
        literal("Address", visible(&format!("s3://{}/{}", source.bucket, source.key))),
        literal("Version", visible(&source.version)),
        text("Size", size),
        literal("SHA-256", source.sha256.clone()),
        text("Uploaded by", visible(&source.uploader)),
        Fact {
            values: report.signers.iter().map(|signer| visible(signer)).collect(),
            ..literal("Signed by", String::new())
        },
    ]
}

fn profile(contents: &Contents<'_>) -> Vec<Fact> {
    let name = text("Profile", visible(&contents.report.profile));
    let Some(Plan { profile, .. }) = contents.plan else { return vec![name] };
    let names = |name, values: &[String]| Fact {
        values: values.iter().map(|value| visible(value)).collect(),
        ..literal(name, String::new())
    };
    let status = match profile.certificate_status {
        _ if contents.report.vendor == "mes" => "ACTIVE, at the end",
        CertificateStatus::Active => "ACTIVE",
        CertificateStatus::Inactive => "INACTIVE, until they are activated",
    };
    let things = if profile.defer_things && contents.report.vendor != "mes" {
        "later, when the factory activates the device"
    } else {
        ""
    };
    vec![
        name,
        names("Policies", &profile.policies),
        names("Thing groups", &profile.thing_groups),
        literal("Thing type", visible(profile.thing_type.as_deref().unwrap_or_default())),
        literal("Names", visible(profile.thing_name.as_deref().unwrap_or_default())),
        text("Things", things.to_owned()),
        text("Certificates", status.to_owned()),
    ]
}

fn run(contents: &Contents<'_>) -> Vec<Fact> {
    let report = contents.report;
    // What a dry run itself cost is not what anybody asks.
    let (name, dollars) = match &report.forecast {
        Some(forecast) => ("Cost of an import", forecast.dollars),
        None if report.dry => ("Cost of the dry run", contents.cost),
        None => ("Cost", contents.cost),
    };
    let cost = format!("about {}, by public prices without free tiers", words::money(dollars));
    let duration = report.started.map(|started| words::duration(report.ended - started));
    vec![
        literal("Run", visible(&report.run)),
        text("Started", report.started.map(time).unwrap_or_default()),
        text("Ended", time(report.ended)),
        text("Duration", duration.unwrap_or_default()),
        text(name, cost),
        Fact {
            link: console::link(&report.execution),
            ..literal("Execution", visible(&report.execution))
        },
        literal("For programs", contents.address.to_owned()),
        literal("Every entry", report.results.clone()),
        text("Thingpress", report.version.clone()),
    ]
}

fn text(name: &'static str, value: String) -> Fact {
    Fact { name, values: vec![value], is_literal: false, link: None }
}

fn literal(name: &'static str, value: String) -> Fact {
    Fact { is_literal: true, ..text(name, value) }
}
