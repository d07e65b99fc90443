//! What is this file? Told from its first bytes, before anything is decided.

use aws_sdk_s3::Client;
use ledger::{Configuration, Keep, Object, RunFiles, Source, Stop, Store};
use manifest::{Certificate, Content, Vendor};

use crate::{Answer, DecodeError, object, signers};

/// How much of the file is looked at.
const HEAD_BYTES: u64 = 64 * 1024;

pub(crate) async fn run(
    store: &Store,
    s3: &Client,
    run: &str,
    vendor: &str,
    object: Object,
    configuration: &Configuration,
) -> Result<Answer, DecodeError> {
    let files = RunFiles::of(run);
    let Ok(vendor) = vendor.parse::<Vendor>() else {
        return stop(
            store,
            &files,
            "Manifest.UnknownVendor",
            format!("files for `{vendor}` are not supported"),
        )
        .await;
    };
    let Some(source) = object::pin(s3, object).await? else {
        return stop_gone(store, &files).await;
    };
    if source.bytes == 0 {
        let reason = "the file is empty: it has no bytes at all. Get it from the vendor again, and upload it again".to_owned();
        return stop(store, &files, "Manifest.Empty", reason).await;
    }
    let Some(body) = object::open(s3, &source, Some(HEAD_BYTES)).await? else {
        return stop_gone(store, &files).await;
    };
    let head =
        body.collect().await.map_err(|error| DecodeError::Source(error.to_string()))?.to_vec();
    tracing::info!(run, bytes = source.bytes, "looking at the file");
    let (code, reason) = match judge(vendor, manifest::recognize(&head, source.bytes <= HEAD_BYTES))
    {
        Judgement::Manifest => return Ok(Answer::Manifest { source }),
        Judgement::Signer(certificate) => {
            return file_signer(store, &certificate, configuration).await;
        }
        Judgement::Refused { code, reason } => (code, reason),
    };
    stop(store, &files, code, reason).await
}

enum Judgement {
    Manifest,
    Signer(Box<Certificate>),
    Refused { code: &'static str, reason: String },
}

/// Whether what the file holds belongs into this vendor's bucket.
fn judge(vendor: Vendor, content: Content) -> Judgement {
    let wrong = |what: &str| Judgement::Refused {
        code: "Manifest.WrongFormat",
        reason: format!(
            "this is {what}, and this bucket takes {}. Nothing was imported",
            takes(vendor)
        ),
    };
    match content {
        Content::Certificate(certificate) if vendor == Vendor::Microchip => Judgement::Signer(certificate),
        // Of what is not recognized, the decoder says more exactly what is wrong, and where.
        Content::Certificate(_) | Content::Unknown => Judgement::Manifest,
        Content::Manifest(found) if found == vendor => Judgement::Manifest,
        Content::Manifest(found) => wrong(match found {
            Vendor::Microchip => "a Microchip manifest, which belongs into the Microchip bucket",
            Vendor::Generated => "a list of certificates, which belongs into the bucket for generated certificates",
        }),
        Content::Foreign(what) => wrong(what),
        Content::PrivateKey => Judgement::Refused {
            code: "Manifest.PrivateKey",
            reason: "the file holds a private key, which must never leave its device. Nothing was read or kept; delete the upload, treat the key as known to others, and upload a file of certificates only".to_owned(),
        },
        Content::Empty => wrong("a file without content"),
    }
}

fn takes(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Microchip => {
            "Microchip's signed JSON manifests and the certificates of their signers"
        }
        Vendor::Generated => "certificates: one in base64 a line, or PEM, or DER",
    }
}

async fn file_signer(
    store: &Store,
    certificate: &Certificate,
    configuration: &Configuration,
) -> Result<Answer, DecodeError> {
    signers::file(store, certificate).await?;
    let fingerprint = certificate.id();
    let trusted = configuration.signers.trust_uploaded
        || signers::trusted(&configuration.signers).is_pinned(&fingerprint);
    let name = certificate.common_name().unwrap_or("without a name").to_owned();
    let summary = if trusted {
        "the signer's certificate is filed: manifests that it signed can be imported".to_owned()
    } else {
        format!(
            "the signer's certificate is filed, but it is not trusted. If it is really yours, add its fingerprint to the configuration and deploy: [vendor.microchip] signers = [\"{fingerprint}\"]"
        )
    };
    Ok(Answer::Signer { fingerprint: fingerprint.to_string(), name, trusted, summary })
}

pub(crate) async fn stop_gone(store: &Store, files: &RunFiles) -> Result<Answer, DecodeError> {
    let reason = "the uploaded file is not there any more: it was deleted or replaced before it could be read. If it was replaced, the newer file has a run of its own".to_owned();
    stop(store, files, "Manifest.Gone", reason).await
}

pub(crate) async fn stop(
    store: &Store,
    files: &RunFiles,
    code: &str,
    reason: String,
) -> Result<Answer, DecodeError> {
    tracing::warn!(run = files.run(), code, "stopped");
    let stop = Stop { code: code.to_owned(), reason };
    store.write_json(&files.stopped(), &stop, Keep::Always).await?;
    Ok(Answer::Stop(stop))
}

/// The pinned file in one word, for messages.
pub(crate) fn name_of(source: &Source) -> &str {
    source.key.rsplit('/').next().unwrap_or(&source.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vendor: Vendor, content: Content, expected: &str) {
        let found = match judge(vendor, content) {
            Judgement::Manifest => "manifest".to_owned(),
            Judgement::Signer(_) => "signer".to_owned(),
            Judgement::Refused { code, reason } => format!("{code}: {reason}"),
        };
        assert!(found.starts_with(expected), "expected `{expected}`, got `{found}`");
    }

    #[test]
    fn a_file_in_another_vendors_bucket_is_told_where_it_belongs() {
        check(
            Vendor::Generated,
            Content::Manifest(Vendor::Microchip),
            "Manifest.WrongFormat: this is a Microchip manifest, which belongs into the Microchip bucket",
        );
        check(
            Vendor::Microchip,
            Content::Manifest(Vendor::Generated),
            "Manifest.WrongFormat: this is a list of certificates",
        );
        check(
            Vendor::Microchip,
            Content::Foreign("an Infineon bundle"),
            "Manifest.WrongFormat: this is an Infineon bundle",
        );
        check(Vendor::Generated, Content::PrivateKey, "Manifest.PrivateKey");
    }

    #[test]
    fn what_is_not_recognized_is_left_to_the_decoder() {
        check(Vendor::Microchip, Content::Unknown, "manifest");
        check(Vendor::Microchip, Content::Manifest(Vendor::Microchip), "manifest");
    }
}
