//! What a function's role refuses, tried with the role's own credentials.

use aws_sdk_iot::error::{ProvideErrorMetadata, SdkError};

use super::role::{Acting, Role};
use crate::{
    samples::{Authority, pem},
    world::{Making, SIX_CALLS, STACK},
};

/// Calls a function's role may make, and calls that it must not: an action, and what it is done to.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "preflight",
        &["iot:GetPolicy sensor-base", "s3:PutObject runs/runs/r/plan.json"],
        &[
            "s3:GetObject microchip/reel.json",
            "s3:PutObject runs/signers/1.der",
            "s3:PutObject runs/files/1.json",
            "iot:GetPolicy another-policy",
            "iot:DescribeThing device",
            "iot:CreateThing device",
            "iot:RegisterCertificateWithoutCA *",
        ],
    ),
    (
        "decode-microchip",
        &["s3:GetObject microchip/reel.json", "s3:PutObject runs/signers/1.der"],
        &[
            "s3:GetObject infineon/reel.7z",
            "s3:GetObject mes/lot.json",
            "s3:PutObject microchip/reel.json",
            "s3:PutObject runs/issuers/1.der",
            "s3:PutObject runs/files/1.json",
            "s3:PutObject runs/activated/1",
            "s3:PutObject runs/rate/active/r",
            "iot:GetPolicy sensor-base",
            "iot:DescribeThing device",
            "iot:RegisterCertificateWithoutCA *",
        ],
    ),
    (
        "decode-infineon",
        &["s3:GetObject infineon/reel.7z", "s3:PutObject runs/issuers/1.der"],
        &["s3:GetObject microchip/reel.json", "s3:PutObject runs/signers/1.der"],
    ),
    (
        "decode-espressif",
        &["s3:GetObject espressif/reel.csv", "s3:PutObject runs/runs/r/work.jsonl"],
        &["s3:GetObject generated/list.txt", "s3:PutObject runs/signers/1.der"],
    ),
    (
        "decode-generated",
        &["s3:GetObject generated/list.txt", "s3:PutObject runs/runs/r/work.jsonl"],
        &["s3:GetObject espressif/reel.csv", "s3:PutObject runs/issuers/1.der"],
    ),
    (
        "decode-mes",
        &["s3:GetObject mes/lot.json", "s3:PutObject runs/runs/r/work.jsonl"],
        &["s3:GetObject generated/list.txt", "s3:PutObject runs/signers/1.der"],
    ),
    (
        "register",
        &["iot:DescribeThing device", "s3:PutObject runs/rate/active/r"],
        &[
            "s3:GetObject microchip/reel.json",
            "s3:GetObject mes/lot.json",
            "s3:PutObject runs/signers/1.der",
            "s3:PutObject runs/activated/1",
            "s3:PutObject runs/files/1.json",
            "s3:PutObject runs/index/v1/x",
            "s3:DeleteObject runs/runs/r/report.json",
            "iot:UpdateCertificate 00",
            "iot:DeleteThing device",
            "iot:DeleteCertificate 00",
            "iot:DetachPolicy sensor-base",
            "iot:CreatePolicy any",
        ],
    ),
    (
        "activate",
        &["iot:UpdateCertificate 00", "s3:PutObject runs/activated/1"],
        &[
            "s3:GetObject mes/lot.json",
            "s3:PutObject runs/signers/1.der",
            "s3:PutObject runs/files/1.json",
            "s3:DeleteObject runs/activated/1",
            "iot:RegisterCertificateWithoutCA *",
            "iot:DeleteThing device",
            "iot:DeleteCertificate 00",
            "iot:DetachPolicy sensor-base",
            "iot:CreatePolicy any",
        ],
    ),
    (
        "plan",
        &["iot:DescribeThing device", "s3:PutObject runs/rate/active/r"],
        &[
            "s3:GetObject microchip/reel.json",
            "s3:GetObject mes/lot.json",
            "s3:PutObject runs/signers/1.der",
            "s3:PutObject runs/activated/1",
            "s3:PutObject runs/files/1.json",
            "s3:DeleteObject runs/runs/r/report.json",
            "iot:CreateThing device",
            "iot:RegisterCertificateWithoutCA *",
            "iot:UpdateCertificate 00",
            "iot:DeleteThing device",
            "iot:DeleteCertificate 00",
            "iot:DetachPolicy sensor-base",
            "iot:CreatePolicy any",
        ],
    ),
    (
        "undo",
        &["iot:DeleteThing device", "iot:UpdateCertificate 00", "s3:DeleteObject runs/activated/1"],
        &[
            "s3:GetObject mes/lot.json",
            "s3:PutObject runs/activated/1",
            "s3:PutObject runs/files/1.json",
            "s3:PutObject runs/signers/1.der",
            "s3:DeleteObject runs/runs/r/report.json",
            "iot:RegisterCertificateWithoutCA *",
            "iot:CreateThing device",
            "iot:CreatePolicy any",
            "iot:GetPolicy sensor-base",
        ],
    ),
    (
        "report",
        &[
            "s3:GetObject runs/runs/r/plan.json",
            "s3:DeleteObject runs/rate/active/r",
            "s3:DeleteObject runs/index/v1/x",
            "s3:PutObject runs/history/x",
        ],
        &[
            "s3:GetObject microchip/reel.json",
            "s3:GetObject mes/lot.json",
            "s3:PutObject runs/signers/1.der",
            "s3:PutObject runs/activated/1",
            "s3:DeleteObject runs/runs/r/report.json",
            "s3:DeleteObject runs/history/x",
            "iot:DescribeThing device",
            "iot:GetPolicy sensor-base",
            "iot:RegisterCertificateWithoutCA *",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_function_can_do_nothing_that_is_not_its_work() {
    let world = Making::with(SIX_CALLS).world().await;
    let mut wrong = Vec::new();
    for (function, allowed, refused) in TABLE {
        let acting = Role::of(&world, function).await.acting(&world).await;
        for call in *allowed {
            if acting.is_refused(call).await {
                wrong.push(format!("{function} is refused {call}"));
            }
        }
        for call in *refused {
            if !acting.is_refused(call).await {
                wrong.push(format!("{function} may {call}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

impl Acting {
    /// Makes a call, such as `s3:GetObject runs/files/1.json`, and tells whether it was refused. That what it asks for
    /// is not there, or is no sense, is another matter.
    async fn is_refused(&self, call: &str) -> bool {
        let (action, subject) = call.split_once(' ').unwrap();
        let (bucket, key) = subject.split_once('/').unwrap_or_default();
        let bucket = format!("{STACK}-{bucket}");
        let (s3, iot) = (&self.s3, &self.iot);
        match action {
            "s3:GetObject" => refused(s3.get_object().bucket(bucket).key(key).send().await),
            "s3:PutObject" => refused(s3.put_object().bucket(bucket).key(key).send().await),
            "s3:DeleteObject" => refused(s3.delete_object().bucket(bucket).key(key).send().await),
            "iot:GetPolicy" => refused(iot.get_policy().policy_name(subject).send().await),
            "iot:DescribeThing" => refused(iot.describe_thing().thing_name(subject).send().await),
            "iot:CreateThing" => refused(iot.create_thing().thing_name(subject).send().await),
            "iot:DeleteThing" => refused(iot.delete_thing().thing_name(subject).send().await),
            "iot:UpdateCertificate" => {
                let status = aws_sdk_iot::types::CertificateStatus::Active;
                let update = iot.update_certificate().certificate_id(subject.repeat(32));
                refused(update.new_status(status).send().await)
            }
            "iot:DeleteCertificate" => {
                refused(iot.delete_certificate().certificate_id(subject.repeat(32)).send().await)
            }
            "iot:DetachPolicy" => {
                refused(iot.detach_policy().policy_name(subject).target("any").send().await)
            }
            "iot:CreatePolicy" => {
                refused(iot.create_policy().policy_name(subject).policy_document("{}").send().await)
            }
            "iot:RegisterCertificateWithoutCA" => {
                let leaf = pem(&Authority::new("Test CA").leaf("device"));
                refused(iot.register_certificate_without_ca().certificate_pem(leaf).send().await)
            }
            _ => panic!("no test makes the call {action}"),
        }
    }
}

fn refused<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> bool {
    let Err(error) = answer else { return false };
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    ["AccessDenied", "AccessDeniedException", "UnauthorizedException"].contains(&code)
}
