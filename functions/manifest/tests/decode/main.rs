//! Whole files through the crate's front door. All fixtures are made here: certificates by rcgen,
//! signatures by OpenSSL, so that what is checked and what checks it do not share code.

#[cfg(test)]
mod archives;
#[cfg(test)]
mod attributes;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod device_infos;
#[cfg(test)]
mod espressif;
#[cfg(test)]
mod excerpts;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod infineon;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod legs;
#[cfg(test)]
mod microchip;
#[cfg(test)]
mod names;
#[cfg(test)]
mod recognition;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod support;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod vendor_files;
#[cfg(test)]
mod xml;
#[cfg(test)]
mod zips;
