//! What the dashboard draws.

use std::collections::BTreeSet;

use serde_json::Value;

use super::alarms::OF_SERVICES;
use super::{resources, sample, template};
use crate::metrics::{METRICS, NAMESPACE};

/// The text as CloudFormation puts it together, but for what it fills in.
fn text(value: &Value) -> String {
    if let Some(join) = value.get("Fn::Join") {
        let parts: Vec<String> = join[1].as_array().expect("parts").iter().map(text).collect();
        return parts.join(join[0].as_str().expect("a separator"));
    }
    let filled = value.get("Fn::Sub").unwrap_or(value);
    filled.as_str().unwrap_or("x").to_owned()
}

fn widgets() -> Vec<Value> {
    let template = template(&sample());
    let body = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"];
    let body: Value = serde_json::from_str(&text(body)).expect("JSON");
    body["widgets"].as_array().expect("widgets").clone()
}

/// A metric of a graph: namespace, name, and dimensions.
type Drawn = (String, String, Vec<(String, String)>);

fn metrics() -> Vec<Drawn> {
    let mut found = Vec::new();
    for widget in widgets() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let texts: Vec<&str> =
                metric.as_array().expect("a metric").iter().filter_map(Value::as_str).collect();
            let [namespace, name, dimensions @ ..] = texts.as_slice() else { continue };
            let dimensions =
                dimensions.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
            found.push(((*namespace).to_owned(), (*name).to_owned(), dimensions));
        }
    }
    found
}

#[test]
fn every_metric_of_the_functions_is_drawn_and_no_other() {
    let mut drawn = BTreeSet::new();
    for (namespace, name, dimensions) in metrics() {
        if namespace != NAMESPACE {
            let [(dimension, _)] = dimensions.as_slice() else { panic!("{name}: {dimensions:?}") };
            let known = (namespace.as_str(), name.as_str(), dimension.as_str());
            assert!(OF_SERVICES.contains(&known), "{known:?}");
            continue;
        }
        let metric = METRICS.iter().find(|metric| metric.name == name).expect(&name);
        let [(stack, value), further @ ..] = dimensions.as_slice() else { panic!("{name}") };
        assert_eq!((stack.as_str(), value.as_str()), ("Stack", "acme-thingpress"), "{name}");
        match (metric.dimension, further) {
            (None, []) => {}
            (Some(expected), [(dimension, value)]) => {
                assert_eq!(dimension, expected.name, "{name}");
                assert!(expected.values.contains(&value.as_str()), "{name}: {value}");
            }
            _ => panic!("{name}: {dimensions:?}"),
        }
        drawn.insert(name);
    }
    let all: BTreeSet<String> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(drawn, all);
}

#[test]
fn every_alarm_has_its_light() {
    let template = template(&sample());
    let expected: BTreeSet<String> = resources(&template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .map(|(id, _)| format!("${{{id}.Arn}}"))
        .collect();
    let lights: BTreeSet<String> = widgets()
        .iter()
        .filter(|widget| widget["type"] == "alarm")
        .flat_map(|widget| widget["properties"]["alarms"].as_array().expect("alarms").clone())
        .map(|alarm| alarm.as_str().expect("an alarm").to_owned())
        .collect();
    assert_eq!(lights, expected);
}

#[test]
fn widgets_fill_the_rows_and_do_not_cover_each_other() {
    let mut taken = BTreeSet::new();
    for widget in widgets() {
        let figure = |name: &str| widget[name].as_u64().expect(name);
        for x in figure("x")..figure("x") + figure("width") {
            for y in figure("y")..figure("y") + figure("height") {
                assert!(taken.insert((x, y)), "({x}, {y}) is covered twice");
            }
        }
    }
    let rows: BTreeSet<u64> = taken.iter().map(|(_, y)| *y).collect();
    assert_eq!(taken.len(), rows.len() * 24, "every row is full");
}

#[test]
fn speed_stands_beside_what_the_rates_allow() {
    let mut config = sample();
    config.rate.register_certificate = 42.0;
    let template = template(&config);
    let body = text(&template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]);
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let widget = body["widgets"]
        .as_array()
        .expect("widgets")
        .iter()
        .find(|widget| widget["properties"]["title"] == "Devices a second")
        .expect("the widget");
    assert_eq!(widget["properties"]["annotations"]["horizontal"][0]["value"], 42.0);
    assert_eq!(widget["properties"]["metrics"][1][0]["expression"], "m0/PERIOD(m0)");
}
