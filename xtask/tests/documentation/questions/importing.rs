//! What is asked by who imports a vendor's files.

use super::Question;

/// Of every vendor alike.
pub(super) const OF_EVERY_VENDOR: &[Question] = &[
    ("what has to be installed before", "Deploy", "(installation.md)"),
    ("which policy, group and type devices get", "Deploy", "thing_groups = "),
    ("what the deployment made, and where", "Deploy", "cargo xtask outputs"),
    ("is the file good, before it is uploaded", "Check the file", "cargo xtask check"),
    ("what AWS IoT holds before the import", "Plan the import", "cargo xtask summary --out"),
    ("what would become of each device", "Plan the import", "cargo xtask plan"),
    (
        "which bucket in the S3 console",
        "Upload",
        "in the S3 console, in the Region of the deployment, open the bucket",
    ),
    ("how to upload by hand", "Upload", "aws s3 cp"),
    ("when processing begins", "Upload", "begins within seconds"),
    ("where progress is seen", "Watch the run", "cargo xtask watch"),
    ("which logs there are", "Watch the run", "/aws/lambda/<stack>-decode-"),
    ("where new things appear in AWS IoT's console", "Watch the run", "In the AWS IoT console"),
    ("are the counts right after the import", "Verify the result", "cargo xtask summary --since"),
    ("is a certificate attached and active", "Verify the result", "cargo xtask find"),
    ("is everything still so later", "Verify the result", "cargo xtask reconcile"),
    ("does a device connect", "Connect a device", "client id"),
    ("how things are named, and are names given once", "What a device gets", "The default name is"),
    ("what is attached to a device", "What a device gets", "policies, type, groups and attributes"),
    ("how many an hour", "How long it takes", "36,000 devices an hour"),
    ("must large files be split", "How long it takes", "Nobody has to split a file"),
    ("what does throttling do", "How long it takes", "loses nothing"),
    ("which quotas to raise", "How long it takes", "(quotas.md)"),
    ("the upload is not allowed", "The upload fails, or nothing happens", "`AccessDenied`"),
    (
        "the file has another format",
        "The upload fails, or nothing happens",
        "`Manifest.WrongFormat`",
    ),
    ("the file is damaged", "The upload fails, or nothing happens", "`Manifest.Truncated`"),
    ("the file is too large", "The upload fails, or nothing happens", "over a limit"),
    (
        "nothing happens after the upload",
        "The upload fails, or nothing happens",
        "cargo xtask doctor",
    ),
    ("where the details of an error are", "Processing stops", "function's log"),
    ("do policy, group and type exist", "Processing stops", "`Preflight.NoPolicy`"),
    ("do the permissions fit", "Processing stops", "`Aws.Denied`"),
    (
        "a certificate is not valid for AWS IoT",
        "Devices are not registered",
        "`Certificate.KeyUnsupported`",
    ),
    (
        "a certificate is there twice",
        "Devices are not registered",
        "`Manifest.DuplicateCertificate`",
    ),
    ("a name is there twice", "Devices are not registered", "`Manifest.DuplicateName`"),
    ("something else stands there", "Devices are not registered", "`Thing.HasAnotherCertificate`"),
    ("functions: invocations and errors", "What to watch", "invocations and errors"),
    ("files processed, and failed", "What to watch", "`ManifestsFailed`"),
    ("queue depth", "What to watch", "queue"),
    ("processing rates", "What to watch", "`ThrottledCalls`"),
    ("uploads that started nothing", "What to watch", "<stack>-undelivered"),
    ("certificate registration", "What to watch", "registration"),
    ("things and attachments", "What to watch", "things, attachments, policies"),
    ("who may upload", "Keep it safe", "<stack>-upload"),
    ("how devices are watched afterwards", "Afterwards", "(monitoring.md#the-devices-themselves)"),
    ("how to go on with further files", "Afterwards", "next file"),
];

pub(super) const MICROCHIP: &[Question] = &[
    ("where the manifest comes from", "Get the files", "MicrochipDirect"),
    ("where the verification certificate comes from", "Get the files", "certificate of the signer"),
    ("what a manifest looks like", "Get the files", "(JWS)"),
    ("upload the certificate first", "Upload", "The signer's certificate first"),
    ("which extension the certificate has", "Upload", "whatever its name"),
    ("are signatures checked", "What is verified", "ES256"),
    ("the certificate was not uploaded", "Verification fails", "`Signer.NotUploaded`"),
    ("the certificate is in the wrong form", "Verification fails", "PEM or DER"),
    ("a signature does not hold", "Verification fails", "`Signature.Invalid`"),
    ("is the manifest Microchip's", "Verification fails", "`Signer.NotTrusted`"),
    (
        "the content of an entry does not fit together",
        "Verification fails",
        "`Manifest.UniqueIdEdited`",
    ),
    ("signatures, good and bad", "What to watch", "`SignaturesFailed`"),
    ("changed entries are refused", "Keep it safe", "A changed entry is refused"),
    (
        "keep the verification certificates safely",
        "Keep it safe",
        "Keep the manifests and the signers' certificates",
    ),
    ("who may upload certificates", "Keep it safe", "<stack>-signers"),
    ("watch for failed validation", "Keep it safe", "<stack>-signatures-failed"),
];

pub(super) const INFINEON: &[Question] = &[
    ("whom to ask for bundles", "Get the files", "Infineon or its distributor"),
    ("which sets a bundle has", "Get the files", "E0E2_Certs.7z"),
    ("the verification certificate", "Get the files", "CA certificates"),
    ("which set to configure", "Choose the bundle", "bundle = \"E0E0\""),
    ("what the XML holds", "XML", "TpmMAC"),
    (
        "the set does not match the configuration",
        "Reading the bundle fails",
        "`Manifest.MissingBundle`",
    ),
    ("the bundle is corrupted", "Reading the bundle fails", "`Archive.Malformed`"),
    ("the XML is not valid", "Reading the bundle fails", "the XML is not"),
];

pub(super) const ESPRESSIF: &[Question] = &[
    ("where the CSV comes from", "Get the files", "Espressif delivers"),
    ("a verification certificate", "Get the files", "no certificate of a signer"),
    ("what the CSV looks like", "Get the files", "MAC,cn,cert"),
    ("a column is missing", "Reading the file fails", "`Manifest.MissingColumn`"),
];

pub(super) const GENERATED: &[Question] = &[
    ("how to make the file", "Get the files", "base64 -w0"),
    ("what AWS IoT takes", "What AWS IoT takes", "P-521"),
];
