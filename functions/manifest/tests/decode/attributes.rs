//! Things' attributes, of entries as they are read.

use std::collections::BTreeMap;

use manifest::{AttributeTemplates, Entry};

use crate::support::{Authority, World, pem};

/// The attributes of an entry, or the code and the sentence with which it is refused.
fn filled(attributes: &[(&str, &str)], entry: &Entry) -> Result<Vec<String>, (String, String)> {
    let attributes: BTreeMap<String, String> =
        attributes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    match AttributeTemplates::parse(&attributes).unwrap().fill(entry) {
        Ok((attributes, warnings)) => {
            let attributes = attributes.into_iter().map(|(name, value)| format!("{name}={value}"));
            let warnings = warnings.into_iter().map(|warning| format!("{}!", warning.code));
            Ok(attributes.chain(warnings).collect())
        }
        Err(error) => Err((error.code().to_owned(), error.to_string())),
    }
}

/// An entry of a list with a column `batch no`.
fn entry(batch: &str) -> Entry {
    let certificate = pem(&Authority::new("Test CA").leaf("d0"));
    let text = format!("mac,Batch No,cert\naabbcc000000,{batch},\"{certificate}\"\n");
    crate::espressif::read(&text).good()[0].clone()
}

#[test]
fn attributes_are_fixed_or_come_from_the_entrys_fields() {
    let world = World::new();
    let reading = world.read(&world.manifest(1));
    assert_eq!(
        filled(
            &[("line", "7"), ("part", "{part_number}"), ("tag", "x/{unique_id}:{cn}")],
            reading.good()[0]
        ),
        Ok(vec![
            "line=7".to_owned(),
            format!("part={}", reading.good()[0].fields["part_number"]),
            "tag=x/012300000000000101:sn012300000000000101".to_owned(),
        ])
    );
}

#[test]
fn further_columns_of_a_list_can_be_attributes() {
    let templates = [("batch", "{Batch No}"), ("mac", "{mac}")];
    assert_eq!(
        filled(&templates, &entry("b7")),
        Ok(vec!["batch=b7".to_owned(), "mac=aabbcc000000".to_owned()])
    );
}

#[test]
fn an_empty_field_leaves_the_attribute_out_with_a_warning() {
    assert_eq!(
        filled(&[("batch", "{batch no}"), ("line", "7")], &entry("")),
        Ok(vec!["line=7".to_owned(), "Attribute.Empty!".to_owned()])
    );
}

#[test]
fn a_field_that_the_device_does_not_have_is_refused_with_those_that_it_has() {
    let (code, sentence) = filled(&[("lot", "{lot}")], &entry("b7")).unwrap_err();
    assert_eq!(code, "Attribute.NoField");
    assert!(
        sentence.contains("`lot` from `{lot}`") && sentence.contains("`{batch no}`, `{cn}`"),
        "{sentence}"
    );
}

#[test]
fn a_value_that_no_attribute_may_have_is_refused_without_repeating_it() {
    let (code, sentence) = filled(&[("batch", "{batch no}")], &entry("b 7")).unwrap_err();
    assert_eq!(code, "Attribute.Value");
    assert!(sentence.contains("it has ' ' in it") && !sentence.contains("b 7"), "{sentence}");
    let (_, sentence) =
        filled(&[("batch", "{batch no}{batch no}")], &entry(&"x".repeat(401))).unwrap_err();
    assert!(sentence.contains("802 characters"), "{sentence}");
}
