//! Calls of AWS IoT a second.

macro_rules! rate {
    ($($(#[$doc:meta])* $name:ident = $default:literal,)+) => {
        /// Calls a second that all active runs share; the defaults are AWS's default quotas.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Rate {
            $($(#[$doc])* pub $name: f64,)+
        }

        impl Default for Rate {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Rate {
            /// Each call's key in the configuration.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($name),)+];

            /// Each call's key and its calls a second.
            #[must_use]
            pub fn entries(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($name), self.$name),)+]
            }

            /// The calls a second that belong to a key, to be changed.
            pub fn entry_mut(&mut self, key: &str) -> Option<&mut f64> {
                match key {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

rate! {
    /// `RegisterCertificateWithoutCA`.
    register_certificate = 10.0,
    /// `AttachPolicy`.
    attach_policy = 15.0,
    /// `DescribeThing`.
    describe_thing = 350.0,
    /// `CreateThing`.
    create_thing = 100.0,
    /// `UpdateThing`.
    update_thing = 100.0,
    /// `AttachThingPrincipal`.
    attach_thing_principal = 100.0,
    /// `AddThingToThingGroup`.
    add_thing_to_thing_group = 100.0,
    /// `ListThingPrincipals`.
    list_thing_principals = 20.0,
    /// `DescribeCertificate`.
    describe_certificate = 10.0,
    /// `UpdateCertificate`.
    update_certificate = 10.0,
    /// `ListAttachedPolicies`.
    list_attached_policies = 15.0,
    /// `ListThingGroupsForThing`; AWS publishes no figure, this is a careful guess.
    list_thing_groups = 10.0,
    /// `ListPrincipalThings`.
    list_principal_things = 10.0,
    /// `DetachPolicy`.
    detach_policy = 15.0,
    /// `RemoveThingFromThingGroup`.
    remove_thing_from_thing_group = 100.0,
    /// `DeleteThing`.
    delete_thing = 100.0,
    /// `DeleteCertificate`.
    delete_certificate = 10.0,
}
