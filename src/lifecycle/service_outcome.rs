//! What happens to a disabled account whose grace is over, by the statuses of its services.
//!
//! This is the table "Actions Performed by the Domain Purge Command" (`commadmin domain purge`) of technical note
//! 819-6839:
//!
//! | mail | calendar | outcome |
//! | --- | --- | --- |
//! | removed | removed | the entry is deleted |
//! | removed | has the class; any other status or none | mail is stripped, the entry stays |
//! | has the class; any other status or none | removed | the calendar is stripped, the entry stays |
//! | any other | any other | nothing is done |
//! | never assigned | removed | the entry is deleted, unless `[service.mail] unassigned = "hold"` |
//! | removed | never assigned | the entry is deleted, unless `[service.calendar] unassigned = "hold"` |
//! | never assigned | never assigned | the entry is deleted, unless one of the two has `unassigned = "hold"` |
//!
//! The first four rows are from the note. An absent status means active by the Schema Reference (819-4437). No document
//! says what happens to a service that was never assigned, so the policy decides.

use super::state::{AccountService, ServiceState};

/// What happens to an account, as far as its services decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceOutcome {
    /// The entry is deleted.
    DeleteEntry,
    /// Some services are stripped; the entry stays.
    Strip {
        /// The services that are stripped.
        strip: Vec<String>,
        /// The services that are not released yet.
        waiting: Vec<String>,
    },
    /// Nothing is done: these services are not released yet.
    Wait(Vec<String>),
}

/// Looks up the outcome in the table.
pub fn service_outcome(services: &[AccountService]) -> ServiceOutcome {
    let named = |test: &dyn Fn(&AccountService) -> bool| -> Vec<String> {
        services.iter().filter(|service| test(service)).map(|service| service.name.clone()).collect()
    };
    let waiting = named(&|service| !service.is_satisfied());
    let released = named(&|service| service.state == ServiceState::Released);
    match (waiting.is_empty(), released.is_empty()) {
        (true, _) => ServiceOutcome::DeleteEntry,
        (false, false) => ServiceOutcome::Strip { strip: released, waiting },
        (false, true) => ServiceOutcome::Wait(waiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Entry, Origin, Value};
    use crate::lifecycle::state::state;
    use crate::policy::Policy;

    fn outcome(mail: &str, calendar: &str, switch: &str) -> ServiceOutcome {
        let text = format!("preset = \"sun-comms\"\n[service.mail]\nunassigned = \"{switch}\"\n");
        let policy = Policy::parse(&text).unwrap();
        let dn = Dn::parse(b"uid=a,o=x").unwrap();
        let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
        let mut push = |name: &str, value: &str| {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        };
        push("objectClass", "inetUser");
        push("inetUserStatus", "deleted");
        for (status, class, attribute) in
            [(mail, "inetMailUser", "mailUserStatus"), (calendar, "icsCalendarUser", "icsStatus")]
        {
            match status {
                "never" => {}
                "absent" => push("objectClass", class),
                status => {
                    push("objectClass", class);
                    push(attribute, status);
                }
            }
        }
        service_outcome(&state(&entry, &policy).1)
    }

    /// Rows: status of mail, status of the calendar, `[service.mail] unassigned`, outcome.
    #[test]
    fn the_table() {
        for (mail, calendar, switch, expected) in [
            ("removed", "removed", "released", "delete"),
            ("Removed", "REMOVED", "released", "delete"),
            ("removed", "active", "released", "strip mail, wait for calendar"),
            ("removed", "inactive", "released", "strip mail, wait for calendar"),
            ("removed", "deleted", "released", "strip mail, wait for calendar"),
            ("removed", "absent", "released", "strip mail, wait for calendar"),
            ("removed", "nonsense", "released", "strip mail, wait for calendar"),
            ("active", "removed", "released", "strip calendar, wait for mail"),
            ("deleted", "removed", "released", "strip calendar, wait for mail"),
            ("absent", "removed", "released", "strip calendar, wait for mail"),
            ("hold", "removed", "released", "strip calendar, wait for mail"),
            ("active", "active", "released", "wait for calendar, mail"),
            ("deleted", "deleted", "released", "wait for calendar, mail"),
            ("absent", "absent", "released", "wait for calendar, mail"),
            ("deleted", "absent", "released", "wait for calendar, mail"),
            ("never", "removed", "released", "delete"),
            ("never", "removed", "hold", "strip calendar, wait for mail"),
            ("removed", "never", "released", "delete"),
            ("never", "never", "released", "delete"),
            ("never", "never", "hold", "wait for mail"),
            ("never", "deleted", "released", "wait for calendar"),
            ("never", "absent", "released", "wait for calendar"),
        ] {
            let found = match outcome(mail, calendar, switch) {
                ServiceOutcome::DeleteEntry => "delete".to_owned(),
                ServiceOutcome::Strip { strip, waiting } => {
                    format!("strip {}, wait for {}", strip.join(", "), waiting.join(", "))
                }
                ServiceOutcome::Wait(waiting) => format!("wait for {}", waiting.join(", ")),
            };
            assert_eq!(found, expected, "mail {mail}, calendar {calendar}, {switch}");
        }
    }
}
