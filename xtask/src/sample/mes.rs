//! Device-infos of a manufacturing execution system (MES), for the devices of another sample.

use anyhow::Result;
use manifest::{Bundle, Vendor};

use super::{
    Options, Sample,
    espressif::Espressif,
    files::{Files, Listing},
    generated::Generated,
    identity::{Device, Identity},
    infineon::Set,
    microchip::Microchip,
    seed::Seed,
};

const NAME: &str = "mes";

/// Writes the device-infos for the sample that `vendor` has with the same options.
///
/// The devices are made again from the seed, so that sample's files need not be there. Of Infineon's sets it is the
/// one that is imported by default.
pub fn write(vendor: Vendor, options: &Options) -> Result<Sample> {
    let files = Files::of(NAME, options)?;
    let devices = devices(vendor, options)?;
    let seed = Seed::new(options.seed, NAME);
    let start = format!(
        "{{\n  \"batch_id\": \"sample-{}-{}\",\n  \"devices\": [\n",
        vendor.name(),
        options.seed
    );
    let listing = Listing {
        files: &files,
        extension: ".json",
        start: &start,
        between: ",\n",
        end: "\n  ]\n}\n",
        columns: &["mac"],
    };
    listing.write(|index| {
        let mut device = devices(index)?;
        let Identity { id, cn, certificate_id, mac, chip_id, bundle, .. } = &mut device.identity;
        // The name that an import gives to the thing where nobody configured another.
        let name = mac.clone().unwrap_or_else(|| cn.clone());
        let mac = mac.get_or_insert_with(|| format!("{:012X}", seed.distinct("mac", index, 48)));
        let dsn = format!("G{}", seed.code::<15>("dsn", index));
        let info = format!(
            r#"    {{
      "certFingerprint": "{certificate_id}",
      "deviceId": "{name}",
      "attributes": {{
        "DSN": "{dsn}",
        "MAC": "{mac}"
      }}
    }}"#
        );
        (*id, *chip_id, *bundle) = (name, None, None);
        Ok((device, info))
    })
}

type Make = Box<dyn Fn(u64) -> Result<Device> + Sync>;

/// What makes the devices of a vendor's sample.
fn devices(vendor: Vendor, options: &Options) -> Result<Make> {
    let Options { seed, devices, .. } = *options;
    Ok(match vendor {
        Vendor::Microchip => {
            let microchip = Microchip::new(seed)?;
            Box::new(move |index| microchip.device(index))
        }
        Vendor::Infineon => {
            let set = Set::new(seed, Bundle::default(), devices)?;
            Box::new(move |index| set.device(index))
        }
        Vendor::Espressif => {
            let espressif = Espressif::new(seed, devices)?;
            Box::new(move |index| espressif.device(index))
        }
        Vendor::Generated => {
            let generated = Generated::new(seed)?;
            Box::new(move |index| generated.device(index))
        }
    })
}
