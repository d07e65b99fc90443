//! The account's quotas of AWS IoT against `[rate]`, and how many devices an hour follow.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_servicequotas::{Client, types::ServiceQuota};
use infra::Config;

use super::{Finding, Patient, speed};
use crate::aws::{failure, is_local};

const TOPIC: &str = "quotas";
/// AWS IoT Core in Service Quotas.
const SERVICE: &str = "iotcore";

/// Keys of `[rate]` and the operations that they are about.
pub(super) const OPERATIONS: [(&str, &str); 17] = [
    ("register_certificate", "RegisterCertificateWithoutCA"),
    ("attach_policy", "AttachPolicy"),
    ("describe_thing", "DescribeThing"),
    ("create_thing", "CreateThing"),
    ("update_thing", "UpdateThing"),
    ("attach_thing_principal", "AttachThingPrincipal"),
    ("add_thing_to_thing_group", "AddThingToThingGroup"),
    ("list_thing_principals", "ListThingPrincipals"),
    ("describe_certificate", "DescribeCertificate"),
    ("update_certificate", "UpdateCertificate"),
    ("list_attached_policies", "ListAttachedPolicies"),
    ("list_thing_groups", "ListThingGroupsForThing"),
    ("list_principal_things", "ListPrincipalThings"),
    ("detach_policy", "DetachPolicy"),
    ("remove_thing_from_thing_group", "RemoveThingFromThingGroup"),
    ("delete_thing", "DeleteThing"),
    ("delete_certificate", "DeleteCertificate"),
];

pub(super) async fn look(patient: Patient<'_>) -> Vec<Finding> {
    match quotas(patient).await {
        Ok(quotas) => findings(patient.config, &quotas),
        Err(_) if is_local(patient.aws) => {
            let text = "the local cloud has none, so that they are not asked here";
            let mut findings = vec![Finding::not_asked(TOPIC, text)];
            findings.extend(speed::look(patient.config, &BTreeMap::new()));
            findings
        }
        Err(error) => {
            let mut findings = vec![Finding::not_asked(TOPIC, format!("{error:#}"))];
            findings.extend(speed::look(patient.config, &BTreeMap::new()));
            findings
        }
    }
}

/// What the account may do a second, by the names of the quotas. The values in force replace the defaults, which
/// Service Quotas lists apart.
async fn quotas(patient: Patient<'_>) -> Result<BTreeMap<String, f64>> {
    let client = Client::new(patient.aws);
    let mut quotas = BTreeMap::new();
    let mut defaults = client
        .list_aws_default_service_quotas()
        .service_code(SERVICE)
        .into_paginator()
        .items()
        .send();
    while let Some(quota) = defaults.next().await {
        note(&mut quotas, &quota.map_err(failure)?);
    }
    let mut applied =
        client.list_service_quotas().service_code(SERVICE).into_paginator().items().send();
    while let Some(quota) = applied.next().await {
        note(&mut quotas, &quota.map_err(failure)?);
    }
    Ok(quotas)
}

fn note(quotas: &mut BTreeMap<String, f64>, quota: &ServiceQuota) {
    if let (Some(name), Some(value)) = (quota.quota_name(), quota.value()) {
        quotas.insert(name.to_owned(), value);
    }
}

/// The quota of an operation: Service Quotas calls it `CreateThing API TPS`. Names are all there is to go by, so any
/// name will do that has the operation as a word and speaks of seconds.
pub(super) fn quota_of(quotas: &BTreeMap<String, f64>, operation: &str) -> Option<f64> {
    let is_it = |name: &str| {
        let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
        let is_rate = name.contains("TPS") || name.to_ascii_lowercase().contains("per second");
        is_rate && words.any(|word| word.eq_ignore_ascii_case(operation))
    };
    quotas.iter().find(|(name, _)| is_it(name)).map(|(_, value)| *value)
}

/// Besides the operation's own there is one on new certificates, however they are made.
pub(super) fn new_certificates(quotas: &BTreeMap<String, f64>) -> Option<f64> {
    let is_it = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("device certificates") && name.contains("second")
    };
    quotas.iter().find(|(name, _)| is_it(name)).map(|(_, value)| *value)
}

fn findings(config: &Config, quotas: &BTreeMap<String, f64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fitting = 0;
    let mut unknown = Vec::new();
    for (key, rate) in config.rate.entries() {
        let Some((_, operation)) = OPERATIONS.iter().find(|(named, _)| *named == key) else {
            continue;
        };
        let Some(quota) = quota_of(quotas, operation) else {
            unknown.push(*operation);
            continue;
        };
        if rate > quota {
            findings.push(Finding::warning(
                TOPIC,
                format!("{operation}: [rate] has {rate} a second, and the quota is {quota}"),
                format!(
                    "write {key} = {quota}, or ask Service Quotas for more; Thingpress slows down by itself meanwhile"
                ),
            ));
        } else {
            fitting += 1;
            if quota > rate {
                findings.push(Finding::ok(
                    TOPIC,
                    format!("{operation}: {rate} a second of {quota}; [rate] may have more"),
                ));
            }
        }
    }
    if let Some(quota) =
        new_certificates(quotas).filter(|quota| *quota < config.rate.register_certificate)
    {
        findings.push(Finding::warning(
            TOPIC,
            format!(
                "new device certificates: {quota} a second, below register_certificate = {}",
                config.rate.register_certificate
            ),
            "ask Service Quotas to raise it together with RegisterCertificateWithoutCA",
        ));
    }
    if !unknown.is_empty() {
        findings.push(Finding::not_asked(
            TOPIC,
            format!("Service Quotas names none for {}", unknown.join(", ")),
        ));
    }
    findings
        .insert(0, Finding::ok(TOPIC, format!("{fitting} operations of [rate] are within them")));
    findings.extend(speed::look(config, quotas));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{
            Account, block_on,
            recorded::{Answer, serve},
        },
        doctor::Level,
    };

    /// What Service Quotas answers to a call, in the shape of AWS's own answers.
    const fn recorded(to: &'static str, status: u16, body: &'static str) -> Answer {
        Answer { to, status, headers: "Content-Type: application/x-amz-json-1.1\r\n", body }
    }

    fn asked(answers: Vec<Answer>) -> Vec<Finding> {
        let config = config("");
        let account = Account {
            id: "123456789012".into(),
            region: "eu-central-1".into(),
            partition: "aws".into(),
            identity: String::new(),
        };
        let aws = serve(answers);
        let patient = Patient { aws: &aws, account: &account, config: &config, template: "{}" };
        block_on(async { Ok(look(patient).await) }).unwrap()
    }

    #[test]
    fn the_values_in_force_replace_the_defaults_on_whatever_page_they_are() {
        let findings = asked(vec![
            recorded(
                "ListAWSDefaultServiceQuotas",
                200,
                r#"{"Quotas": [
                    {"ServiceCode": "iotcore", "QuotaName": "AttachPolicy API TPS", "QuotaCode": "L-0", "Value": 15.0},
                    {"ServiceCode": "iotcore", "QuotaName": "RegisterCertificateWithoutCA API TPS", "QuotaCode": "L-4671C7C8",
                     "Value": 10.0, "Unit": "None", "Adjustable": true, "GlobalQuota": false}
                ]}"#,
            ),
            recorded(
                r#""NextToken":"more""#,
                200,
                r#"{"Quotas": [{"ServiceCode": "iotcore", "QuotaName": "RegisterCertificateWithoutCA API TPS", "Value": 5.0}]}"#,
            ),
            recorded(
                "ListServiceQuotas",
                200,
                r#"{"NextToken": "more", "Quotas": [
                    {"ServiceCode": "iotcore", "QuotaName": "CreateThing API TPS", "Value": 250.0}
                ]}"#,
            ),
        ]);
        let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
        let expected = "RegisterCertificateWithoutCA: [rate] has 10 a second, and the quota is 5";
        assert!(texts.contains(&expected), "{texts:?}");
        assert!(
            texts.contains(&"CreateThing: 100 a second of 250; [rate] may have more"),
            "{texts:?}"
        );
        let expected =
            "profile default: 18,000 devices an hour at most, by RegisterCertificateWithoutCA";
        assert!(texts.contains(&expected), "{texts:?}");
    }

    #[test]
    fn where_quotas_cannot_be_read_the_speed_follows_from_the_rates() {
        let findings = asked(vec![recorded(
            "ServiceQuotas",
            400,
            r#"{"__type": "AccessDeniedException", "Message": "not authorized"}"#,
        )]);
        assert_eq!(findings[0].level, Level::NotAsked);
        assert!(findings[1].text.contains("36,000 devices an hour"), "{findings:?}");
    }

    fn config(more: &str) -> Config {
        Config::parse(&format!("stack = \"acme\"\n[profile.default]\npolicies = [\"a\"]\n{more}"))
            .unwrap()
    }

    fn quotas(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn a_quota_is_found_by_the_operation_in_its_name() {
        let quotas = quotas(&[
            ("AttachPrincipalPolicy API TPS", 1.0),
            ("AttachPolicy API TPS", 15.0),
            ("CreateThing requests per second per account", 90.0),
            ("CreateThingGroup API TPS", 25.0),
            ("Maximum DescribeThing size", 7.0),
        ]);
        let check = |operation, expected| assert_eq!(quota_of(&quotas, operation), expected);
        check("AttachPolicy", Some(15.0));
        check("CreateThing", Some(90.0));
        check("DescribeThing", None);
        check("UpdateThing", None);
    }

    #[test]
    fn a_rate_above_its_quota_is_a_warning_with_the_figure_to_write() {
        let quotas = quotas(&[("AttachPolicy API TPS", 7.0), ("CreateThing API TPS", 200.0)]);
        let findings = findings(&config(""), &quotas);
        let warnings: Vec<_> =
            findings.iter().filter(|finding| finding.level == Level::Warning).collect();
        let [warning] = warnings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(warning.text, "AttachPolicy: [rate] has 15 a second, and the quota is 7");
        assert!(warning.remedy.as_ref().unwrap().starts_with("write attach_policy = 7,"));
        let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
        assert!(
            texts.contains(&"CreateThing: 100 a second of 200; [rate] may have more"),
            "{texts:?}"
        );
        assert!(
            texts.iter().any(|text| text
                .starts_with("Service Quotas names none for RegisterCertificateWithoutCA")),
            "{texts:?}"
        );
        assert!(
            texts.contains(&"profile default: 25,200 devices an hour at most, by AttachPolicy"),
            "{texts:?}"
        );
    }

    #[test]
    fn the_quota_on_new_certificates_counts_as_well() {
        let quotas = quotas(&[
            ("RegisterCertificateWithoutCA API TPS", 100.0),
            ("Maximum number of device certificates that can be registered per second", 15.0),
        ]);
        let config = config("[rate]\nregister_certificate = 100\nattach_policy = 100\n");
        let findings = findings(&config, &quotas);
        assert!(findings.iter().any(|finding| finding.level == Level::Warning
            && finding.text.starts_with("new device certificates: 15 a second")));
        assert!(findings.iter().any(|finding| finding.text.contains("54,000")), "{findings:?}");
    }
}
