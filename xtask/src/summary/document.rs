//! What an account holds at a time: the document that `--json` prints and `--since` reads, and how it is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::figures::grouped;

/// So many parts of a count are shown, the largest first; the document has all.
const SHOWN: usize = 20;

/// What AWS IoT holds in an account and Region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// Who asked.
    pub(super) identity: String,
    pub(super) account: String,
    pub(super) region: String,
    /// When it was counted to its end.
    pub(super) at: String,
    /// The counts by what is counted; those that may not be asked are not among them.
    pub(super) counts: BTreeMap<Kind, Count>,
    /// What may not be asked, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) not_asked: BTreeMap<Kind, String>,
}

/// What is counted, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Things, by type.
    Things,
    ThingTypes,
    /// Thing groups, static and dynamic.
    ThingGroups,
    Policies,
    /// Certificates, by AWS IoT's word for their status.
    Certificates,
}

/// A number, and its parts where it has any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) total: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by: BTreeMap<String, u64>,
}

/// What differs between two counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// What is counted, such as `certificates` or `certificates ACTIVE`.
    pub(super) what: String,
    pub(super) before: u64,
    pub(super) now: u64,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Things, Self::ThingTypes, Self::ThingGroups, Self::Policies, Self::Certificates];

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Things => "things",
            Self::ThingTypes => "thing types",
            Self::ThingGroups => "thing groups",
            Self::Policies => "policies",
            Self::Certificates => "certificates",
        }
    }

    /// The permission that counting them takes.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Things => "iot:ListThings",
            Self::ThingTypes => "iot:ListThingTypes",
            Self::ThingGroups => "iot:ListThingGroups and iot:DescribeThingGroup",
            Self::Policies => "iot:ListPolicies",
            Self::Certificates => "iot:ListCertificates",
        }
    }
}

impl Count {
    /// Counts one more, which belongs to this part.
    pub(super) fn add(&mut self, part: &str) {
        self.total += 1;
        if let Some(count) = self.by.get_mut(part) {
            *count += 1;
        } else if !part.is_empty() {
            self.by.insert(part.to_owned(), 1);
        }
    }
}

impl Summary {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![
            self.identity.clone(),
            format!("account {}, Region {}, {}", self.account, self.region, self.at),
        ];
        for kind in Kind::ALL {
            let Some(count) = self.counts.get(&kind) else {
                let why = self.not_asked.get(&kind).map_or("", String::as_str);
                lines.push(format!("  {:<36} may not be asked: {why}", kind.words()));
                continue;
            };
            lines.push(format!("  {:<36} {:>12}", kind.words(), grouped(count.total)));
            let mut parts: Vec<_> = count.by.iter().collect();
            parts.sort_by(|(_, one), (_, other)| other.cmp(one));
            for (part, number) in parts.iter().take(SHOWN) {
                lines.push(format!("    {part:<34} {:>12}", grouped(**number)));
            }
            if parts.len() > SHOWN {
                lines.push(format!("    and {} more; --json has them all", parts.len() - SHOWN));
            }
        }
        lines.join("\n")
    }

    /// What differs from an earlier one, as far as both tell it.
    pub(super) fn since(&self, before: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (kind, now) in &self.counts {
            let Some(before) = before.counts.get(kind) else { continue };
            let mut tell = |what: String, before: u64, now: u64| {
                if before != now {
                    differences.push(Difference { what, before, now });
                }
            };
            tell(kind.words().to_owned(), before.total, now.total);
            let parts: BTreeSet<_> = before.by.keys().chain(now.by.keys()).collect();
            for part in parts {
                let of = |count: &Count| count.by.get(part).copied().unwrap_or_default();
                tell(format!("{} {part}", kind.words()), of(before), of(now));
            }
        }
        differences
    }

    /// What only one of the two could ask.
    pub(super) fn incomparable(&self, before: &Self) -> Vec<Kind> {
        let is_in_both =
            |kind: &Kind| self.counts.contains_key(kind) && before.counts.contains_key(kind);
        Kind::ALL.into_iter().filter(|kind| !is_in_both(kind)).collect()
    }
}

/// Differences for a person, with their signs.
pub(super) fn differences(found: &[Difference], since: &str) -> String {
    if found.is_empty() {
        return format!("nothing that is counted has changed since {since}");
    }
    let line = |Difference { what, before, now }: &Difference| {
        let sign = if now > before { '+' } else { '-' };
        format!(
            "  {what:<36} {:>12} {:>13}   from {}",
            grouped(*now),
            format!("{sign}{}", grouped(now.abs_diff(*before))),
            grouped(*before)
        )
    };
    let lines: Vec<_> = found.iter().map(line).collect();
    format!("since {since}\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(by: &[(&str, u64)]) -> Count {
        let by: BTreeMap<_, _> = by.iter().map(|(part, n)| ((*part).to_owned(), *n)).collect();
        Count { total: by.values().sum(), by }
    }

    fn summary(things: u64, active: u64) -> Summary {
        Summary {
            identity: "arn:aws:iam::123456789012:user/alice".to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            at: "2026-11-22T13:05:00Z".to_owned(),
            counts: BTreeMap::from([
                (Kind::Things, count(&[("sensor", things), ("(no type)", 1)])),
                (Kind::ThingGroups, count(&[("static", 2), ("dynamic", 1)])),
                (Kind::Certificates, count(&[("ACTIVE", active), ("INACTIVE", 7)])),
            ]),
            not_asked: [Kind::ThingTypes, Kind::Policies]
                .map(|kind| (kind, "not authorized (AccessDeniedException)".to_owned()))
                .into(),
        }
    }

    #[test]
    fn counts_are_shown_with_their_parts_and_what_may_not_be_asked_is_named() {
        insta::assert_snapshot!(summary(1_300, 1_290).text(), @r"
        arn:aws:iam::123456789012:user/alice
        account 123456789012, Region eu-central-1, 2026-11-22T13:05:00Z
          things                                      1,301
            sensor                                    1,300
            (no type)                                     1
          thing types                          may not be asked: not authorized (AccessDeniedException)
          thing groups                                    3
            static                                        2
            dynamic                                       1
          policies                             may not be asked: not authorized (AccessDeniedException)
          certificates                                1,297
            ACTIVE                                    1,290
            INACTIVE                                      7
        ");
    }

    #[test]
    fn differences_have_a_sign_and_no_difference_is_a_sentence() {
        let (before, now) = (summary(1_000, 1_300), summary(1_300, 1_290));
        insta::assert_snapshot!(differences(&now.since(&before), &before.at), @r"
        since 2026-11-22T13:05:00Z
          things                                      1,301          +300   from 1,001
          things sensor                               1,300          +300   from 1,000
          certificates                                1,297           -10   from 1,307
          certificates ACTIVE                         1,290           -10   from 1,300
        ");
        assert_eq!(
            differences(&now.since(&now), &now.at),
            "nothing that is counted has changed since 2026-11-22T13:05:00Z"
        );
    }

    #[test]
    fn a_part_that_is_new_or_gone_is_a_difference() {
        let (mut before, mut now) = (summary(1, 1), summary(1, 1));
        before.counts.insert(Kind::Things, count(&[("old", 1)]));
        now.counts.insert(Kind::Things, count(&[("new", 1)]));
        let what: Vec<_> = now.since(&before).into_iter().map(|found| found.what).collect();
        assert_eq!(what, ["things new", "things old"]);
        assert_eq!(now.incomparable(&before), [Kind::ThingTypes, Kind::Policies]);
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let written = serde_json::to_string(&summary(1, 2)).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&written).unwrap(), summary(1, 2));
    }
}
