//! The deployment as code: a TOML configuration in, a CloudFormation template out.
//!
//! Pure: no AWS clients, no environment and no clock, so that the same configuration gives the same
//! bytes everywhere.

mod config;
mod constructs;
mod grants;
mod intrinsics;
mod machine_role;
pub mod predecessor;
mod run_configuration;
mod stack;
mod template;
mod values;

pub use config::{
    Architecture, Bundle, CertificateStatus, Config, ConfigError, Infineon, Log, Microchip,
    OnConflict, Problem, Profile, Rate, Signers, Vendors,
};
pub use constructs::REQUIRE_TLS;
pub use run_configuration::run_configuration;
pub use stack::{BUCKETS, PARAMETERS, VENDORS, synthesize};
pub use template::Violation;
