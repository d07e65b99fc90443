//! Whoever deploys with the deployer's policies and nothing else: the stack comes and goes, and nothing
//! beyond it can be touched.
//!
//! The local cloud enforces the calls that the command line makes. What CloudFormation calls on the
//! person's behalf it carries out unasked, so IAM is asked about each of those actions by simulation.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::StackStatus;
use aws_sdk_iam::types::EvaluationResult;
use infra::{BucketNames, Config, Encryption};
use ledger::Report;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use xtask::{
    deployment,
    local_cloud::{LocalCloud, Options},
    registry_objects,
};

use crate::{
    person::{refused, signed},
    samples::{Authority, standard},
    world::{PROFILES, zips},
};

const BOUNDARY: &str = "acme-limits";

/// A configuration with every option.
fn config() -> Config {
    let text = format!(
        "stack = \"acme\"\nbucket_names = \"account\"\nencryption = \"kms\"\naccess_logs = \"acme-logs\"\n\
         permissions_boundary = \"{BOUNDARY}\"\n{PROFILES}\n[notify]\nemails = [\"ops@example.com\"]\n\
         [reserved_concurrency]\nregister = 8\n"
    );
    deployment::for_local_cloud(Config::parse(&text).unwrap(), "acme")
}

/// A cloud in which an administrator has prepared what a deployment needs.
struct Prepared {
    cloud: LocalCloud,
    root: SdkConfig,
    deployer: SdkConfig,
    account: String,
    _folder: TempDir,
}

async fn prepared(config: &Config) -> Prepared {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { dir: folder.path().to_owned(), ..Options::default() };
    let cloud = LocalCloud::start(options).unwrap();
    let root = cloud.aws_config();
    let iam = aws_sdk_iam::Client::new(&root);
    let boundary = infra::boundary_policy(config).unwrap();
    let made = iam.create_policy().policy_name(BOUNDARY).policy_document(boundary).send();
    let arn = made.await.unwrap().policy.unwrap().arn.unwrap();
    let account = arn.split(':').nth(4).unwrap().to_owned();
    iam.create_user().user_name("deployer").send().await.unwrap();
    for (index, (_, document)) in infra::deployer_policies(config).into_iter().enumerate() {
        let policy = iam.create_policy().policy_name(format!("deployer-{index}"));
        let made = policy.policy_document(document).send().await.unwrap();
        let arn = made.policy.unwrap().arn.unwrap();
        iam.attach_user_policy().user_name("deployer").policy_arn(arn).send().await.unwrap();
    }
    let key = iam.create_access_key().user_name("deployer").send().await.unwrap();
    let key = key.access_key.unwrap();
    let deployer = signed(&root, &[key.access_key_id, key.secret_access_key]);
    s3(&root).create_bucket().bucket("acme-logs").send().await.unwrap();
    registry_objects::ensure(&root, config).await.unwrap();
    Prepared { cloud, root, deployer, account, _folder: folder }
}

fn s3(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(aws).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Bounds the stack's roles, which the local cloud's CloudFormation leaves out.
async fn bound(root: &SdkConfig, account: &str) {
    let iam = aws_sdk_iam::Client::new(root);
    let roles = iam.list_roles().send().await.unwrap().roles;
    let own: Vec<&str> = roles
        .iter()
        .map(aws_sdk_iam::types::Role::role_name)
        .filter(|name| name.starts_with("acme-"))
        .collect();
    assert!(own.len() > 10, "{own:?}");
    for role in own {
        let boundary = format!("arn:aws:iam::{account}:policy/{BOUNDARY}");
        let put = iam.put_role_permissions_boundary().role_name(role);
        put.permissions_boundary(boundary).send().await.unwrap();
    }
}

/// Asks until there is an answer.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_mins(4), "{what}: not within minutes");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_comes_works_and_goes_with_every_option() {
    let config = config();
    let prepared = prepared(&config).await;
    let Prepared { root, deployer, account, .. } = &prepared;
    let outputs = deployment::deploy(deployer, &config, zips()).await.unwrap();
    assert!(outputs.changed);
    for name in infra::BUCKETS {
        let output = &outputs.values[&infra::bucket_output(name).unwrap()];
        assert_eq!(output, &format!("acme-{name}-{account}-us-east-1-an"));
        assert_eq!(output, &infra::bucket_name(&config, name, account, "us-east-1"));
    }
    let again = deployment::deploy(deployer, &config, zips()).await.unwrap();
    assert!(!again.changed, "the same configuration changes nothing");

    bound(root, account).await;

    // The roles work within their boundary, in buckets under the stack's key.
    let authority = Authority::new("Test CA");
    let list: String =
        ["device-1", "device-2"].map(|name| standard(authority.leaf(name)) + "\n").concat();
    let s3 = s3(root);
    let bucket = &outputs.values["GeneratedBucketName"];
    s3.put_object()
        .bucket(bucket)
        .key("list.txt")
        .body(list.into_bytes().into())
        .send()
        .await
        .unwrap();
    let sfn = aws_sdk_sfn::Client::new(root);
    let machine = &outputs.values["ImportMachineArn"];
    let run = until("a run starts", async || {
        let listed = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        listed.executions.into_iter().next().map(|execution| execution.name)
    })
    .await;
    let runs = &outputs.values["RunsBucketName"];
    let report = until("the run reports", async || {
        let get = s3.get_object().bucket(runs).key(format!("runs/{run}/report.json"));
        let found = get.send().await.ok()?;
        Some(found.body.collect().await.unwrap().to_vec())
    })
    .await;
    let report: Report = serde_json::from_slice(&report).unwrap();
    assert_eq!((report.counts.read, report.counts.created), (2, 2), "{report:?}");

    let cloudformation = aws_sdk_cloudformation::Client::new(deployer);
    for stack in ["acme", "acme-assets"] {
        let found = cloudformation.describe_stacks().stack_name(stack).send().await.unwrap();
        let id = found.stacks()[0].stack_id().unwrap().to_owned();
        cloudformation.delete_stack().stack_name(stack).send().await.unwrap();
        until("the stack is gone", async || {
            let found = cloudformation.describe_stacks().stack_name(&id).send().await.unwrap();
            let status = found.stacks()[0].stack_status().unwrap().clone();
            assert_ne!(status, StackStatus::DeleteFailed, "{:?}", found.stacks()[0]);
            (status == StackStatus::DeleteComplete).then_some(())
        })
        .await;
    }
    let kept = s3.head_bucket().bucket(bucket).send().await;
    assert!(kept.is_ok(), "buckets outlive the stack");
    assert!(prepared.cloud.port > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_beyond_the_stack_can_be_touched() {
    let config = config();
    let prepared = prepared(&config).await;
    let Prepared { root, deployer, account, .. } = &prepared;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;
    let everything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let boundary = format!("arn:aws:iam::{account}:policy/{BOUNDARY}");
    let iam = aws_sdk_iam::Client::new(deployer);
    let role = |name: &str| iam.create_role().role_name(name).assume_role_policy_document(trust);

    refused("make a role without the boundary", role("acme-free").send()).await;
    let other = "arn:aws:iam::aws:policy/AdministratorAccess";
    let other = role("acme-free").permissions_boundary(other);
    refused("make a role with another boundary", other.send()).await;
    let foreign = role("other-register").permissions_boundary(&boundary);
    refused("make another stack's role", foreign.send()).await;
    // The local cloud knows no boundary of a request, so it refuses this one as well; see the simulation.
    let by_root = aws_sdk_iam::Client::new(root);
    let bound = by_root.create_role().role_name("acme-bound").assume_role_policy_document(trust);
    bound.permissions_boundary(&boundary).send().await.unwrap();
    let off = iam.delete_role_permissions_boundary().role_name("acme-bound");
    refused("take the boundary off", off.send()).await;
    let admin = iam.attach_role_policy().role_name("acme-bound");
    let admin = admin.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    refused("attach a policy to a role", admin.send()).await;
    let wider = iam.create_policy_version().policy_arn(&boundary).policy_document(everything);
    refused("widen the boundary", wider.set_as_default(true).send()).await;
    let own = iam.put_user_policy().user_name("deployer").policy_name("all");
    refused("widen their own rights", own.policy_document(everything).send()).await;
    let key = iam.create_access_key().user_name("somebody");
    refused("make somebody's access key", key.send()).await;

    let by_root = s3(root);
    for bucket in ["other-runs", "acme-runs-x"] {
        by_root.create_bucket().bucket(bucket).send().await.unwrap();
        let s3 = s3(deployer);
        let put = s3.put_object().bucket(bucket).key("x").body(Vec::new().into());
        refused("write into another bucket", put.send()).await;
        let policy = s3.put_bucket_policy().bucket(bucket).policy(everything);
        refused("change another bucket's policy", policy.send()).await;
        refused("delete a bucket", s3.delete_bucket().bucket(bucket).send()).await;
    }
    let cloudformation = aws_sdk_cloudformation::Client::new(deployer);
    let delete = cloudformation.delete_stack().stack_name("other");
    refused("delete another stack", delete.send()).await;
    let iot = aws_sdk_iot::Client::new(deployer);
    refused("make a thing", iot.create_thing().thing_name("mine").send()).await;
}

/// A resource that a pattern names.
fn example(pattern: &str, account: &str) -> String {
    if pattern == "*" {
        return pattern.to_owned();
    }
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    for (part, value) in [(3, "us-east-1"), (4, account)] {
        if parts[part] == "*" {
            value.clone_into(&mut parts[part]);
        }
    }
    parts[5] = parts[5].replace('*', "x");
    parts.join(":")
}

/// The same of somebody else.
fn foreign(resource: &str) -> String {
    resource.replace("acme", "other")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_the_policies_is_allowed_on_the_stack_and_refused_elsewhere() {
    let config = config();
    assert_eq!((config.bucket_names, config.encryption), (BucketNames::Account, Encryption::Kms));
    let prepared = prepared(&config).await;
    let iam = aws_sdk_iam::Client::new(&prepared.root);
    let mut asked = 0;
    for (_, document) in infra::deployer_policies(&config) {
        let document: Value = serde_json::from_str(&document).unwrap();
        for statement in document["Statement"].as_array().unwrap() {
            let pattern = statement["Resource"][0].as_str().unwrap();
            let resource = example(pattern, &prepared.account);
            let actions: Vec<String> = statement["Action"]
                .as_array()
                .unwrap()
                .iter()
                .map(|action| action.as_str().unwrap().to_owned())
                .collect();
            let policy = |statement: &Value| {
                json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
            };
            let decide = async |policy: String, resource: &str| -> Vec<(String, bool)> {
                let answer = iam
                    .simulate_custom_policy()
                    .policy_input_list(policy)
                    .set_action_names(Some(actions.clone()))
                    .resource_arns(resource)
                    .send()
                    .await
                    .unwrap();
                let results = answer.evaluation_results().iter();
                let of = |result: &EvaluationResult| {
                    let is_allowed = result.eval_decision().as_str() == "allowed";
                    (result.eval_action_name().to_owned(), is_allowed)
                };
                results.map(of).collect()
            };
            let mut unconditional = statement.clone();
            unconditional.as_object_mut().unwrap().remove("Condition");
            for (action, is_allowed) in decide(policy(&unconditional), &resource).await {
                assert!(is_allowed, "{action} on {resource}");
                asked += 1;
            }
            let elsewhere = foreign(&resource);
            if elsewhere != resource {
                for (action, is_allowed) in decide(policy(&unconditional), &elsewhere).await {
                    assert!(!is_allowed, "{action} on {elsewhere}");
                }
            }
            // The local cloud's simulation knows no keys of a request, so no condition is ever met.
            if unconditional != *statement {
                for (action, is_allowed) in decide(policy(statement), &resource).await {
                    assert!(!is_allowed, "{action} on {resource} without its condition");
                }
            }
        }
    }
    assert!(asked > 100, "{asked}");
}
