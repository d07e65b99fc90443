//! Things' names, of entries as they are read.

use manifest::{Entry, NameTemplate, Vendor};

use crate::infineon::Bench;
use crate::support::{Authority, Device, World, generated, hex, parameters, pem, standard};

#[track_caller]
fn check(template: &str, entry: &Entry, expected: Result<&str, (&str, &str)>) {
    let name = NameTemplate::parse(template).unwrap().name(entry);
    let name = name.map_err(|error| (error.code(), error.to_string()));
    let name = name.as_deref().map_err(|(code, text)| (*code, text.as_str()));
    assert_eq!(name, expected);
}

#[test]
fn a_name_is_put_together_from_the_entrys_fields() {
    let world = World::new();
    let reading = world.read(&world.manifest(1));
    let entry = reading.good()[0];
    check("{cn}", entry, Ok("sn012300000000000101"));
    check("pump-{unique_id}:{cn}", entry, Ok("pump-012300000000000101:sn012300000000000101"));
    check("{fingerprint}", entry, Ok(&entry.certificate.id().to_string()));
    check("{serial}", entry, Ok(entry.certificate.serial()));
}

#[test]
fn a_name_that_no_thing_may_have_is_refused_with_the_way_out() {
    let world = World::new();
    let id = "0123aabbccddeeff01";
    let device = Device::named(id, &parameters("0123AABBCCDDEEFF01 ATECC"), &world.authority);
    let reading = world.read(device.element(&world.signer).to_string().as_bytes());
    let entry = reading.good()[0];
    let sentence = "\"0123AABBCCDDEEFF01 ATECC\" cannot be a thing's name (' ' is not among a-z A-Z 0-9 : _ -): \
                    set `thing_name = \"{unique_id}\"` in the profile, and import the file again";
    check("{cn}", entry, Err(("Name.Illegal", sentence)));
    check("{unique_id}", entry, Ok(id));
}

#[test]
fn a_field_that_the_device_does_not_have_is_refused_with_one_that_it_has() {
    let reading = generated(pem(&Authority::new("Test CA").leaf("")));
    let entry = reading.good()[0];
    assert_eq!(entry.id, entry.certificate.id().to_string());
    let error = NameTemplate::parse("{cn}").unwrap().name(entry).unwrap_err();
    assert_eq!(error.code(), "Name.NoField");
    assert_eq!(
        error.to_string(),
        "`thing_name` is \"{cn}\", and this device has no `cn`: \
         set `thing_name = \"{serial}\"` in the profile, and import the file again"
    );
}

#[test]
fn a_name_of_128_characters_is_the_longest() {
    let reading = generated(pem(&Authority::new("Test CA").leaf("device")));
    let entry = reading.good()[0];
    let template = |length: usize| format!("{}{{cn}}", "x".repeat(length - "device".len()));
    assert!(NameTemplate::parse(&template(128)).unwrap().name(entry).is_ok());
    let error = NameTemplate::parse(&template(129)).unwrap().name(entry).unwrap_err();
    assert_eq!(error.code(), "Name.Illegal");
    assert!(error.to_string().contains("it has 129 characters"), "{error}");
}

#[test]
fn a_device_is_named_by_its_mac_where_the_file_gives_one_and_otherwise_by_its_cn() {
    let leaf = Authority::new("Test CA").leaf("device");
    let list = format!("mac,cert\nAA:BB:CC:00:00:01,{}\n", standard(&leaf));
    let groups = format!(
        "<r><group><hex name='TpmMAC' value='aabbcc000002'/><binaryhex>{}</binaryhex></group></r>",
        hex(&leaf)
    );
    for (vendor, file, expected) in [
        (Vendor::Espressif, list.as_bytes(), "AABBCC000001"),
        (Vendor::Infineon, groups.as_bytes(), "aabbcc000002"),
        (Vendor::Infineon, leaf.as_slice(), "device"),
        (Vendor::Generated, leaf.as_slice(), "device"),
    ] {
        let reading = Bench::new().read_as(vendor, file);
        let entry = reading.good()[0];
        assert_eq!(NameTemplate::default_for(entry).name(entry).as_deref(), Ok(expected));
    }
}
