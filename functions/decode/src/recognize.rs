//! What is this file? Told from its first bytes, before anything is decided.

use aws_sdk_s3::Client;
use ledger::{
    CannotTakeUp, Configuration, Earlier, Input, Keep, Object, PLAN_FOLDER, RunFiles, Source, Stop,
    Store, planned_key,
};
use manifest::{Bucket, Certificate, HEAD_BYTES, ManifestError, Purpose};
use prepare::trusted;

use crate::{
    Answer, DecodeError, Role, certificates,
    object::{self, Stretch},
};

pub(crate) async fn run(
    store: &Store,
    s3: &Client,
    run: &str,
    input: Input,
    configuration: &Configuration,
) -> Result<Answer, DecodeError> {
    let Input { vendor, object, resume } = input;
    let files = RunFiles::of(run);
    let Ok(bucket) = vendor.parse::<Bucket>() else {
        let reason = format!("there is no decoder for files of `{vendor}`");
        return stop(store, &files, "Manifest.UnknownVendor", reason).await;
    };
    if let Some(earlier) = resume
        && let Err(refusal) = check_earlier(store, &earlier, &object).await?
    {
        return stop(store, &files, refusal.code(), refusal.to_string()).await;
    }
    let Some(source) = object::pin(s3, object).await? else {
        return stop_gone(store, &files).await;
    };
    tracing::info!(bytes = source.bytes, "looking at the file");
    if source.bytes == 0 {
        return stop_unusable(store, &files, &ManifestError::Empty).await;
    }
    let head_bytes = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let Some(opened) = object::open(s3, &source, Stretch::First(head_bytes)).await? else {
        return stop_gone(store, &files).await;
    };
    let head =
        opened.body.collect().await.map_err(|error| DecodeError::Source(error.to_string()))?;
    let content = manifest::recognize(&head.to_vec(), source.bytes <= head_bytes);
    match content.purpose(bucket) {
        Ok(Purpose::Manifest) => Ok(Answer::Manifest { source }),
        Ok(Purpose::Signer(_) | Purpose::Issuer(_)) if planned_key(&source.key).is_some() => {
            stop_not_filed(store, &files, &source).await
        }
        Ok(Purpose::Signer(certificate)) => file_signer(store, &certificate, configuration).await,
        Ok(Purpose::Issuer(certificate)) => file_issuer(store, &certificate).await,
        Err(error) => stop_unusable(store, &files, &error).await,
    }
}

/// Whether the run `earlier` can be taken up with this file.
async fn check_earlier(
    store: &Store,
    earlier: &str,
    object: &Object,
) -> Result<Result<(), CannotTakeUp>, DecodeError> {
    Ok(Earlier::of(store, earlier).await?.and_then(|earlier| earlier.check_file(object)))
}

async fn stop_unusable(
    store: &Store,
    files: &RunFiles,
    error: &ManifestError,
) -> Result<Answer, DecodeError> {
    stop(store, files, error.code(), error.to_string()).await
}

/// A plan changes nothing, and what is filed changes which files are trusted.
async fn stop_not_filed(
    store: &Store,
    files: &RunFiles,
    source: &Source,
) -> Result<Answer, DecodeError> {
    let reason = format!(
        "`{}` is the certificate of a signer or of an authority. There is nothing to plan about it, and it was not filed. To have manifests checked against it, also those of plans, upload it outside of the folder `{PLAN_FOLDER}`",
        name_of(source)
    );
    stop(store, files, "Plan.Certificate", reason).await
}

async fn file_signer(
    store: &Store,
    certificate: &Certificate,
    configuration: &Configuration,
) -> Result<Answer, DecodeError> {
    certificates::file(store, Role::Signer, certificate).await?;
    let fingerprint = certificate.id();
    let trusted = configuration.signers.trust_uploaded
        || trusted(&configuration.signers).is_pinned(&fingerprint);
    let summary = if trusted {
        "the signer's certificate is filed: manifests that it signed can be imported".to_owned()
    } else {
        format!(
            "the signer's certificate is filed, but it is not trusted. If it is really yours, add its fingerprint to the configuration and deploy: [vendor.microchip] signers = [\"{fingerprint}\"]"
        )
    };
    Ok(filed(Role::Signer, certificate, trusted, summary))
}

async fn file_issuer(store: &Store, certificate: &Certificate) -> Result<Answer, DecodeError> {
    certificates::file(store, Role::Issuer, certificate).await?;
    let summary = "the authority's certificate is filed: certificates that name it as their issuer are checked against it from now on".to_owned();
    Ok(filed(Role::Issuer, certificate, true, summary))
}

fn filed(role: Role, certificate: &Certificate, trusted: bool, summary: String) -> Answer {
    let name = certificate.common_name().unwrap_or("without a name").to_owned();
    Answer::Filed { role, fingerprint: certificate.id().to_string(), name, trusted, summary }
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
    stop_with(store, files, Stop { code: code.to_owned(), reason }).await
}

pub(crate) async fn stop_with(
    store: &Store,
    files: &RunFiles,
    stop: Stop,
) -> Result<Answer, DecodeError> {
    tracing::warn!(code = stop.code, "stopped");
    store.write_json(&files.stopped(), &stop, Keep::Always).await?;
    Ok(Answer::Stop(stop))
}

/// The pinned file in one word, for messages.
pub(crate) fn name_of(source: &Source) -> &str {
    source.key.rsplit('/').next().unwrap_or(&source.key)
}
