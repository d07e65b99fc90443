//! Infineon OPTIGA Trust M: a 7z bundle of 7z archives, one for each set of certificates.

mod archive;
mod authority;
mod sealed;

use anyhow::{Context, Result};
use manifest::Bundle;
use openssl::sha::sha256;

use self::{archive::archive, authority::Authority};
use super::{
    Options, Sample,
    certificate::{
        COMMON_NAME, COUNTRY, Statement, authority_key, end_entity, issuer_address, key_usage,
        name, policy, revocation_address, subject_key,
    },
    der,
    files::Files,
    identity::{Device, Identities, Identity},
    in_order::in_order,
    key::{Curve, primes::Primes},
    seed::Seed,
    text::{hex, pem},
};

const NAME: &str = "infineon";
const MAKER: &str = "Infineon Technologies AG";
/// Infineon's certificates name a policy where elliptic curves sign.
const POLICY: &[u32] = &[1, 2, 276, 0, 68, 1, 20, 1];

/// Writes a sample of Infineon's: a bundle, and the certificates of the two authorities that issued to its chips.
///
/// The archives are made in memory, a few hundred bytes a certificate. The RSA keys of the third set share primes: see
/// [`Primes`].
pub fn write(options: &Options) -> Result<Sample> {
    let files = Files::of(NAME, options)?;
    let seed = Seed::new(options.seed, NAME);
    let mut identities = files.identities(&["chip_id", "bundle"])?;
    let (reel, guid) = (reel(&seed), seed.uuid("bundle", 0));
    let mut members = Vec::new();
    for bundle in Bundle::ALL {
        let set = Set::new(options.seed, bundle, options.devices)?;
        let archive = set.archive(options.devices, &mut identities)?;
        members.push((format!("{reel}_{guid}_{}_Certs.7z", bundle.name()), archive));
    }
    identities.finish()?;
    members.push((format!("{reel}_{guid}_keys.7z"), sealed::archive(&seed)));
    members.push(("README.txt".to_owned(), read_me(&reel).into_bytes()));
    let (names, contents): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let mut contents = contents.into_iter();
    let bundle = archive(&names, &mut || contents.next().context("a member is missing"))?;
    let bundle = files.write(".7z", &bundle)?;

    let authorities = [("-ca-ecc.crt", Bundle::E0E0), ("-ca-rsa.crt", Bundle::E0E2)];
    let authorities = authorities.into_iter().map(|(suffix, bundle)| {
        files.write(suffix, &Authority::new(&seed, options.seed, bundle)?.certificate)
    });
    Ok(files.sample(bundle, authorities.collect::<Result<_>>()?))
}

/// Whether the certificates of a bundle are for RSA keys.
const fn is_rsa(bundle: Bundle) -> bool {
    matches!(bundle, Bundle::E0E2)
}

/// A set of certificates, one for each chip.
pub(super) struct Set {
    seed: Seed,
    bundle: Bundle,
    keys: Keys,
    authority: Authority,
}

enum Keys {
    Curve(Curve),
    Rsa(Primes),
}

impl Set {
    pub(super) fn new(number: u64, bundle: Bundle, devices: u64) -> Result<Self> {
        let seed = Seed::new(number, NAME);
        let keys = if is_rsa(bundle) {
            Keys::Rsa(Primes::for_devices(&seed, devices)?)
        } else {
            Keys::Curve(Curve::p256()?)
        };
        let authority = Authority::new(&seed, number, bundle)?;
        Ok(Self { seed, bundle, keys, authority })
    }

    pub(super) fn device(&self, index: u64) -> Result<Device> {
        let Self { seed, authority, .. } = self;
        let bundle = self.bundle.name();
        let key = match &self.keys {
            Keys::Curve(curve) => curve.key(seed, bundle, index)?,
            Keys::Rsa(primes) => primes.key(index)?,
        };
        // The name is made of the whole BIT STRING, its tag and length included.
        let cn = hex(&sha256(&der::bit_string(key.bits())));
        let mut extensions = vec![
            issuer_address(&authority.address("crt")),
            subject_key(&key),
            key_usage(0, 0x80),
            end_entity(),
            revocation_address(&authority.address("crl")),
        ];
        if !is_rsa(self.bundle) {
            extensions.push(policy(POLICY));
        }
        extensions.push(authority_key(&authority.key));
        let certificate = Statement {
            serial: &serial(seed, self.bundle, index),
            issuer: &authority.name,
            validity: ("250101082456Z", "450101082456Z"),
            subject: &name(&[(COUNTRY, "DE"), (COMMON_NAME, &cn)]),
            key: &key,
            extensions: &extensions,
        };
        let certificate = certificate.signed_by(&authority.key, authority.algorithm)?;
        let chip_id = chip_id(seed, index);
        let identity = Identity {
            chip_id: Some(chip_id.clone()),
            bundle: Some(bundle.to_owned()),
            ..Identity::new(chip_id, cn, &certificate)
        };
        Ok(Device { identity, certificate, key })
    }

    /// The archive of the set.
    fn archive(&self, devices: u64, identities: &mut Identities) -> Result<Vec<u8>> {
        let bundle = self.bundle.name();
        let chips = (0..devices).map(|index| chip_id(&self.seed, index));
        let names: Vec<_> = chips.map(|chip| format!("{chip}_{bundle}.pem")).collect();
        in_order(
            devices,
            |index| self.device(index),
            |devices| {
                archive(&names, &mut || {
                    let device = devices.next().context("a chip is missing")??;
                    identities.note(&device)?;
                    Ok(pem(&device.certificate, "\r\n").into_bytes())
                })
            },
        )
    }
}

/// Lot, wafer and the place on it: chips come in the order of their ids.
fn chip_id(seed: &Seed, index: u64) -> String {
    const ROWS: u64 = 64;
    const COLUMNS: u64 = 256;
    let lot = seed.number("lot", 0) & 0xff_ffff;
    let (row, column, wafer) = (index % ROWS, index / ROWS % COLUMNS, index / ROWS / COLUMNS);
    format!("0A{lot:06X}{:04X}{:04X}{:04X}", wafer + 1, column + 7, row + 0x1a)
}

/// Four bytes, as Infineon's serial numbers have. No two are alike, also not of two sets that have one authority.
fn serial(seed: &Seed, bundle: Bundle, index: u64) -> [u8; 4] {
    let set = match bundle {
        Bundle::E0E0 => 0,
        Bundle::E0E1 => 1,
        Bundle::E0E2 => 2,
    };
    let number = seed.distinct("serial", 3 * index + set, 30) | 1 << 30;
    let [.., a, b, c, d] = number.to_be_bytes();
    [a, b, c, d]
}

fn reel(seed: &Seed) -> String {
    format!("{:016X}", seed.number("reel", 0))
}

fn read_me(reel: &str) -> String {
    let lines = [
        "This is a sample in the form of an Infineon OPTIGA(TM) Trust M bundle.",
        &format!("It stands for the chips of reel {reel}, which does not exist."),
        "",
        "*_E0E0_Certs.7z   certificates of P-256 keys, one file a chip",
        "*_E0E1_Certs.7z   certificates of further P-256 keys of the same chips",
        "*_E0E2_Certs.7z   certificates of RSA keys of the same chips",
        "*_keys.7z         in the place of the chips' secrets: noise that nobody can open",
        "",
        "Files of certificates are named after the chip: <chip id>_<set>.pem",
        "",
    ];
    lines.join("\r\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use manifest::Bundle;

    use super::{chip_id, serial};
    use crate::sample::seed::Seed;

    #[test]
    fn chips_come_in_the_order_of_their_ids() {
        let seed = Seed::new(1, "infineon");
        let ids: Vec<_> = (0..40_000).map(|index| chip_id(&seed, index)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.len() == 20));
    }

    #[test]
    fn serial_numbers_are_distinct() {
        let seed = Seed::new(1, "infineon");
        let of = |bundle| (0..10_000).map(move |index| (bundle, index));
        let serials = Bundle::ALL.into_iter().flat_map(of);
        let serials = serials.map(|(bundle, index)| serial(&seed, bundle, index));
        let serials: BTreeSet<_> = serials.collect();
        assert_eq!(serials.len(), 30_000);
        assert!(serials.iter().all(|serial| (0x40..0x80).contains(&serial[0])));
    }
}
