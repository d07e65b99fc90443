//! The deployment as code: a TOML configuration in, a CloudFormation template out.
//!
//! Pure: no AWS clients, no environment and no clock, so that the same configuration gives the same
//! bytes everywhere.

mod assets;
mod config;
mod constructs;
mod deployer;
mod grants;
mod intrinsics;
mod l1;
mod machine_role;
pub mod metrics;
mod names;
mod people;
pub mod predecessor;
mod run_configuration;
mod stack;
mod template;
mod values;

pub use assets::assets_template;
pub use config::{
    Architecture, BucketNames, Bundle, CertificateStatus, Config, ConfigError, Encryption,
    Infineon, Log, Microchip, Notify, OnConflict, Place, Problem, Profile, Rate, Setting, Signers,
    Vendors,
};
pub use constructs::REQUIRE_TLS;
pub use constructs::bucket::LIFECYCLE_RULE;
pub use deployer::{boundary_name, boundary_policy, deployer_policies};
pub use l1::{OnChange, RESOURCE_TYPES, file_of as l1_file, named_actions, on_change};
pub use names::{FUNCTIONS, bucket_name};
pub use people::{PLAN_FOLDER, SIGNERS_FOLDER};
pub use run_configuration::run_configuration;
pub use stack::{BUCKETS, PARAMETERS, RUNS_OUTPUT, VENDORS, bucket_output, synthesize};
pub use template::Violation;
