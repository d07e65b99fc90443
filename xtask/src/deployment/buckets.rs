//! The stack's buckets before it is deployed: bucket names are shared with the whole world, and buckets outlive the
//! stack.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{Client, operation::head_bucket::HeadBucketError};

use crate::{
    advice::with_hint,
    aws::{self, Account, failure},
};

/// Whose a bucket name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Nobody,
    /// This account, in this Region.
    Ourselves,
    /// Another account, or one that lets nobody look.
    SomebodyElse,
    /// It stands in another Region.
    Elsewhere(String),
}

/// Asks for one name, without making anything.
pub(crate) async fn owner(s3: &Client, account: &Account, bucket: &str) -> Result<Owner> {
    let asked = s3.head_bucket().bucket(bucket).expected_bucket_owner(&account.id).send().await;
    let error = match asked {
        Ok(found) => {
            return Ok(match found.bucket_region() {
                Some(region) if region != account.region => Owner::Elsewhere(region.to_owned()),
                _ => Owner::Ourselves,
            });
        }
        Err(error) => error,
    };
    if error.as_service_error().is_some_and(HeadBucketError::is_not_found) {
        return Ok(Owner::Nobody);
    }
    let (status, region) = error.raw_response().map_or((0, None), |raw| {
        (raw.status().as_u16(), raw.headers().get("x-amz-bucket-region").map(str::to_owned))
    });
    match (status, region) {
        (404, _) => Ok(Owner::Nobody),
        (403, _) => Ok(Owner::SomebodyElse),
        (301 | 307 | 400, Some(region)) if region != account.region => Ok(Owner::Elsewhere(region)),
        _ => Err(failure(error)).with_context(|| format!("failed to look for the bucket {bucket}")),
    }
}

/// Whose each name is, by the buckets' ids.
pub(crate) async fn owners(
    aws: &SdkConfig,
    account: &Account,
    buckets: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Owner>> {
    let s3 = aws::s3(aws);
    let mut asked = tokio::task::JoinSet::new();
    for (id, bucket) in buckets.clone() {
        let (s3, account) = (s3.clone(), account.clone());
        asked.spawn(async move { owner(&s3, &account, &bucket).await.map(|owner| (id, owner)) });
    }
    let mut owners = BTreeMap::new();
    while let Some(answer) = asked.join_next().await {
        let (id, owner) = answer.context("a question to S3 was given up")??;
        owners.insert(id, owner);
    }
    Ok(owners)
}

/// Whether a deployment of Thingpress made this bucket, which is ours: by its name alone it could be anybody's in the
/// account.
pub(crate) async fn is_of_a_deployment(s3: &Client, bucket: &str) -> Result<bool> {
    let asked = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    match asked {
        Ok(found) => Ok(found.rules().iter().any(|rule| rule.id() == Some(infra::LIFECYCLE_RULE))),
        Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => {
            Ok(false)
        }
        Err(error) => Err(failure(error))
            .with_context(|| format!("failed to look whose the bucket {bucket} is")),
    }
}

/// Refuses names that cannot be had, all at once.
pub(crate) fn refuse_taken(
    buckets: &BTreeMap<String, String>,
    owners: &BTreeMap<String, Owner>,
) -> Result<()> {
    let taken: Vec<String> = owners
        .iter()
        .filter_map(|(id, owner)| {
            let bucket = buckets.get(id)?;
            match owner {
                Owner::SomebodyElse => Some(format!(
                    "  {bucket}: belongs to somebody else, or is closed to these credentials"
                )),
                Owner::Elsewhere(region) => {
                    Some(format!("  {bucket}: stands in the Region {region}"))
                }
                Owner::Nobody | Owner::Ourselves => None,
            }
        })
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(with_hint(
        format!("names of buckets are taken:\n{}", taken.join("\n")),
        "bucket names begin with the stack's name: choose another `stack`, or bucket_names = \"account\" \
         for names that are this account's own",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Owner, is_of_a_deployment, owners, refuse_taken};
    use crate::{
        advice::hints,
        aws::{
            Account, block_on,
            recorded::{Answer, serve},
            s3,
        },
    };

    /// What S3 answers to a HEAD, which has no body.
    const fn head(to: &'static str, status: u16, headers: &'static str) -> Answer {
        Answer { to, status, headers, body: "" }
    }

    fn asked(answers: Vec<Answer>, names: &[&str]) -> anyhow::Result<BTreeMap<String, Owner>> {
        let account = Account {
            id: "123456789012".into(),
            region: "eu-central-1".into(),
            partition: "aws".into(),
            identity: String::new(),
        };
        let buckets = names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
        block_on(async { owners(&serve(answers), &account, &buckets).await })
    }

    #[test]
    fn a_name_is_free_ours_or_somebody_elses() {
        let answers = vec![
            head("HEAD /free", 404, ""),
            head("HEAD /ours", 200, "x-amz-bucket-region: eu-central-1\r\n"),
            head("HEAD /theirs", 403, ""),
            head("HEAD /moved", 301, "x-amz-bucket-region: us-west-2\r\n"),
        ];
        let owners = asked(answers, &["free", "ours", "theirs", "moved"]).unwrap();
        assert_eq!(owners["free"], Owner::Nobody);
        assert_eq!(owners["ours"], Owner::Ourselves);
        assert_eq!(owners["theirs"], Owner::SomebodyElse);
        assert_eq!(owners["moved"], Owner::Elsewhere("us-west-2".to_owned()));
    }

    #[test]
    fn only_the_owner_counts_and_not_whoever_may_look() {
        // Without the header somebody else's bucket that lets us look would pass as ours.
        let answers = vec![
            head("x-amz-expected-bucket-owner: 123456789012", 403, ""),
            head("HEAD /shared", 200, ""),
        ];
        assert_eq!(asked(answers, &["shared"]).unwrap()["shared"], Owner::SomebodyElse);
    }

    #[test]
    fn a_bucket_is_a_deployments_by_its_rule_and_not_by_its_name() {
        let known = |status, body| {
            let answer = Answer { to: "GET /acme-runs/?lifecycle", status, headers: "", body };
            block_on(async { is_of_a_deployment(&s3(&serve(vec![answer])), "acme-runs").await })
        };
        let rules = "<LifecycleConfiguration><Rule><ID>unfinished-uploads</ID><Status>Enabled</Status>\
                     </Rule></LifecycleConfiguration>";
        assert!(known(200, rules).unwrap());
        let others = "<LifecycleConfiguration><Rule><ID>mine</ID><Status>Enabled</Status></Rule>\
                      </LifecycleConfiguration>";
        assert!(!known(200, others).unwrap());
        assert!(!known(404, "").unwrap());
        assert!(known(403, "").is_err(), "what cannot be told is not deleted");
    }

    #[test]
    fn what_s3_cannot_answer_is_no_free_name() {
        let refused = asked(vec![head("HEAD /odd", 400, "")], &["odd"]).unwrap_err();
        assert!(refused.to_string().contains("failed to look for the bucket odd"), "{refused:#}");
    }

    #[test]
    fn taken_names_are_told_all_at_once_with_the_ways_out() {
        let ids = ["A", "B", "C", "D"];
        let buckets = ids.map(|id| (id.to_owned(), format!("acme-{}", id.to_lowercase()))).into();
        let owners = [
            Owner::Nobody,
            Owner::SomebodyElse,
            Owner::Ourselves,
            Owner::Elsewhere("eu-west-1".to_owned()),
        ];
        let owners: BTreeMap<_, _> = ids.map(str::to_owned).into_iter().zip(owners).collect();
        let refused = refuse_taken(&buckets, &owners).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "names of buckets are taken:\n  acme-b: belongs to somebody else, or is closed to these credentials\n  \
             acme-d: stands in the Region eu-west-1"
        );
        assert!(hints(&refused).concat().contains("bucket_names = \"account\""));
    }
}
