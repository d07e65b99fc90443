//! The configuration file as a person would have written it.

use crate::config::Profile;

/// The file's text. What is at its default is left out, but for what a person will look for.
pub(super) fn file(stack: &str, profile: &Profile, bundle: Option<&str>) -> String {
    let mut lines = vec![
        "# What each key means, and what else there is: infra/thingpress.toml of the sources."
            .to_owned(),
        format!("stack = {}", quoted(stack)),
        String::new(),
        "[profile.default]".to_owned(),
        format!("policies = {}", list(&profile.policies)),
        format!("thing_groups = {}", list(&profile.thing_groups)),
    ];
    lines.extend(profile.thing_type.as_ref().map(|name| format!("thing_type = {}", quoted(name))));
    lines.push(format!("certificate_status = {}", quoted(profile.certificate_status.name())));
    lines.push(format!("defer_things = {}", profile.defer_things));
    if let Some(bundle) = bundle {
        lines.extend([
            String::new(),
            "[vendor.infineon]".to_owned(),
            format!("bundle = {}", quoted(bundle)),
        ]);
    }
    lines.join("\n") + "\n"
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
