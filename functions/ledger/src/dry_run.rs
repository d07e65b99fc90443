//! Dry runs: what a file would come to, without a write to AWS IoT.

/// The folder of a bucket whose files are planned and not carried out.
pub const PLAN_FOLDER: &str = "plan";

/// The key that a file would have as an import, where `key` asks for a dry run.
pub fn planned_key(key: &str) -> Option<&str> {
    key.strip_prefix(PLAN_FOLDER)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_asks_for_a_dry_run() {
        assert_eq!(planned_key("plan/gateway/reel.json"), Some("gateway/reel.json"));
        assert_eq!(planned_key("plan/reel.json"), Some("reel.json"));
        for key in ["plan", "plan.json", "planned/reel.json", "gateway/plan/reel.json", "Plan/a"] {
            assert_eq!(planned_key(key), None, "{key}");
        }
    }
}
