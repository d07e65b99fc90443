//! What people who install, import and run Thingpress ask, and under which heading the answer stands.
//!
//! They are the steps, the troubles and the things to watch that the predecessor's guides have, and what is new
//! here. An answer may be said better; a heading that is renamed, or an answer that is gone, fails the test.

mod factory;
mod importing;
mod installing;
mod running;

/// What is asked, the heading of the answer, and words that the answer has.
pub(crate) type Question = (&'static str, &'static str, &'static str);

/// The guides of the vendors.
pub(crate) const VENDORS: [&str; 4] = ["microchip", "infineon", "espressif", "generated"];

/// What is asked for every vendor alike.
pub(crate) const OF_EVERY_VENDOR: &[Question] = importing::OF_EVERY_VENDOR;

/// What else is asked, by the page that answers.
pub(crate) const QUESTIONS: &[(&str, &[Question])] = &[
    ("installation", installing::INSTALLATION),
    ("deploying", installing::DEPLOYING),
    ("profiles", installing::PROFILES),
    ("customization", installing::CUSTOMIZATION),
    ("quotas", installing::QUOTAS),
    ("rates", installing::RATES),
    ("microchip", importing::MICROCHIP),
    ("infineon", importing::INFINEON),
    ("espressif", importing::ESPRESSIF),
    ("generated", importing::GENERATED),
    ("mes", factory::MES),
    ("monitoring", running::MONITORING),
    ("operating", running::OPERATING),
    ("performance", running::PERFORMANCE),
    ("security", running::SECURITY),
];
