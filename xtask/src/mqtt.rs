//! A device that connects: MQTT over mutual TLS, as its firmware would.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result};
use openssl::{
    pkey::{PKey, Private},
    ssl::{SslConnector, SslMethod},
    x509::X509,
};

use crate::local_cloud::LocalCloud;

/// The answer by which a broker accepts a connection: CONNACK, two bytes, no session, code 0.
const ACCEPTED: [u8; 4] = [0x20, 0x02, 0x00, 0x00];
const PATIENCE: Duration = Duration::from_secs(10);

/// What a device has in its memory.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its thing's name, which it takes as client id.
    pub thing: String,
    /// Its certificate.
    pub certificate: X509,
    /// The key that the certificate is about.
    pub key: PKey<Private>,
}

impl Device {
    /// Whether the broker of the local cloud accepts this device. An error means that there is no
    /// broker, or that the device itself cannot speak; being turned away is none.
    pub fn connects(&self, cloud: &LocalCloud) -> Result<bool> {
        let tls = self.tls(&cloud.ca_file()).context("the device cannot speak TLS")?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, cloud.mqtt_port))
            .context("nothing answers where the MQTT broker should be")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(self.converse(&tls, stream).is_ok_and(|answer| answer == ACCEPTED))
    }

    fn tls(&self, authority: &Path) -> Result<SslConnector> {
        let mut tls = SslConnector::builder(SslMethod::tls_client())?;
        tls.set_ca_file(authority)?;
        tls.set_certificate(&self.certificate)?;
        tls.set_private_key(&self.key)?;
        tls.check_private_key()?;
        Ok(tls.build())
    }

    fn converse(&self, tls: &SslConnector, stream: TcpStream) -> io::Result<[u8; 4]> {
        let mut stream = tls.connect("localhost", stream).map_err(io::Error::other)?;
        stream.write_all(&self.connect_packet()?)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// MQTT 3.1.1, clean session, keep-alive of a minute, the thing's name as the client id.
    fn connect_packet(&self) -> io::Result<Vec<u8>> {
        let name = self.thing.as_bytes();
        // One byte of length reaches to 127; a thing's name has at most 128 characters, and a
        // sample's far fewer.
        let length = u8::try_from(12 + name.len()).ok().filter(|length| *length < 128);
        let (Some(length), Ok(name_length)) = (length, u8::try_from(name.len())) else {
            return Err(io::Error::other("the thing's name is too long"));
        };
        let mut packet = vec![0x10, length, 0, 4];
        packet.extend(b"MQTT");
        packet.extend([4, 2, 0, 60, 0, name_length]);
        packet.extend(name);
        Ok(packet)
    }
}
