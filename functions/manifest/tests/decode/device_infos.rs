//! Device-infos of a factory.

mod devices;
mod files;
mod laws;

use std::io::Read;
use std::ops::ControlFlow;

use manifest::{
    DeviceInfo, EntryError, Limits, ManifestError, Place, Summary, decode_device_infos,
};
use serde_json::{Value, json};

/// 64 digits, another for each number.
fn fingerprint(number: u64) -> String {
    format!("{number:064x}")
}

fn device(number: u64) -> Value {
    json!({
        "certFingerprint": fingerprint(number),
        "deviceId": format!("device-{number}"),
        "attributes": {"DSN": format!("SN-{number}"), "MAC": "AA:BB:CC:DD:EE:01"},
    })
}

/// Device 1 with one of its members changed, or taken out by null.
fn with(member: &str, value: Value) -> Value {
    let mut device = device(1);
    device[member] = value;
    device
}

fn file(devices: &[Value]) -> Vec<u8> {
    json!({"batch_id": "b-1", "devices": devices}).to_string().into_bytes()
}

/// Everything that reading gave.
#[derive(Debug, PartialEq)]
struct Reading {
    devices: Vec<Result<DeviceInfo, EntryError>>,
    end: Result<Summary, ManifestError>,
}

impl Reading {
    /// `ok` or the code of each device, and the code of the end, where it was not a good one.
    fn codes(&self) -> Vec<String> {
        let devices = self.devices.iter().map(|device| match device {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.reason.code().to_owned(),
        });
        devices.chain(self.end.as_ref().err().map(|error| format!("! {}", error.code()))).collect()
    }

    #[track_caller]
    fn sentence(&self, at: usize) -> String {
        self.devices[at].as_ref().unwrap_err().to_string()
    }

    #[track_caller]
    fn batch(&self) -> Option<&str> {
        self.end.as_ref().unwrap().batch.as_deref()
    }

    #[track_caller]
    fn notes(&self) -> Vec<&str> {
        self.end.as_ref().unwrap().notes.iter().map(|note| note.code).collect()
    }
}

fn read_within(limits: Limits, source: impl Read) -> Reading {
    let mut devices = Vec::new();
    let end = decode_device_infos(source, limits, &mut |device| {
        devices.push(device);
        ControlFlow::Continue(())
    });
    for (at, device) in (1..).zip(&devices) {
        let (number, place) = match device {
            Ok(device) => (device.number, &device.place),
            Err(error) => (error.number, &error.place),
        };
        assert_eq!((number, place), (at, &Place::Device(at)));
    }
    if let Err(error) = &end {
        assert_eq!(error.entries_read(), u64::try_from(devices.len()).unwrap());
    }
    assert!(!devices.is_empty() || end.is_err(), "no devices, and no error");
    Reading { devices, end }
}

fn read(text: impl AsRef<[u8]>) -> Reading {
    read_within(Limits::default(), text.as_ref())
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(read(text).codes(), expected);
}
