//! What AWS answers when it does not do what it was asked, for a person: one sentence and the next step.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::advice::with_hint;

/// What to do about an error of this code, where it does not depend on the call.
const REMEDIES: [(&[&str], &str); 6] = [
    (
        &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"],
        "log in again (`aws sso login`, or new session keys), then repeat the command",
    ),
    (
        &[
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "InvalidToken",
            "AuthFailure",
            "IncompleteSignature",
            "MissingAuthenticationToken",
        ],
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to credentials of the account",
    ),
    (
        &["SignatureDoesNotMatch", "RequestTimeTooSkewed"],
        "check the secret key, and this machine's clock: `cargo xtask doctor` compares it with AWS's",
    ),
    (
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "UnauthorizedException",
            "Forbidden",
        ],
        "`cargo xtask doctor` tells which permissions are missing; infra/deployer-policy.json has them all",
    ),
    (
        &["OptInRequired", "SubscriptionRequiredException", "RegionDisabledException"],
        "the account does not use this service or Region yet: enable it in the console",
    ),
    (
        &["Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"],
        "AWS is asked too often at the moment: wait a little, then repeat the command",
    ),
];

/// An SDK error as one sentence, with the next step where the error's kind tells it.
pub(crate) fn failure<E>(error: SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let sentence = message(&error);
    let remedy = match &error {
        SdkError::ServiceError(answer) => code(answer.err(), answer.raw().status().as_u16())
            .and_then(|code| {
                REMEDIES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, remedy)| *remedy)
            }),
        _ if has_no_credentials(&error) => Some(
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             for the local cloud: eval \"$(cargo xtask local start)\"",
        ),
        _ => None,
    };
    match remedy {
        Some(remedy) => with_hint(sentence, remedy),
        None => anyhow::anyhow!(sentence),
    }
}

/// The sentence alone. An SDK error's own `Display` says little more than "service error".
pub(crate) fn message<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            match (answer.err().message(), code(answer.err(), status)) {
                (Some(said), Some(code)) => format!("{} ({code})", said.trim_end_matches('.')),
                (None, Some(code)) => code.to_owned(),
                (Some(said), None) => said.to_owned(),
                (None, None) => format!("an answer that is none of AWS's (status {status})"),
            }
        }
        _ if has_no_credentials(error) => {
            let why = innermost(error);
            // A list of everything that was tried has lines of its own.
            let why = if why.contains('\n') { String::new() } else { format!(": {why}") };
            format!("there are no AWS credentials to use{}", why.trim_end_matches('.'))
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
            format!("no answer: {}", innermost(error))
        }
        SdkError::ResponseError(_) => {
            format!("the answer is none of AWS's: {}", innermost(error))
        }
        _ => innermost(error),
    }
}

/// Whether nothing answered at all: the network, the address, or the Region's name.
pub(crate) fn is_unreachable<E>(error: &SdkError<E>) -> bool
where
    E: Error + 'static,
{
    matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_))
        && !has_no_credentials(error)
}

/// The error's code. The answer to a HEAD has no body, so that only the status tells.
fn code<E: ProvideErrorMetadata>(error: &E, status: u16) -> Option<&str> {
    error.code().or(match status {
        301 => Some("PermanentRedirect"),
        401 | 403 => Some("Forbidden"),
        404 => Some("NotFound"),
        _ => None,
    })
}

/// The SDK has no type for it that could be asked for from here. Nothing else that keeps a request from being sent
/// speaks of credentials.
fn has_no_credentials<E: Error + 'static>(error: &SdkError<E>) -> bool {
    !matches!(error, SdkError::ServiceError(_) | SdkError::ResponseError(_))
        && causes(error).any(|cause| cause.to_string().contains("credentials"))
}

/// What lies beneath: the outer ones only say that something failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
