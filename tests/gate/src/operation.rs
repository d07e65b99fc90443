//! Which operation of AWS IoT a request is, and which device it is about.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{Method, body::Bytes, http::request::Parts};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The operations of AWS IoT that are told apart.
pub const OPERATIONS: &[&str] = &[
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
    "CreateThing",
    "DeleteCertificate",
    "DeleteThing",
    "DescribeCertificate",
    "DescribeThing",
    "DescribeThingGroup",
    "DescribeThingType",
    "DetachPolicy",
    "DetachThingPrincipal",
    "GetPolicy",
    "ListAttachedPolicies",
    "ListCertificates",
    "ListPrincipalThings",
    "ListTargetsForPolicy",
    "ListThingGroupsForThing",
    "ListThingPrincipals",
    "ListThings",
    "ListThingsInThingGroup",
    "RegisterCertificateWithoutCA",
    "RemoveThingFromThingGroup",
    "UpdateCertificate",
    "UpdateThing",
    OTHER,
];

const OTHER: &str = "another operation";

/// The operation that a request is; none for other services.
pub(crate) fn operation(request: &Parts) -> Option<&'static str> {
    let authorization = request.headers.get("authorization")?.to_str().ok()?;
    if !authorization.contains("/iot/aws4_request") {
        return None;
    }
    Some(match (&request.method, segments(request).as_slice()) {
        (&Method::GET, ["things"]) => "ListThings",
        (&Method::GET, ["things", _]) => "DescribeThing",
        (&Method::POST, ["things", _]) => "CreateThing",
        (&Method::PATCH, ["things", _]) => "UpdateThing",
        (&Method::DELETE, ["things", _]) => "DeleteThing",
        (&Method::GET, ["things", _, "principals"]) => "ListThingPrincipals",
        (&Method::PUT, ["things", _, "principals"]) => "AttachThingPrincipal",
        (&Method::DELETE, ["things", _, "principals"]) => "DetachThingPrincipal",
        (&Method::GET, ["things", _, "thing-groups"]) => "ListThingGroupsForThing",
        (&Method::POST, ["certificate", "register-no-ca"]) => "RegisterCertificateWithoutCA",
        (&Method::GET, ["certificates"]) => "ListCertificates",
        (&Method::GET, ["certificates", _]) => "DescribeCertificate",
        (&Method::PUT, ["certificates", _]) => "UpdateCertificate",
        (&Method::DELETE, ["certificates", _]) => "DeleteCertificate",
        (&Method::GET, ["principals", "things"]) => "ListPrincipalThings",
        (&Method::PUT, ["thing-groups", "addThingToThingGroup"]) => "AddThingToThingGroup",
        (&Method::PUT, ["thing-groups", "removeThingFromThingGroup"]) => {
            "RemoveThingFromThingGroup"
        }
        (&Method::PUT, ["target-policies", _]) => "AttachPolicy",
        (&Method::POST, ["target-policies", _]) => "DetachPolicy",
        (&Method::POST, ["attached-policies", ..]) => "ListAttachedPolicies",
        (&Method::GET, ["policies", _]) => "GetPolicy",
        (&Method::POST, ["policy-targets", _]) => "ListTargetsForPolicy",
        (&Method::GET, ["thing-groups", _, "things"]) => "ListThingsInThingGroup",
        (&Method::GET, ["thing-groups", _]) => "DescribeThingGroup",
        (&Method::GET, ["thing-types", _]) => "DescribeThingType",
        _ => OTHER,
    })
}

/// The thing's name or the certificate's id that a request is about; empty where it names none.
///
/// By it a log can be told apart by file, because the requests do not say which run they come from.
pub(crate) fn subject(request: &Parts, body: &Bytes) -> String {
    let named = |field: &str| {
        let body: Value = serde_json::from_slice(body).ok()?;
        Some(body.get(field)?.as_str()?.to_owned())
    };
    let subject = match segments(request).as_slice() {
        ["certificate", "register-no-ca"] => named("certificatePem").and_then(|pem| id(&pem)),
        ["things" | "certificates", name, ..] => Some((*name).to_owned()),
        ["target-policies", _] => {
            named("target").and_then(|arn| Some(arn.rsplit_once('/')?.1.to_owned()))
        }
        ["thing-groups", "addThingToThingGroup" | "removeThingFromThingGroup"] => {
            named("thingName")
        }
        _ => None,
    };
    subject.unwrap_or_default()
}

fn segments(request: &Parts) -> Vec<&str> {
    request.uri.path().split('/').filter(|segment| !segment.is_empty()).collect()
}

/// AWS IoT's id of a certificate: SHA-256 of its DER.
fn id(pem: &str) -> Option<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Some(format!("{:x}", Sha256::digest(STANDARD.decode(base64).ok()?)))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    #[track_caller]
    fn check(method: Method, uri: &str, body: &'static str, operation_: &str, subject_: &str) {
        let signed = "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/iot/aws4_request";
        let request = Request::builder().method(method).uri(uri).header("authorization", signed);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(operation(&parts), Some(operation_));
        assert_eq!(subject(&parts, &Bytes::from_static(body.as_bytes())), subject_);
    }

    #[test]
    fn a_request_is_known_by_its_method_and_path() {
        check(Method::GET, "/things/d-1", "", "DescribeThing", "d-1");
        check(Method::PATCH, "/things/d-1", "{}", "UpdateThing", "d-1");
        check(Method::GET, "/things/d-1/principals", "", "ListThingPrincipals", "d-1");
        check(Method::GET, "/things?maxResults=250", "", "ListThings", "");
        check(Method::PUT, "/certificates/ab?newStatus=ACTIVE", "", "UpdateCertificate", "ab");
        check(Method::DELETE, "/things/d-1", "", "DeleteThing", "d-1");
        check(Method::DELETE, "/certificates/ab", "", "DeleteCertificate", "ab");
        check(Method::DELETE, "/jobs/1", "", OTHER, "");
    }

    #[test]
    fn the_device_of_a_request_is_found_in_its_body() {
        let arn = r#"{"target":"arn:aws:iot:us-east-1:000000000000:cert/ab"}"#;
        check(Method::PUT, "/target-policies/base", arn, "AttachPolicy", "ab");
        let thing = r#"{"thingName":"d-1","thingGroupName":"g"}"#;
        let path = "/thing-groups/addThingToThingGroup";
        check(Method::PUT, path, thing, "AddThingToThingGroup", "d-1");
        let path = "/thing-groups/removeThingFromThingGroup";
        check(Method::PUT, path, thing, "RemoveThingFromThingGroup", "d-1");
        check(Method::POST, "/target-policies/base", arn, "DetachPolicy", "ab");
        let pem = r#"{"certificatePem":"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"}"#;
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let path = "/certificate/register-no-ca?setAsActive=true";
        check(Method::POST, path, pem, "RegisterCertificateWithoutCA", abc);
    }

    #[test]
    fn other_services_are_none_of_its_business() {
        let (parts, ()) = Request::get("/things/d-1").body(()).unwrap().into_parts();
        assert_eq!(operation(&parts), None);
    }
}
