//! What is asked by who runs it.

use super::Question;

pub(super) const MONITORING: &[Question] = &[
    (
        "functions: invocations and errors",
        "What to watch, and where it is",
        "`Invocations`, `Errors`",
    ),
    ("files: success and failure", "What to watch, and where it is", "`ManifestsPassed`"),
    ("validation: success and failure", "What to watch, and where it is", "`SignaturesPassed`"),
    ("queue depth", "What to watch, and where it is", "ApproximateNumberOfMessagesVisible"),
    ("rates of both phases", "What to watch, and where it is", "`ActivationsPassed`"),
    ("uploads: events and failures", "What to watch, and where it is", "`FailedInvocations`"),
    (
        "certificate registration",
        "What to watch, and where it is",
        "certificate registration status",
    ),
    ("thing creation and attachment", "What to watch, and where it is", "`CreateThing`"),
    ("policies and groups attached", "What to watch, and where it is", "`AttachPolicy`"),
    ("what rings", "Alarms", "<stack>-runs-stopped"),
    ("how devices behave afterwards", "The devices themselves", "Device Management"),
];

pub(super) const OPERATING: &[Question] = &[
    ("a file is red", "A file is red", "`conflict`"),
    ("where is my device", "Where is my device", "cargo xtask find"),
    ("why does it not connect", "It cannot connect", "SNI"),
    ("take an import back", "Take an import back", "cargo xtask undo RUN --yes"),
    ("the vendor sent the file twice", "The vendor sent the file twice", "unchanged"),
    ("try again", "Redrive", "cargo xtask redrive"),
    ("mend some entries", "Mend the entries", "--retry-file"),
    ("stop a run", "Stop a run", "stop-execution"),
];

pub(super) const PERFORMANCE: &[Question] = &[
    ("how fast is it", "Figures", "cargo xtask bench --markdown"),
    ("what is counted, and how", "How it is measured", "never left out to be quicker"),
    ("how fast is my file read", "Measure it yourself", "--file"),
    ("it says too noisy", "Too noisy", "Measure again"),
    ("an entry takes more instructions than before", "Instructions", "--keep"),
    ("how long do a hundred million take", "Time", "| 100,000,000 |"),
    ("what do a hundred million cost", "Cost", "| 100,000,000 |"),
    ("how much memory", "Memory", "40 bytes an entry"),
];

pub(super) const SECURITY: &[Question] = &[
    ("what is encrypted", "Keys and encryption", "encryption = \"kms\""),
    ("who may do what", "Who may do what", "(people.md)"),
    ("whom files are trusted from", "What is trusted, and why", "five published signers"),
    ("who did it", "Who did it", "SHA-256"),
];
