//! This machine's clock against AWS's, which signs of requests depend on.

use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_sts::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
    primitives::{DateTime, DateTimeFormat},
};

use super::Finding;
use crate::aws::Account;

const TOPIC: &str = "clock";
/// AWS refuses a signature that is five minutes old, and the SDK corrects what it is told of.
const WORTH_TELLING_SECONDS: i64 = 60;
const REFUSED_SECONDS: i64 = 300;

/// Seconds by which this machine is ahead, from the `Date` of an answer.
#[derive(Clone, Debug, Default)]
struct Ahead(Arc<Mutex<Option<i64>>>);

impl Intercept for Ahead {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if let (Some(date), Ok(here), Ok(mut ahead)) = (date, i64::try_from(here), self.0.lock()) {
            *ahead = Some(here - date.secs());
        }
        Ok(())
    }
}

/// Who is asking, and how the clocks stand.
pub(super) async fn look(aws: &SdkConfig) -> Result<(Account, Finding)> {
    let ahead = Ahead::default();
    let client = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(aws).interceptor(ahead.clone()).build(),
    );
    let account = Account::asked(aws, &client).await?;
    let seconds = ahead.0.lock().ok().and_then(|ahead| *ahead);
    Ok((account, finding(seconds)))
}

fn finding(ahead: Option<i64>) -> Finding {
    let Some(ahead) = ahead else {
        return Finding::not_asked(TOPIC, "the answer has no date to compare with");
    };
    let seconds = ahead.abs();
    let text = match ahead {
        0 => "as AWS's".to_owned(),
        1.. => format!("{seconds} s ahead of AWS's"),
        _ => format!("{seconds} s behind AWS's"),
    };
    let remedy = "set this machine's clock, by NTP for instance";
    if seconds >= REFUSED_SECONDS {
        Finding::error(TOPIC, format!("{text}: AWS refuses what is signed so"), remedy)
    } else if seconds >= WORTH_TELLING_SECONDS {
        Finding::warning(TOPIC, format!("{text}: at five minutes AWS refuses"), remedy)
    } else {
        Finding::ok(TOPIC, text)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, finding};

    #[track_caller]
    fn check(ahead: i64, level: Level, text: &str) {
        let finding = finding(Some(ahead));
        assert_eq!((finding.level, finding.text.as_str()), (level, text));
    }

    #[test]
    fn a_clock_may_be_a_little_off() {
        check(0, Level::Ok, "as AWS's");
        check(-2, Level::Ok, "2 s behind AWS's");
        check(60, Level::Warning, "60 s ahead of AWS's: at five minutes AWS refuses");
        check(-300, Level::Error, "300 s behind AWS's: AWS refuses what is signed so");
        assert_eq!(finding(None).level, Level::NotAsked);
    }
}
