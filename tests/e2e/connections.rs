//! An imported device connects: MQTT over mutual TLS, with the certificate that the manifest named.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::PathBuf,
};

use openssl::{
    pkey::PKey,
    ssl::{SslConnector, SslMethod},
    x509::X509,
};
use rcgen::KeyPair;

use crate::{
    samples::{Authority, parameters, standard},
    world::World,
};

/// The answer by which a broker accepts a connection: CONNACK, two bytes, no session, code 0.
const ACCEPTED: [u8; 4] = [0x20, 0x02, 0x00, 0x00];

#[derive(Clone)]
struct Device {
    name: String,
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca_file: PathBuf,
    port: u16,
}

impl Device {
    /// Connects as the device's firmware would, and gives the broker's answer.
    fn connect(&self) -> io::Result<Vec<u8>> {
        let mut tls = SslConnector::builder(SslMethod::tls_client())?;
        tls.set_ca_file(&self.ca_file)?;
        tls.set_certificate(X509::from_der(&self.certificate)?.as_ref())?;
        tls.set_private_key(PKey::private_key_from_der(&self.key)?.as_ref())?;
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let mut stream = tls.build().connect("localhost", stream).map_err(io::Error::other)?;
        stream.write_all(&self.connect_packet())?;
        let mut answer = vec![0; ACCEPTED.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// MQTT 3.1.1, clean session, keep-alive of a minute, the thing's name as the client id.
    fn connect_packet(&self) -> Vec<u8> {
        let name_length = u8::try_from(self.name.len()).unwrap();
        let mut packet = vec![0x10, 12 + name_length, 0, 4];
        packet.extend(b"MQTT");
        packet.extend([4, 2, 0, 60, 0, name_length]);
        packet.extend(self.name.as_bytes());
        packet
    }

    async fn connects(&self) -> bool {
        let device = self.clone();
        let answer = tokio::task::spawn_blocking(move || device.connect()).await.unwrap();
        answer.is_ok_and(|answer| answer == ACCEPTED)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_connects_after_its_import_and_not_before() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    let name = "device-1".to_owned();
    let certificate = Authority::new("Test CA").issue(&parameters(&name), &key);
    let device = Device {
        name,
        key: key.serialize_der(),
        ca_file: world.cloud.ca_file(),
        port: world.cloud.mqtt_port,
        certificate,
    };

    assert!(!device.connects().await, "nobody has registered it yet");
    let run = world.import("generated", "list.txt", standard(&device.certificate)).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    assert!(device.connects().await, "it is registered, active, and has its policies");
}
