//! Decompressing a bundle of Infineon's.

use std::{
    fs,
    io::{self, Cursor, Read},
    path::Path,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use manifest::Bundle;
use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use super::{Raw, p256::cpu_seconds};

/// Decompresses what decoding a bundle decompresses, by the same library, in memory: the archive of the wanted set as it
/// comes out of the bundle, and then what is in that. The rate is that of its members, one a device.
pub(crate) fn inflate(bundle: &Path, wanted: Bundle) -> Result<Raw> {
    let bytes = fs::read(bundle).with_context(|| format!("failed to read {}", bundle.display()))?;
    let suffix = format!("_{wanted}_Certs.7z");
    let (begun, cpu_before) = (Instant::now(), cpu_seconds()?);
    let mut set = Vec::new();
    members(&bytes, &mut |name, member| {
        if name.ends_with(&suffix) {
            member.read_to_end(&mut set)?;
            return Ok(false);
        }
        Ok(true)
    })?;
    let mut count = 0_u32;
    members(&set, &mut |_, member| {
        io::copy(member, &mut io::sink())?;
        count += 1;
        Ok(true)
    })?;
    if count == 0 {
        bail!("{} holds no archive {suffix}", bundle.display());
    }
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds()? - cpu_before);
    let count = f64::from(count);
    Ok(Raw { rate: count / seconds, cpu_seconds: cpu / count })
}

/// Gives each member with content to `each`, until that says no.
fn members(
    bytes: &[u8],
    each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<bool, Error>,
) -> Result<()> {
    let mut source = Cursor::new(bytes);
    let password = Password::empty();
    let archive = Archive::read(&mut source, &password).context("failed to read an archive")?;
    for block in 0..archive.blocks.len() {
        let decoder = BlockDecoder::new(1, block, &archive, &password, &mut source);
        let more = decoder.for_each_entries(&mut |file, member| each(file.name(), member))?;
        if !more {
            break;
        }
    }
    Ok(())
}
