//! What `commadmin domain purge` does with a disabled account whose grace is over, as a table.
//!
//! Technical note 819-6839, "Actions Performed by the Domain Purge Command":
//!
//! | mail | calendar | the purge |
//! | --- | --- | --- |
//! | removed | removed | deletes the entry |
//! | removed | class there, any other status or none | strips mail, keeps the entry |
//! | class there, any other status or none | removed | strips the calendar, keeps the entry |
//! | any other | any other | does nothing |
//! | never assigned | removed | deletes the entry, unless `[service.mail] unassigned = "hold"` |
//! | removed | never assigned | likewise |
//! | never assigned | never assigned | deletes the entry, unless one of the two is held so |
//!
//! The first rows are the note's own. That an absent status is an active service follows from the Schema Reference
//! (819-4437: missing means active); what becomes of a service that was never assigned is said nowhere, so it is a
//! switch of the policy.

use super::state::{Service, ServiceState};

/// What the purge does with one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceOutcome {
    /// The entry is deleted.
    Entry,
    /// These services are stripped; the others are waited for.
    Strip {
        /// Services that are stripped.
        strip: Vec<String>,
        /// Services that are waited for.
        waiting: Vec<String>,
    },
    /// Nothing is done: these services are waited for.
    Hold(Vec<String>),
}

/// Reads the table.
pub fn service_outcome(services: &[Service]) -> ServiceOutcome {
    let named = |test: &dyn Fn(&Service) -> bool| -> Vec<String> {
        services.iter().filter(|service| test(service)).map(|service| service.name.clone()).collect()
    };
    let waiting = named(&|service| !service.is_satisfied());
    let released = named(&|service| service.state == ServiceState::Released);
    match (waiting.is_empty(), released.is_empty()) {
        (true, _) => ServiceOutcome::Entry,
        (false, false) => ServiceOutcome::Strip { strip: released, waiting },
        (false, true) => ServiceOutcome::Hold(waiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Entry, Origin, Value};
    use crate::lifecycle::state::state;
    use crate::policy::Policy;

    fn purge(mail: &str, calendar: &str, switch: &str) -> ServiceOutcome {
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

    /// Mail, calendar, the switch for mail that was never assigned; and what becomes of the account.
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
            let found = match purge(mail, calendar, switch) {
                ServiceOutcome::Entry => "delete".to_owned(),
                ServiceOutcome::Strip { strip, waiting } => {
                    format!("strip {}, wait for {}", strip.join(", "), waiting.join(", "))
                }
                ServiceOutcome::Hold(waiting) => format!("wait for {}", waiting.join(", ")),
            };
            assert_eq!(found, expected, "mail {mail}, calendar {calendar}, {switch}");
        }
    }
}
