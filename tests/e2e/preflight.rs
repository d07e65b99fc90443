//! What a profile names has to exist and to fit, or the run stops before its first write.

use serde_json::json;

use crate::{
    samples::{Authority, standard},
    world::{Making, World},
};

const PROFILES: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_groups = ["plant", "sensors"]
thing_type = "sensor"
certificate_status = "active"
defer_things = false

[profile.below]
policies = ["sensor-base"]
thing_groups = ["plant", "line-1"]
certificate_status = "active"
defer_things = false

[profile.beside]
policies = ["sensor-base"]
thing_groups = ["line-1", "line-2"]
certificate_status = "active"
defer_things = false

[profile.deprecated]
policies = ["sensor-base"]
thing_groups = []
thing_type = "old-sensor"
certificate_status = "active"
defer_things = false

[profile.everything]
policies = ["sensor-base", "absent-policy"]
thing_groups = ["line-1", "absent-group", "line-2"]
thing_type = "absent-type"
certificate_status = "active"
defer_things = false
"#;

async fn make_registry_objects(world: &World) {
    let iot = &world.iot;
    let document = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let policy = iot.create_policy().policy_name("sensor-base").policy_document(document);
    policy.send().await.unwrap();
    for group in ["plant", "sensors"] {
        iot.create_thing_group().thing_group_name(group).send().await.unwrap();
    }
    for group in ["line-1", "line-2"] {
        let below = iot.create_thing_group().thing_group_name(group).parent_group_name("plant");
        below.send().await.unwrap();
    }
    for name in ["sensor", "old-sensor"] {
        iot.create_thing_type().thing_type_name(name).send().await.unwrap();
    }
    iot.deprecate_thing_type().thing_type_name("old-sensor").send().await.unwrap();
}

/// What an import into the profile's folder says, and that it wrote nothing.
async fn check(world: &World, profile: &str, code: &str, sentences: &[&str]) {
    let list = standard(Authority::new("Test CA").leaf(profile));
    let run = world.import("generated", &format!("{profile}/list.txt"), list).await;
    let (stopped, reason) = run.stop();
    assert_eq!(stopped, code, "{reason}");
    for sentence in sentences {
        assert!(reason.contains(sentence), "`{sentence}` is not in: {reason}");
    }
    assert_eq!(world.registered().await, (0, 0), "{profile}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_aws_iot_cannot_serve_stops_the_run_before_any_write() {
    let world = Making::with(PROFILES).without_registry_objects().world().await;
    make_registry_objects(&world).await;

    let hierarchy = "Preflight.GroupsOfOneHierarchy";
    let below = "the thing groups `plant` and `line-1` are of one hierarchy, that of `plant`";
    check(&world, "below", hierarchy, &[below]).await;
    let beside = "the thing groups `line-1` and `line-2` are of one hierarchy, that of `plant`";
    check(&world, "beside", hierarchy, &[beside]).await;
    let deprecated = "the thing type `old-sensor` is deprecated";
    check(&world, "deprecated", "Preflight.DeprecatedThingType", &[deprecated]).await;

    let all_at_once = [
        "there is no AWS IoT policy `absent-policy`",
        "there is no thing group `absent-group`",
        beside,
        "there is no thing type `absent-type`",
    ];
    check(&world, "everything", "Preflight.NoPolicy", &all_at_once).await;

    let list = standard(Authority::new("Test CA").leaf("device-1"));
    let run = world.import("generated", "list.txt", list).await;
    assert_eq!(run.summary(), "1 read, 1 created", "two hierarchies are fine");
}
