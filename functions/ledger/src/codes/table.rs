//! The codes. Within each part they are in alphabetical order.

use super::Code;

/// The same file can succeed later.
const fn again(code: &'static str, means: &'static str) -> Code {
    Code { code, retry: true, means }
}

/// The file itself has to change.
const fn never(code: &'static str, means: &'static str) -> Code {
    Code { code, retry: false, means }
}

/// A warning has nothing to try again.
const fn told(code: &'static str, means: &'static str) -> Code {
    Code { code, retry: false, means }
}

pub(super) const CONFLICT: &[Code] = &[
    again(
        "Certificate.Deactivated",
        "An earlier import activated the certificate, and somebody deactivated it since.",
    ),
    again("Certificate.InTransfer", "The certificate is on its way to or from another account."),
    again("Certificate.OnAnotherThing", "The certificate is attached to a thing of another name."),
    again(
        "Certificate.Raced",
        "Another file gave the certificate to another thing at the same moment.",
    ),
    never("Certificate.Revoked", "The certificate is registered as REVOKED, and was left so."),
    never("Manifest.DuplicateCertificate", "An earlier entry of the file has the certificate."),
    never("Manifest.DuplicateName", "An earlier entry of the file names the same thing."),
    again(
        "Thing.ChangedMeanwhile",
        "Somebody made the thing, of another type, while the device was being made.",
    ),
    again("Thing.HasAnotherCertificate", "The thing has another certificate."),
    again("Thing.OtherType", "The thing has another type, or none."),
    again("Thing.Raced", "Another file gave the thing another certificate at the same moment."),
];

pub(super) const REJECTED: &[Code] = &[
    never("Archive.MemberName", "A member's name points out of the archive."),
    never("Archive.MemberWrongFormat", "A member of the archive is something else."),
    never("Attribute.Name", "An attribute's name breaks AWS IoT's rule."),
    again("Attribute.NoField", "The device has no field that the profile makes an attribute of."),
    never(
        "Attribute.NotText",
        "An attribute's value is a number, or something else that is no text.",
    ),
    again("Attribute.TooMany", "AWS IoT gives a thing fewer attributes; with a type, more."),
    never("Attribute.Value", "An attribute's value breaks AWS IoT's rule."),
    never("Certificate.IsAuthority", "The certificate is an authority's and no device's."),
    never("Certificate.KeyUnsupported", "AWS IoT does not take the certificate's kind of key."),
    never("Certificate.Malformed", "The certificate, or its issuer's, cannot be read."),
    never("Certificate.NotSignedByIssuer", "The certificate's issuer did not sign it."),
    never("Certificate.OtherDevice", "The certificate is another device's."),
    never("Certificate.OtherKey", "The certificate is for another key than the entry's."),
    never("Certificate.SignatureUnsupported", "AWS IoT does not take the certificate's signature."),
    never("Certificate.TooLarge", "The certificate is longer than AWS IoT takes."),
    never("Device.Fingerprint", "The fingerprint is no SHA-256 in hexadecimal digits."),
    never("Device.Id", "The device's id cannot be a thing's name."),
    never("Device.Kind", "A member of the device is of another kind than it should be."),
    never("Device.Missing", "A member that every device needs is missing."),
    never("Device.Type", "The device's type cannot be a thing type's name."),
    never("Manifest.CellTooLong", "A value is longer than a thing's attribute may be."),
    never("Manifest.DuplicateMember", "A JSON object has two members of one name."),
    never("Manifest.EntryTooLarge", "The entry is larger than any genuine one."),
    never("Manifest.Mac", "What stands for a MAC is none."),
    never("Manifest.Malformed", "The entry, or the file, is not of the shape of its format."),
    never("Manifest.MissingCell", "The row has nothing in a column that is needed."),
    never("Manifest.NoCertificate", "The entry holds no certificate."),
    never("Manifest.TooDeep", "The entry, or the file, is nested deeper than any genuine one."),
    never("Manifest.UniqueIdEdited", "The entry's header and its signed part name two devices."),
    again("Name.Illegal", "What the naming template gives cannot be a thing's name."),
    again("Name.NoField", "The device has no field that the naming template names."),
    never("Signature.Algorithm", "The entry is not signed with ES256."),
    never("Signature.CriticalExtension", "The entry demands an extension that nobody knows."),
    never("Signature.Invalid", "The entry was changed after it was signed."),
    never("Signature.Malformed", "The entry's signature is none."),
    never("Signer.KeyUnsupported", "The signer's key cannot have made the signature."),
    never("Signer.KidMismatch", "The entry names two different signers."),
    again("Signer.NotTrusted", "The configuration does not trust the entry's signer."),
    again("Signer.NotUploaded", "The certificate of the entry's signer was not uploaded yet."),
    never("Signer.Unnamed", "The entry does not say who signed it."),
];

pub(super) const FAILED: &[Code] = &[
    again("Aws.Denied", "The function's role may not make a call."),
    again("Aws.NotFound", "A policy or a group was removed while the run went on."),
    never("Aws.Refused", "AWS IoT does not accept the device, for the reason that it gives."),
    again("Aws.Throttled", "A call was throttled for as long as the run tried, over a day."),
    again("Aws.Unavailable", "A call found no answer for as long as the run tried, over a day."),
    again("Thing.NoSuchType", "There is no thing type of the name that the device asks for."),
    again("Worker.OutOfTime", "The device's turn did not come for as long as the run tried."),
];

pub(super) const WAITING: &[Code] = &[again(
    "Certificate.NotRegistered",
    "Phase 2 came before phase 1: the certificate is not registered yet.",
)];

pub(super) const NOT_ATTEMPTED: &[Code] =
    &[again("Run.UnitFailed", "The device's worker failed for good.")];

pub(super) const KEPT: &[Code] = &[
    never(
        "Undo.AttachmentsChanged",
        "The device's certificate or thing was attached to something else, or detached, since the run.",
    ),
    never("Undo.GroupsChanged", "The device's thing joined or left groups since the run."),
    never("Undo.MadeAgain", "The device's certificate was registered again after the run."),
    never("Undo.NotNoted", "What the run added to the device is not known."),
    never("Undo.PartGone", "The device's thing or its certificate was deleted since the run."),
    never("Undo.PoliciesChanged", "The certificate's policies changed since the run."),
    never("Undo.StatusChanged", "The certificate was activated or deactivated since the run."),
    never("Undo.ThingChanged", "The thing's attributes or its type changed since the run."),
];

pub(super) const RUN: &[Code] = &[
    never("Archive.Dictionary", "The archive asks for more memory than any genuine one."),
    never("Archive.Encrypted", "The archive is encrypted."),
    never("Archive.InflatedTooLarge", "More comes out of the archive than of any genuine one."),
    never("Archive.Malformed", "The archive cannot be read."),
    never("Archive.Method", "The archive is packed in a way that is not known here."),
    never("Archive.TooLarge", "The archive is larger than any genuine one."),
    never("Archive.TooLong", "The archive takes longer to read than a function may run."),
    never("Archive.TooManyMembers", "The archive has more members than any genuine one."),
    again("Attribute.Template", "What the profile says of an attribute is no template."),
    never("Manifest.DuplicateColumn", "Two columns have one name."),
    never("Manifest.Empty", "The file has no entries."),
    never("Manifest.Gone", "The file was deleted or replaced before it could be read."),
    never("Manifest.Malformed", "The entry, or the file, is not of the shape of its format."),
    again("Manifest.MissingBundle", "The file does not hold the set that the profile asks for."),
    never("Manifest.MissingColumn", "A column that is needed is not there."),
    never("Manifest.PrivateKey", "There is a private key in the file."),
    again("Manifest.Read", "The file could not be read to its end."),
    never("Manifest.TooDeep", "The entry, or the file, is nested deeper than any genuine one."),
    never("Manifest.TooLarge", "The file is larger than is read here."),
    never("Manifest.TooManyEntries", "The file has more entries than are read here."),
    never("Manifest.Truncated", "The file ends in the middle."),
    never("Manifest.UnknownVendor", "Nobody reads the files of this bucket."),
    never("Manifest.WrongFormat", "The file is something else."),
    again("Name.Template", "The naming template of the profile is none."),
    never(
        "Plan.Certificate",
        "The certificate of a signer or an authority lies under `plan/`, where nothing is filed.",
    ),
    again("Preflight.DeprecatedThingType", "No new thing can have the profile's type."),
    again("Preflight.DynamicThingGroup", "AWS IoT decides itself who is in a group."),
    again("Preflight.GroupsOfOneHierarchy", "A thing can be in one group of a hierarchy only."),
    again("Preflight.NoPolicy", "A policy of the profile does not exist."),
    again("Preflight.NoThingGroup", "A thing group of the profile does not exist."),
    again("Preflight.NoThingType", "The thing type of the profile does not exist."),
    again("Preflight.TooManyAttributes", "AWS IoT gives a thing fewer attributes."),
    again("Preflight.TooManyPolicies", "AWS IoT attaches fewer policies to a certificate."),
    again("Preflight.TooManyThingGroups", "AWS IoT puts a thing into fewer groups."),
    again("Preflight.UnknownProfile", "There is no profile of the first folder's name."),
    again("Redrive.NoReport", "The run that is to be taken up has not ended, or never was."),
    never("Redrive.NoResults", "The results of the run that is to be taken up are gone."),
    never("Redrive.NothingLeft", "The run that is to be taken up left nothing that can succeed."),
    again("Redrive.OtherBundle", "The profile asks for another set than the earlier run read."),
    never("Redrive.OtherEntries", "The file is read in another way than it was then."),
    never("Redrive.OtherFile", "The run that is to be taken up read another file."),
    never("Redrive.OtherKind", "The run that is to be taken up was a dry run or an undo."),
    again("Run.Failed", "A step of the run failed for good."),
    again("Run.Stopped", "Somebody stopped the run."),
    again("Run.TimedOut", "The run took longer than its machine allows."),
    never("Undo.Expired", "The files that tell what the run added are gone."),
    never("Undo.MadeNothing", "The run that was to be taken back made nothing."),
    never("Undo.NoSuchRun", "There is no run of that name."),
    again("Undo.StillGoing", "The run that was to be taken back has no report yet."),
    again("Undo.UnderWay", "Another run takes it back already."),
    never("Xml.Doctype", "The file has a document type definition."),
];

pub(super) const WARNING: &[Code] = &[
    told("Attribute.Empty", "The file has nothing for an attribute, which was left out."),
    told(
        "Certificate.ActiveWithoutThing",
        "Phase 1 registers certificates ACTIVE: a device can connect before it has its thing.",
    ),
    told("Certificate.Expired", "The certificate has expired."),
    told("Certificate.IssuerNotUploaded", "Nobody uploaded the certificate of the issuer."),
    told("Certificate.LeftActive", "The certificate was ACTIVE before, and was left so."),
    told("Certificate.LeftInactive", "The certificate was INACTIVE before, and was left so."),
    told("Certificate.NoIssuer", "The manifest holds no certificate of the issuer."),
    told("Certificate.NotYetValid", "The certificate is not valid yet."),
    told("Certificate.OtherThings", "The certificate is attached to other things as well."),
    told("DeviceInfos.Batch", "The file's batch id is none, and is not in the report."),
    told("DeviceInfos.NotRead", "The file has members that mean nothing here."),
    told("Infineon.OtherBundles", "The file holds other sets, which were not imported."),
    told("Infineon.OtherMembers", "The archive has members that were not looked at."),
    told(
        "Plan.WouldUpdate",
        "The device stands in part, and an import would add what its warning names.",
    ),
    told("Thing.AttributeKept", "The thing has another value of an attribute, and kept it."),
    told("Thing.OtherCertificates", "The thing has other certificates as well."),
    told("Thing.TypeKept", "The thing has another type, and kept it."),
];

pub(super) const FUNCTION: &[Code] = &[
    again("Aws.Unavailable", "A call found no answer for as long as the run tried, over a day."),
    again("Decode.AnswerTooLarge", "The answer would not fit into the machine's state."),
    again("Decode.Crashed", "The decoder crashed."),
    again("Decode.RunIncomplete", "An earlier step of the run did not leave what this one needs."),
    again("Decode.SourceUnavailable", "The uploaded file could not be read from S3."),
    again(
        "Index.Damaged",
        "A part of the index of devices is not what it should be; the devices in it are not found.",
    ),
    again("Index.Restless", "The index of devices changed while it was looked at."),
    again("Ledger.Malformed", "A file of the run is not what it should be."),
    again("Ledger.Unavailable", "The runs bucket did not answer."),
    again("Ledger.Unwritable", "A line of a run's file could not be written."),
    again(
        "Preflight.RunIncomplete",
        "An earlier step of the run did not leave what this one needs.",
    ),
    again("Report.AnswerTooLarge", "The answer would not fit into the machine's state."),
    again("Report.FailuresUnsent", "The queue did not take the devices that did not end well."),
    again("Report.PageUnwritable", "The page of the report could not be written."),
    again("Report.ResultsUnwritable", "A line of the results could not be written."),
    again("Worker.AnswerTooLarge", "The answer would not fit into the machine's state."),
    again("Worker.RunIncomplete", "An earlier step of the run did not leave what this one needs."),
    again("Worker.UnitMalformed", "A unit does not name whole devices of the run's work."),
];
