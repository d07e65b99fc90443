//! X.509 certificates, written as the vendors write theirs: the same extensions in the same order.

use anyhow::Result;

use super::{
    der,
    key::{Algorithm, Key},
};

pub(super) const COUNTRY: &[u32] = &[2, 5, 4, 6];
pub(super) const STATE: &[u32] = &[2, 5, 4, 8];
pub(super) const LOCALITY: &[u32] = &[2, 5, 4, 7];
pub(super) const ORGANIZATION: &[u32] = &[2, 5, 4, 10];
pub(super) const UNIT: &[u32] = &[2, 5, 4, 11];
pub(super) const COMMON_NAME: &[u32] = &[2, 5, 4, 3];
const SERIAL_NUMBER: &[u32] = &[2, 5, 4, 5];
const SUBJECT_ALTERNATIVE_NAME: &[u32] = &[2, 5, 29, 17];
const BASIC_CONSTRAINTS: &[u32] = &[2, 5, 29, 19];
const KEY_USAGE: &[u32] = &[2, 5, 29, 15];
const EXTENDED_KEY_USAGE: &[u32] = &[2, 5, 29, 37];
const SUBJECT_KEY_IDENTIFIER: &[u32] = &[2, 5, 29, 14];
const AUTHORITY_KEY_IDENTIFIER: &[u32] = &[2, 5, 29, 35];
const CERTIFICATE_POLICIES: &[u32] = &[2, 5, 29, 32];
const CRL_DISTRIBUTION_POINTS: &[u32] = &[2, 5, 29, 31];
const AUTHORITY_INFORMATION_ACCESS: &[u32] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const CA_ISSUERS: &[u32] = &[1, 3, 6, 1, 5, 5, 7, 48, 2];
pub(super) const CLIENT_AUTHENTICATION: &[u32] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
pub(super) const SERVER_AUTHENTICATION: &[u32] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];

/// What a certificate says about its subject.
pub(super) struct Statement<'a> {
    pub(super) serial: &'a [u8],
    pub(super) issuer: &'a [u8],
    /// From when until when, as [`der::time`] takes it.
    pub(super) validity: (&'a str, &'a str),
    pub(super) subject: &'a [u8],
    pub(super) key: &'a Key,
    pub(super) extensions: &'a [Vec<u8>],
}

impl Statement<'_> {
    /// The certificate in DER.
    pub(super) fn signed_by(&self, issuer: &Key, algorithm: Algorithm) -> Result<Vec<u8>> {
        const VERSION_3: u8 = 2;
        let (from, until) = self.validity;
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let statement = der::sequence(&[
            &der::tagged(0, &der::integer(&[VERSION_3])),
            &der::integer(self.serial),
            &algorithm.identifier(),
            self.issuer,
            &der::sequence(&[&der::time(from), &der::time(until)]),
            self.subject,
            &self.key.info(),
            &der::tagged(3, &der::sequence(&extensions)),
        ]);
        let signature = issuer.sign(algorithm, &statement)?;
        Ok(der::sequence(&[&statement, &algorithm.identifier(), &der::bit_string(&signature)]))
    }
}

/// A distinguished name of parts in their order. RFC 5280 wants countries to be printable strings.
pub(super) fn name(parts: &[(&[u32], &str)]) -> Vec<u8> {
    let parts = parts.iter().map(|(kind, text)| {
        let text = if *kind == COUNTRY { der::printable(text) } else { der::utf8(text) };
        part(kind, text)
    });
    der::tlv(0x30, &parts.collect::<Vec<_>>().concat())
}

fn part(kind: &[u32], text: Vec<u8>) -> Vec<u8> {
    der::set(&[&der::sequence(&[&der::oid(kind), &text])])
}

/// No authority.
pub(super) fn end_entity() -> Vec<u8> {
    critical(BASIC_CONSTRAINTS, &der::sequence(&[]))
}

/// An authority that may issue to devices, and to no further authorities.
pub(super) fn authority() -> Vec<u8> {
    let is_authority = der::tlv(0x01, &[0xff]);
    critical(BASIC_CONSTRAINTS, &der::sequence(&[&is_authority, &der::integer(&[0])]))
}

/// What the key is for: the bits, and how many of the last byte's are said to be unused.
pub(super) fn key_usage(unused: u8, bits: u8) -> Vec<u8> {
    critical(KEY_USAGE, &der::tlv(0x03, &[unused, bits]))
}

pub(super) fn extended_key_usage(purposes: &[&[u32]]) -> Vec<u8> {
    let purposes: Vec<_> = purposes.iter().map(|purpose| der::oid(purpose)).collect();
    extension(EXTENDED_KEY_USAGE, &der::tlv(0x30, &purposes.concat()))
}

pub(super) fn subject_key(key: &Key) -> Vec<u8> {
    extension(SUBJECT_KEY_IDENTIFIER, &der::octet_string(&key.identifier()))
}

pub(super) fn authority_key(issuer: &Key) -> Vec<u8> {
    extension(AUTHORITY_KEY_IDENTIFIER, &der::sequence(&[&der::tlv(0x80, &issuer.identifier())]))
}

/// A directory name of nothing but a serial number.
pub(super) fn alternative_serial_number(text: &str) -> Vec<u8> {
    let name = der::sequence(&[&part(SERIAL_NUMBER, der::printable(text))]);
    extension(SUBJECT_ALTERNATIVE_NAME, &der::sequence(&[&der::tagged(4, &name)]))
}

pub(super) fn issuer_address(address: &str) -> Vec<u8> {
    let access = der::sequence(&[&der::oid(CA_ISSUERS), &uri(address)]);
    extension(AUTHORITY_INFORMATION_ACCESS, &der::sequence(&[&access]))
}

pub(super) fn revocation_address(address: &str) -> Vec<u8> {
    let point = der::sequence(&[&der::tagged(0, &der::tagged(0, &uri(address)))]);
    extension(CRL_DISTRIBUTION_POINTS, &der::sequence(&[&point]))
}

pub(super) fn policy(policy: &[u32]) -> Vec<u8> {
    let policy = der::sequence(&[&der::oid(policy)]);
    extension(CERTIFICATE_POLICIES, &der::sequence(&[&policy]))
}

fn uri(address: &str) -> Vec<u8> {
    der::tlv(0x86, address.as_bytes())
}

fn extension(kind: &[u32], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::oid(kind), &der::octet_string(value)])
}

fn critical(kind: &[u32], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::oid(kind), &der::tlv(0x01, &[0xff]), &der::octet_string(value)])
}
