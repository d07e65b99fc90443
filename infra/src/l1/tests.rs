use std::collections::BTreeSet;
use std::path::Path;

use super::*;

/// How a file of resource types begins; tables of other things lie beside them.
const HEADER: &str = "# Names and types of npm's @aws-cdk/aws-service-spec.";

#[test]
fn every_resource_type_in_use_is_known_and_no_other() {
    let known: BTreeSet<&str> = FILES
        .iter()
        .flat_map(|file| {
            let service = Service::parse(file.text).expect(file.name);
            let here = service.resource_types.keys();
            assert!(here.clone().all(|name| file_of(name).as_deref() == Some(file.name)));
            here.map(|name| *RESOURCE_TYPES.iter().find(|known| *known == name).expect(name))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(known, BTreeSet::from(RESOURCE_TYPES));
    assert!(RESOURCE_TYPES.is_sorted());
}

#[test]
fn all_files_are_made_of_one_version_and_none_is_left_out() {
    let versions: BTreeSet<String> =
        FILES.iter().map(|file| Service::parse(file.text).expect(file.name).version).collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("l1");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("infra/l1")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| std::fs::read_to_string(path).expect("a file").starts_with(HEADER))
        .map(|path| path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned())
        .collect();
    names.sort();
    assert_eq!(names, FILES.each_ref().map(|file| file.name));
}

#[test]
fn every_type_that_a_property_names_is_there() {
    fn nested<'k>(kind: &'k Kind, names: &mut BTreeSet<&'k str>) {
        match kind {
            Kind::Nested(name) => {
                names.insert(name);
            }
            Kind::List(element) | Kind::Map(element) => nested(element, names),
            Kind::OneOf(kinds) => kinds.iter().for_each(|kind| nested(kind, names)),
            _ => {}
        }
    }
    for name in RESOURCE_TYPES {
        let resource_type = resource_type(name).expect(name);
        let mut named = BTreeSet::new();
        let kinds = std::iter::once(&resource_type.properties)
            .chain(resource_type.types.values())
            .flat_map(|properties| properties.values().map(|property| &property.kind))
            .chain(resource_type.attributes.values());
        kinds.for_each(|kind| nested(kind, &mut named));
        let there: BTreeSet<&str> = resource_type.types.keys().map(String::as_str).collect();
        assert_eq!(named, there, "{name}");
    }
}

#[test]
fn what_is_not_known_says_how_it_becomes_known() {
    for name in ["AWS::S3::AccessPoint", "AWS::EC2::Instance", "Nonsense"] {
        assert_eq!(
            resource_type(name),
            Err(format!(
                "infra/l1 does not know `{name}`: add it to RESOURCE_TYPES and run `cargo xtask l1`"
            ))
        );
    }
}

#[track_caller]
fn check_change(kind: &str, path: &[&str], expected: Option<OnChange>) {
    assert_eq!(on_change(kind, path), expected, "{kind} {path:?}");
}

#[test]
fn a_change_keeps_the_resource_or_replaces_it() {
    check_change("AWS::S3::Bucket", &["BucketName"], Some(OnChange::Replaces));
    check_change("AWS::S3::Bucket", &["VersioningConfiguration"], Some(OnChange::InPlace));
    check_change("AWS::SQS::Queue", &["FifoQueue"], Some(OnChange::Replaces));
    check_change("AWS::Lambda::Function", &["MemorySize"], Some(OnChange::InPlace));
    check_change("AWS::Lambda::Function", &["TenancyConfig"], Some(OnChange::Replaces));
}

#[test]
fn a_change_is_looked_up_however_deep_it_is() {
    let in_place = Some(OnChange::InPlace);
    let function = "AWS::Lambda::Function";
    check_change(function, &["Environment", "Variables", "ANY_NAME"], in_place);
    check_change(function, &["Code", "S3Key"], in_place);
    check_change(function, &["Architectures", "0"], in_place);
    // What is beneath a replaced property replaces as well.
    let tenancy = ["TenancyConfig", "TenantIsolationMode"];
    check_change(function, &tenancy, Some(OnChange::Replaces));
    let bucket = "AWS::S3::Bucket";
    check_change(bucket, &["LifecycleConfiguration", "Rules", "0", "Status"], in_place);
    check_change(bucket, &["LifecycleConfiguration", "Rules", "Status"], in_place);
    check_change("AWS::SQS::Queue", &["Tags", "3", "Value"], in_place);
    let statement = ["Policies", "0", "PolicyDocument", "Statement", "1", "Action"];
    check_change("AWS::IAM::Role", &statement, in_place);
}

#[test]
fn a_property_that_does_not_exist_has_no_change() {
    check_change("AWS::EC2::Instance", &["ImageId"], None);
    check_change("AWS::S3::Bucket", &[], None);
    check_change("AWS::S3::Bucket", &["Name"], None);
    check_change("AWS::S3::Bucket", &["BucketName", "Deeper"], None);
    check_change("AWS::Lambda::Function", &["Code", "S3Bukcet"], None);
    check_change("AWS::SQS::Queue", &["Tags", "0", "Name"], None);
}
