//! The ways by which people and programs are told.

use crate::config::Config;
use crate::constructs::key::Key;
use crate::constructs::queue::Queue;
use crate::constructs::topic::Topic;
use crate::template::Template;

/// By which people and programs are told.
pub(super) struct Channels {
    /// Notices to people: how runs ended, and what is stuck.
    pub(super) notices: Topic,
    /// Devices that did not end well, for the programs that deal with them.
    pub(super) failures: Queue,
    /// Events and notices that did not reach whom they were for.
    pub(super) undelivered: Queue,
}

pub(super) fn channels(template: &mut Template, config: &Config, key: &Key) -> Channels {
    let name = |suffix: &str| format!("{}-{suffix}", config.stack);
    let notices = Topic::new(template, "NoticesTopic", &name("notices"), key);
    for email in &config.notify.emails {
        notices.subscribe(template, email);
    }
    Channels {
        notices,
        failures: Queue::of_failures(template, "FailuresQueue", &name("failures")),
        undelivered: Queue::of_undelivered(template, "UndeliveredQueue", &name("undelivered")),
    }
}
