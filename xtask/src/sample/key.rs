//! Key pairs that come from a seed, and deterministic signatures.

pub(super) mod primes;

use anyhow::Result;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    ec::{EcGroup, EcKey, EcPoint, PointConversionForm},
    hash::{MessageDigest, hash},
    md::Md,
    nid::Nid,
    pkey::{PKey, Private},
    pkey_ctx::{NonceType, PkeyCtx},
    rsa::{Padding, Rsa},
    sha::sha1,
};

use super::{der, seed::Seed};

/// The public exponent of every RSA key.
const RSA_EXPONENT: u32 = 65_537;

/// A key pair.
pub(super) struct Key {
    pair: PKey<Private>,
    kind: Kind,
    bits: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    EcdsaSha256,
    EcdsaSha384,
    RsaSha256,
}

/// A curve of NIST's.
pub(super) struct Curve {
    group: EcGroup,
    kind: Kind,
    /// One less than the number of points: private keys are 1 to this.
    most: BigNum,
}

impl Curve {
    pub(super) fn p256() -> Result<Self> {
        Self::new(Nid::X9_62_PRIME256V1, Kind::P256)
    }

    pub(super) fn p384() -> Result<Self> {
        Self::new(Nid::SECP384R1, Kind::P384)
    }

    fn new(name: Nid, kind: Kind) -> Result<Self> {
        let group = EcGroup::from_curve_name(name)?;
        let mut most = BigNum::new()?;
        group.order(&mut most, &mut *BigNumContext::new()?)?;
        most.sub_word(1)?;
        Ok(Self { group, kind, most })
    }

    /// The key pair for one purpose of one device.
    pub(super) fn key(&self, seed: &Seed, purpose: &str, index: u64) -> Result<Key> {
        let (secret, point) = self.multiply(seed, purpose, index)?;
        let pair = EcKey::from_private_components(&self.group, &secret, &point)?;
        Ok(Key { bits: self.bytes_of(&point)?, pair: PKey::from_ec_key(pair)?, kind: self.kind })
    }

    /// The public half of [`key`](Self::key), uncompressed: a byte for the form, x and y.
    pub(super) fn point(&self, seed: &Seed, purpose: &str, index: u64) -> Result<Vec<u8>> {
        let (_, point) = self.multiply(seed, purpose, index)?;
        self.bytes_of(&point)
    }

    fn multiply(&self, seed: &Seed, purpose: &str, index: u64) -> Result<(BigNum, EcPoint)> {
        let mut context = BigNumContext::new()?;
        // More bits than the curve has, so that the remainder favours no key.
        let random = BigNum::from_slice(&seed.bytes::<64>(purpose, index))?;
        let mut secret = BigNum::new()?;
        secret.nnmod(&random, &self.most, &mut context)?;
        secret.add_word(1)?;
        let mut point = EcPoint::new(&self.group)?;
        point.mul_generator2(&self.group, &secret, &mut context)?;
        Ok((secret, point))
    }

    fn bytes_of(&self, point: &EcPoint) -> Result<Vec<u8>> {
        let mut context = BigNumContext::new()?;
        Ok(point.to_bytes(&self.group, PointConversionForm::UNCOMPRESSED, &mut context)?)
    }
}

impl Key {
    /// The RSA key pair of two primes.
    fn rsa(p: &BigNumRef, q: &BigNumRef) -> Result<Self> {
        let mut context = BigNumContext::new()?;
        let exponent = BigNum::from_u32(RSA_EXPONENT)?;
        let one = BigNum::from_u32(1)?;
        let [mut modulus, mut p_less, mut q_less, mut both] = numbers()?;
        modulus.checked_mul(p, q, &mut context)?;
        p_less.checked_sub(p, &one)?;
        q_less.checked_sub(q, &one)?;
        both.checked_mul(&p_less, &q_less, &mut context)?;
        let [mut secret, mut for_p, mut for_q, mut inverse] = numbers()?;
        secret.mod_inverse(&exponent, &both, &mut context)?;
        for_p.checked_rem(&secret, &p_less, &mut context)?;
        for_q.checked_rem(&secret, &q_less, &mut context)?;
        inverse.mod_inverse(q, p, &mut context)?;
        let bits =
            der::sequence(&[&der::integer(&modulus.to_vec()), &der::integer(&exponent.to_vec())]);
        let (p, q) = (p.to_owned()?, q.to_owned()?);
        let pair =
            Rsa::from_private_components(modulus, exponent, secret, p, q, for_p, for_q, inverse)?;
        Ok(Self { pair: PKey::from_rsa(pair)?, kind: Kind::Rsa, bits })
    }

    /// The public key as a certificate holds it: of an elliptic curve the point, of RSA modulus and exponent.
    pub(super) fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// The `SubjectPublicKeyInfo`.
    pub(super) fn info(&self) -> Vec<u8> {
        const EC: [u32; 6] = [1, 2, 840, 10_045, 2, 1];
        const P256: [u32; 7] = [1, 2, 840, 10_045, 3, 1, 7];
        const P384: [u32; 5] = [1, 3, 132, 0, 34];
        const RSA: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 1];
        let algorithm = match self.kind {
            Kind::P256 => der::sequence(&[&der::oid(&EC), &der::oid(&P256)]),
            Kind::P384 => der::sequence(&[&der::oid(&EC), &der::oid(&P384)]),
            Kind::Rsa => der::sequence(&[&der::oid(&RSA), &der::null()]),
        };
        der::sequence(&[&algorithm, &der::bit_string(&self.bits)])
    }

    /// The name of the key in certificates, by the first method of RFC 5280, section 4.2.1.2.
    pub(super) fn identifier(&self) -> [u8; 20] {
        sha1(&self.bits)
    }

    /// Signs in such a way that the same message has the same signature: ECDSA's nonces are those of RFC 6979.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>> {
        let (digest, name) = match algorithm {
            Algorithm::EcdsaSha256 | Algorithm::RsaSha256 => {
                (MessageDigest::sha256(), Md::sha256())
            }
            Algorithm::EcdsaSha384 => (MessageDigest::sha384(), Md::sha384()),
        };
        let mut context = PkeyCtx::new(&self.pair)?;
        context.sign_init()?;
        context.set_signature_md(name)?;
        if self.kind == Kind::Rsa {
            context.set_rsa_padding(Padding::PKCS1)?;
        } else {
            context.set_nonce_type(NonceType::DETERMINISTIC_K)?;
        }
        let mut signature = Vec::new();
        context.sign_to_vec(&hash(digest, message)?, &mut signature)?;
        Ok(signature)
    }

    /// The private key as PKCS#8 in PEM.
    pub(super) fn private_pem(&self) -> Result<Vec<u8>> {
        Ok(self.pair.private_key_to_pem_pkcs8()?)
    }
}

impl Algorithm {
    /// The `AlgorithmIdentifier`.
    pub(super) fn identifier(self) -> Vec<u8> {
        match self {
            Self::EcdsaSha256 => der::sequence(&[&der::oid(&[1, 2, 840, 10_045, 4, 3, 2])]),
            Self::EcdsaSha384 => der::sequence(&[&der::oid(&[1, 2, 840, 10_045, 4, 3, 3])]),
            Self::RsaSha256 => {
                der::sequence(&[&der::oid(&[1, 2, 840, 113_549, 1, 1, 11]), &der::null()])
            }
        }
    }
}

fn numbers() -> Result<[BigNum; 4]> {
    Ok([BigNum::new()?, BigNum::new()?, BigNum::new()?, BigNum::new()?])
}

#[cfg(test)]
mod tests {
    use openssl::pkey::PKey;

    use super::{Algorithm, Curve, primes};
    use crate::sample::seed::Seed;

    #[test]
    fn keys_are_whole_and_certified_as_openssl_would() {
        let seed = Seed::new(1, "test");
        for key in [
            Curve::p256().unwrap().key(&seed, "key", 0).unwrap(),
            Curve::p384().unwrap().key(&seed, "key", 0).unwrap(),
            primes::key(&seed, "key").unwrap(),
        ] {
            let read = PKey::private_key_from_pem(&key.private_pem().unwrap()).unwrap();
            assert_eq!(read.public_key_to_der().unwrap(), key.info());
            match (read.rsa(), read.ec_key()) {
                (Ok(rsa), _) => {
                    assert!(rsa.check_key().unwrap());
                    assert_eq!(rsa.n().num_bits(), 2_048);
                }
                (_, Ok(key)) => key.check_key().unwrap(),
                _ => panic!("neither RSA nor EC"),
            }
        }
    }

    #[test]
    fn a_point_is_the_public_half_of_the_key() {
        let (seed, curve) = (Seed::new(1, "test"), Curve::p256().unwrap());
        let key = curve.key(&seed, "key", 3).unwrap();
        assert_eq!(curve.point(&seed, "key", 3).unwrap(), key.bits());
        assert_ne!(curve.point(&seed, "key", 4).unwrap(), key.bits());
    }

    #[test]
    fn a_signature_is_always_the_same() {
        let seed = Seed::new(1, "test");
        let key = Curve::p256().unwrap().key(&seed, "key", 0).unwrap();
        let sign = |message: &[u8]| key.sign(Algorithm::EcdsaSha256, message).unwrap();
        assert_eq!(sign(b"a"), sign(b"a"));
        assert_ne!(sign(b"a"), sign(b"b"));
    }
}
