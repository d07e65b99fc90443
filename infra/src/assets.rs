//! The stack beside the deployment: the bucket from which CloudFormation takes the functions' zips
//! and the template.

use serde_json::{Value, json};

use crate::constructs::bucket::{self, UNFINISHED_UPLOAD_DAYS};
use crate::constructs::{REQUIRE_TLS, require_tls, tls_only};
use crate::intrinsics::{attribute, reference, sub};
use crate::template::{Resource, Template, Violation};

/// Days after which a replaced version is deleted. Names are hashes of contents, so an older
/// version is never another content: a month is ample.
const REPLACED_DAYS: u32 = 30;

const DESCRIPTION: &str =
    "Thingpress: the functions' code and the templates of the stack beside this one";

/// The CloudFormation template of the assets stack, whose bucket has this name.
///
/// The bucket stays when the stack goes, because a stack that is deployed may still take a function
/// from it.
pub fn assets_template(bucket: &str) -> Result<String, Vec<Violation>> {
    let mut template = Template::default();
    require_tls(&mut template);
    let resource = Resource::new("AWS::S3::Bucket", properties(bucket)).retained().skip_check(
        "CKV_AWS_18",
        "It holds the product's own code and templates, under the hashes of their contents, and \
         nothing of a device.",
    );
    template.add("Bucket", resource);
    let policy = json!({ "Bucket": reference("Bucket"), "PolicyDocument": policy_document() });
    let policy = Resource::new("AWS::S3::BucketPolicy", policy);
    template.add("BucketPolicy", policy.only_if(REQUIRE_TLS));
    template.output(
        "Bucket",
        "Bucket of the functions' zips and the templates",
        reference("Bucket"),
    );
    template.finish(DESCRIPTION)
}

fn properties(name: &str) -> Value {
    let rules = json!([{
        "Id": "old-versions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": { "NoncurrentDays": REPLACED_DAYS },
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": UNFINISHED_UPLOAD_DAYS },
    }]);
    bucket::private(json!(name), None, rules)
}

fn policy_document() -> Value {
    let all = json!([attribute("Bucket", "Arn"), sub("${Bucket.Arn}/*")]);
    json!({
        "Version": "2012-10-17",
        "Statement": [tls_only("EncryptedTransportOnly", "s3:*", all)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assets_stack_is_this_template() {
        let template = assets_template("acme-thingpress-assets-123456789012-eu-central-1");
        insta::assert_snapshot!("assets", template.expect("a template"));
    }
}
