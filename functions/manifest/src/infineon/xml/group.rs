//! One group: a chip's MAC and its certificates.

use std::collections::VecDeque;

use super::super::{Device, Maker};
use crate::certificate::Certificate;
use crate::crew::Taken;
use crate::entry::Place;
use crate::generated::text::{Fault, from_der};
use crate::reason::Reason;
use crate::text;

/// A group being read.
#[derive(Debug)]
pub(super) struct Group {
    mac: Option<Result<String, Reason>>,
    /// The certificates in hex.
    certificates: Vec<Vec<u8>>,
    /// The depth of the element that a certificate is being read from.
    open: Option<usize>,
    /// How many digits there may still be.
    left: usize,
    limit: usize,
    is_too_large: bool,
}

/// One of the certificates is a private key.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrivateKey;

impl Group {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            mac: None,
            certificates: Vec::new(),
            open: None,
            left: limit,
            limit,
            is_too_large: false,
        }
    }

    /// An element begins, and gives a MAC or does not.
    pub(super) fn open(&mut self, name: &str, depth: usize, mac: Option<Result<String, Reason>>) {
        match (&self.mac, mac) {
            (_, None) => {}
            (None, mac) => self.mac = mac,
            (Some(known), Some(mac)) if *known == mac => {}
            (Some(_), Some(_)) => {
                self.mac = Some(Err(Reason::malformed("the group has two different MACs")));
            }
        }
        if name == "binaryhex" && self.open.is_none() {
            self.open = Some(depth);
            self.certificates.push(Vec::new());
        }
    }

    /// An element ends.
    pub(super) fn close(&mut self, depth: usize) {
        if self.open == Some(depth) {
            self.open = None;
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.open.is_none() {
            return;
        }
        let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
        if let Some(certificate) = self.certificates.last_mut() {
            let before = certificate.len();
            // An event is not larger than the limit either.
            certificate.extend(digits);
            if let Some(left) = self.left.checked_sub(certificate.len() - before) {
                self.left = left;
            } else {
                self.left = 0;
                certificate.truncate(before);
                self.is_too_large = true;
            }
        }
    }

    /// The group's entries, one a certificate. Several have the same MAC.
    pub(super) fn finish<'a>(
        self,
        place: &Place,
        maker: Maker<'a>,
    ) -> Result<VecDeque<Taken<'a>>, PrivateKey> {
        let limit = self.limit;
        let mac =
            if self.is_too_large { Some(Err(Reason::EntryTooLarge { limit })) } else { self.mac };
        let device = match mac.transpose() {
            Ok(mac) => mac.map(|id| Device { field: "mac", id }),
            // What is wrong with the group is wrong with every certificate in it.
            Err(reason) => return Ok([maker.entry(0, place.clone(), None, Err(reason))].into()),
        };
        if self.certificates.is_empty() {
            return Ok([maker.entry(0, place.clone(), device, Ok(Vec::new()))].into());
        }
        self.certificates
            .iter()
            .map(|digits| {
                let certificate = match certificate(digits) {
                    Ok(certificate) => Ok(vec![certificate]),
                    Err(Fault::Reason(reason)) => Err(reason),
                    Err(Fault::PrivateKey) => return Err(PrivateKey),
                };
                Ok(maker.entry(0, place.clone(), device.clone(), certificate))
            })
            .collect()
    }
}

fn certificate(digits: &[u8]) -> Result<Certificate, Fault> {
    let der = text::unhex(digits).ok_or(Reason::malformed("a certificate is not in hex"))?;
    from_der(der)
}
