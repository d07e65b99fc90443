//! What is asked by who installs it, and by who makes it fit.

use super::Question;

pub(super) const INSTALLATION: &[Question] = &[
    (
        "what are certificates, policies, things, types and groups",
        "What you decide first",
        "x509-client-certs",
    ),
    (
        "one manifest for several accounts or Regions",
        "What you decide first",
        "can be imported in several",
    ),
    ("what is hard to change at scale", "What you decide first", "hundred thousand devices"),
    ("where an account comes from", "What you need", "Setting up AWS IoT"),
    ("which permissions deploying needs", "What you need", "(people.md#who-deploys)"),
    ("which tools the machine needs", "What you need", "C compiler"),
    ("another system than Linux", "What you need", "On another system"),
    ("is a bucket needed for the deployment", "What you need", "a bucket of yours"),
    ("what one should know of CloudFormation", "What you need", "CloudFormation"),
    (
        "which objects are required, which recommended",
        "Prepare the AWS IoT objects",
        "Only the policy is needed",
    ),
    (
        "in which Region they have to be",
        "Prepare the AWS IoT objects",
        "the Region where devices will connect",
    ),
    ("which quotas to look at before", "Look at the quotas", "(quotas.md)"),
    ("what planning the vendor asks for", "The first manifest", "(infineon.md)"),
    ("get the sources", "Build and deploy", "git clone"),
    ("build and deploy", "Build and deploy", "cargo xtask deploy"),
    ("is what I named checked", "Build and deploy", "whether what it names exists"),
    ("which effective policy a device has", "Test with one device", "get-effective-policies"),
    ("what may it do, and what not", "Test with one device", "test-authorization"),
    (
        "adjust policies and groups after the test",
        "Test with one device",
        "the hierarchy of groups",
    ),
    ("does the installation work", "Verify the installation", "cargo xtask sample"),
    ("counts before and after", "Verify the installation", "cargo xtask summary --since"),
    ("several installations", "Several product lines, several installations", "--config eu.toml"),
    ("update", "Update", "cargo xtask diff --build"),
    ("remove", "Remove", "--with-buckets"),
    ("come from the predecessor", "From the Python application", "cargo xtask config import"),
];

pub(super) const DEPLOYING: &[Question] = &[
    ("deploy under a role", "deploy", "--role-arn"),
    ("deploy into a Region", "Deploying", "--region REGION"),
    ("which resources were made, with status and physical id", "What it makes", "physical id"),
];

pub(super) const PROFILES: &[Question] = &[
    (
        "what became of the predecessor's parameters",
        "From the predecessor's parameters",
        "`ThingGroupName`",
    ),
    (
        "how to give several policies and groups",
        "Several policies and groups",
        "thing_groups = [\"plant-a\"",
    ),
    ("layered access", "Several policies and groups", "Policies are layers"),
    ("a hierarchy of groups", "Several policies and groups", "one hierarchy"),
    ("a single policy and group", "Several policies and groups", "a list of one"),
];

pub(super) const CUSTOMIZATION: &[Question] = &[
    ("which parts can be changed", "Customization", "bulk importer"),
    (
        "how the parts work together",
        "How they work together",
        "certificate, thing's name, attributes",
    ),
    ("define the product provider", "A product provider: a profile", "infra/thingpress.toml"),
    ("define the supplier provider", "A supplier provider: a decoder", "plain.rs"),
    ("invoke the importer directly", "The bulk importer, called directly", "start-execution"),
    ("ingest by S3", "Other ways in", "Files come in through S3"),
    ("ingest by API Gateway", "Other ways in", "API Gateway"),
    ("ingest by AWS IoT, with a certificate in base64", "Other ways in", "certificate in base64"),
];

pub(super) const QUOTAS: &[Question] = &[
    ("hundred thousand an hour", "What to raise", "100,000 an hour"),
    ("hundreds of thousands or millions a day", "How long an import takes", "a day"),
    ("registrations are throttled", "What to raise", "RegisterCertificateWithoutCA"),
    ("the quota on device certificates", "What to raise", "Device certificates"),
    ("fifty thousand activations an hour", "What to raise", "50,000 an hour"),
    ("what a million costs", "What it costs", "together"),
    ("how large may a file be", "How large a file may be", "5,000,000"),
];

pub(super) const RATES: &[Question] =
    &[("how throttling is kept away", "Set them", "stays just under it")];
