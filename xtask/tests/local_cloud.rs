//! A cloud of one's own: started, deployed into, emptied and ended.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use std::{collections::BTreeMap, fs::File, io::Write, path::Path, time::Duration};

use aws_config::SdkConfig;
use infra::Config;
use xtask::{
    deployment, functions,
    local_cloud::{LocalCloud, Options},
    registry_objects,
};

const CONFIG: &str = r#"
stack = "anything"
[profile.default]
policies = ["one", "two"]
thing_groups = ["group"]
thing_type = "kind"
[profile.other]
policies = ["two"]
"#;

/// Zips of functions that nobody calls here.
fn zips(folder: &Path, content: &str) -> BTreeMap<String, std::path::PathBuf> {
    let zip = |name: &str| {
        let path = folder.join(format!("{name}-{content}.zip"));
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        archive
            .start_file(
                "bootstrap",
                zip::write::SimpleFileOptions::default().unix_permissions(0o755),
            )
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
        archive.finish().unwrap();
        path
    };
    functions::NAMES.iter().map(|name| ((*name).to_owned(), zip(name))).collect()
}

async fn policies(aws: &SdkConfig) -> Vec<String> {
    let listed = aws_sdk_iot::Client::new(aws).list_policies().send().await.unwrap();
    let mut names: Vec<String> = listed
        .policies()
        .iter()
        .filter_map(|policy| policy.policy_name().map(ToOwned::to_owned))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_stack_is_created_left_alone_and_updated() {
    let folder = tempfile::tempdir().unwrap();
    let cloud =
        LocalCloud::start(Options { dir: folder.path().join("cloud"), ..Options::default() })
            .unwrap();
    let aws = cloud.aws_config();
    let config = deployment::for_local_cloud(Config::parse(CONFIG).unwrap(), "acme-test");
    assert!(std::fs::read_to_string(cloud.ca_file()).unwrap().contains("BEGIN CERTIFICATE"));

    let first = deployment::deploy(&aws, &config, &zips(folder.path(), "one")).await.unwrap();
    assert!(first.changed && !first.values.is_empty());
    let again = deployment::deploy(&aws, &config, &zips(folder.path(), "one")).await.unwrap();
    assert!(!again.changed);
    assert_eq!(again.values, first.values);
    let changed = deployment::deploy(&aws, &config, &zips(folder.path(), "two")).await.unwrap();
    assert!(changed.changed);

    registry_objects::ensure(&aws, &config).await.unwrap();
    registry_objects::ensure(&aws, &config).await.unwrap();
    assert_eq!(policies(&aws).await, ["one", "two"]);

    cloud.reset().unwrap();
    assert_eq!(policies(&aws).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_bucket_that_is_there_already_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let cloud =
        LocalCloud::start(Options { dir: folder.path().join("cloud"), ..Options::default() })
            .unwrap();
    let aws = cloud.aws_config();
    let config = deployment::for_local_cloud(Config::parse(CONFIG).unwrap(), "acme-test");
    // Left by an earlier deployment, as far as anybody can tell.
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build(),
    );
    s3.create_bucket().bucket("acme-test-runs").send().await.unwrap();
    let error = deployment::deploy(&aws, &config, &zips(folder.path(), "one")).await.unwrap_err();
    let text = format!("{error:#}");
    assert_eq!(text, "buckets of an earlier deployment are still there: acme-test-runs");
    let stacks = aws_sdk_cloudformation::Client::new(&aws).describe_stacks().send().await.unwrap();
    assert!(stacks.stacks().is_empty(), "{stacks:?}");
}

#[tokio::test]
async fn a_stack_that_something_else_made_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cloud =
        LocalCloud::start(Options { dir: folder.path().join("cloud"), ..Options::default() })
            .unwrap();
    let aws = cloud.aws_config();
    let client = aws_sdk_cloudformation::Client::new(&aws);
    let theirs = r#"{"Resources": {"Theirs": {"Type": "AWS::SQS::Queue"}}}"#;
    client.create_stack().stack_name("acme-test").template_body(theirs).send().await.unwrap();
    let config = deployment::for_local_cloud(Config::parse(CONFIG).unwrap(), "acme-test");
    let error = deployment::deploy(&aws, &config, &zips(folder.path(), "one")).await.unwrap_err();
    assert!(format!("{error:#}").contains("is not Thingpress's"), "{error:#}");
    let resources = client.list_stack_resources().stack_name("acme-test").send().await.unwrap();
    assert_eq!(resources.stack_resource_summaries().len(), 1, "{resources:?}");
}

#[test]
fn two_clouds_keep_apart_and_end_with_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        LocalCloud::start(Options { dir: folder.path().join(name), ..Options::default() }).unwrap()
    };
    let (one, two) = (start("one"), start("two"));
    assert_ne!((one.port, one.mqtt_port), (two.port, two.mqtt_port));
    let port = one.port;
    drop(one);
    let closed = std::net::TcpStream::connect_timeout(
        &([127, 0, 0, 1], port).into(),
        Duration::from_secs(1),
    );
    assert!(closed.is_err(), "the first cloud still listens");
    two.reset().unwrap();
    two.stop().unwrap();
}
