//! Verifications of ES256 by each library, the way it does them best.

use std::{
    hint::black_box,
    num::NonZeroUsize,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::signature as aws_lc;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use openssl::{
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    nid::Nid,
    pkey::{PKey, Public},
    sha::sha256,
};
use ring::signature as ring;

use super::Raw;

/// What a JWS of Microchip's signs: two headers and a payload in base64url.
const MESSAGE_BYTES: usize = 2_800;
/// Verified in turn, so that no branch is foreseen because it is always the same.
const SIGNATURES: u8 = 64;
const DURATION: Duration = Duration::from_millis(500);

/// A library that verifies P-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    OpenSsl,
    AwsLc,
    Ring,
}

/// How the key comes to a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// It was read before.
    Parsed,
    /// It is read from its bytes.
    Fresh,
}

impl Library {
    pub(crate) const ALL: [Self; 3] = [Self::OpenSsl, Self::AwsLc, Self::Ring];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::AwsLc => "aws-lc-rs",
            Self::Ring => "ring",
        }
    }
}

impl Key {
    /// What the name of a figure ends with.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Parsed => "",
            Self::Fresh => ".fresh-key",
        }
    }
}

/// What all verify.
struct Signed {
    /// The `SubjectPublicKeyInfo`.
    info: Vec<u8>,
    /// The point alone: ring takes no other form.
    point: Vec<u8>,
    /// Messages, each with its signature in DER.
    messages: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Signed {
    fn new() -> Result<Self> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = EcKey::generate(&group)?;
        let messages = (0..SIGNATURES).map(|number| {
            let message = vec![number; MESSAGE_BYTES];
            let signature = EcdsaSig::sign(&sha256(&message), &key)?.to_der()?;
            Ok((message, signature))
        });
        let messages = messages.collect::<Result<_>>()?;
        let info = PKey::from_ec_key(key)?.public_key_to_der()?;
        // 65 bytes at the end of the structure.
        let point = info.split_at(info.len().saturating_sub(65)).1.to_vec();
        Ok(Self { info, point, messages })
    }
}

/// How many signatures a library verifies on so many threads.
pub(crate) fn verifications(library: Library, key: Key, threads: NonZeroUsize) -> Result<Raw> {
    let signed = Signed::new()?;
    match library {
        Library::OpenSsl => {
            let read = || EcKey::<Public>::public_key_from_der(&signed.info).ok();
            let verify = |key: &EcKey<Public>, message: &[u8], signature: &[u8]| {
                let signature = EcdsaSig::from_der(signature);
                signature.and_then(|read| read.verify(&sha256(message), key)).unwrap_or(false)
            };
            measure(&signed, key, threads, read, verify)
        }
        Library::AwsLc => {
            let algorithm = &aws_lc::ECDSA_P256_SHA256_ASN1;
            let read = || aws_lc::ParsedPublicKey::new(algorithm, &signed.info).ok();
            let verify = |key: &aws_lc::ParsedPublicKey, message: &[u8], signature: &[u8]| {
                key.verify_sig(message, signature).is_ok()
            };
            measure(&signed, key, threads, read, verify)
        }
        Library::Ring => {
            // It has no key that is read before.
            let algorithm = &ring::ECDSA_P256_SHA256_ASN1;
            let read = || Some(ring::UnparsedPublicKey::new(algorithm, &signed.point));
            let verify = |key: &ring::UnparsedPublicKey<_>, message: &[u8], signature: &[u8]| {
                key.verify(message, signature).is_ok()
            };
            measure(&signed, key, threads, read, verify)
        }
    }
}

fn measure<K: Sync>(
    signed: &Signed,
    key: Key,
    threads: NonZeroUsize,
    read: impl Fn() -> Option<K> + Sync,
    verify: impl Fn(&K, &[u8], &[u8]) -> bool + Sync,
) -> Result<Raw> {
    let parsed = read().context("the library does not read the key")?;
    let one = |(message, signature): &(Vec<u8>, Vec<u8>)| match key {
        Key::Parsed => verify(&parsed, black_box(message), black_box(signature)),
        Key::Fresh => {
            read().is_some_and(|key| verify(&key, black_box(message), black_box(signature)))
        }
    };
    let together = Barrier::new(threads.get());
    let cpu_before = cpu_seconds()?;
    // Each thread's own rate, because one may begin late.
    let counted: Vec<Option<(u32, f64)>> = thread::scope(|scope| {
        let work = || {
            together.wait();
            let begun = Instant::now();
            let mut count = 0_u32;
            while begun.elapsed() < DURATION {
                if !signed.messages.iter().all(one) {
                    return None;
                }
                count += u32::from(SIGNATURES);
            }
            Some((count, begun.elapsed().as_secs_f64()))
        };
        let handles: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().ok().flatten()).collect()
    });
    let cpu = cpu_seconds()? - cpu_before;
    ensure!(counted.iter().all(Option::is_some), "a library refused a good signature");
    let counted = || counted.iter().flatten();
    let rate = counted().map(|(count, seconds)| f64::from(*count) / seconds).sum();
    let count: f64 = counted().map(|(count, _)| f64::from(*count)).sum();
    Ok(Raw { rate, cpu_seconds: cpu / count })
}

/// What this process has taken of the processors.
pub(super) fn cpu_seconds() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let time = usage.user_time() + usage.system_time();
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52")]
    Ok(time.num_microseconds() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::{Key, Library, verifications};

    #[test]
    fn every_library_verifies() {
        for library in Library::ALL {
            for key in [Key::Parsed, Key::Fresh] {
                let raw = verifications(library, key, NonZeroUsize::MIN).unwrap();
                assert!(raw.rate > 0.0 && raw.cpu_seconds > 0.0, "{}", library.name());
            }
        }
    }
}
