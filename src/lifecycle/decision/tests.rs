use super::*;
use crate::ldap::{AttributeDescription, Change, ChangeRecord, Dn, Origin, Value};
use crate::lifecycle::history::PastOperation;

/// An account from lines `name: value`, split at `;`.
fn account(lines: &str) -> Entry {
    let dn = Dn::parse(b"uid=a,ou=People,o=x").unwrap();
    let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
    for line in lines.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
    }
    entry
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// An input without vetoes, rosters and later days.
fn input<'a>(entry: &'a Entry, action: Action, history: &'a History) -> DecisionInput<'a> {
    DecisionInput {
        entry,
        action,
        effective: None,
        veto: None,
        active_in: None,
        maybe_active_in: None,
        asked_by_roster: false,
        history,
        as_of: date("2026-11-21"),
    }
}

/// `step reason due DAY`.
fn decided(entry: &Entry, action: Action, policy: &Policy, change: impl FnOnce(&mut DecisionInput<'_>)) -> String {
    let history = History::default();
    let mut input = input(entry, action, &history);
    change(&mut input);
    let decision = decide(&input, policy);
    let due = decision.due.map(|day| format!(" due {day}")).unwrap_or_default();
    format!("{} {}{due}", decision.step.name(), decision.reason.code())
}

const STAMPED: &str = "preset = \"sun-comms\"\n[stamp]\nattribute = \"description\"\nformat = \"left {{ as_of }}\"\n";
const BOTH: &str = "objectClass: inetUser; objectClass: inetMailUser; objectClass: icsCalendarUser; ";

/// Rows: action, account with both services, days of grace, decision on 2026-11-21.
#[test]
fn delete_and_disable() {
    use Action::{Delete, Disable};
    for (asked, statuses, days, expected) in [
        (Delete, "inetUserStatus: active", 5, "disable disable due 2026-11-27"),
        (Delete, "", 5, "disable disable due 2026-11-27"),
        (Delete, "inetUserStatus: nonsense", 0, "disable disable due 2026-11-21"),
        (Delete, "mailUserStatus: removed", 0, "disable disable-and-strip due 2026-11-21"),
        (Delete, "mailUserStatus: removed", 5, "disable disable due 2026-11-27"),
        (Disable, "mailUserStatus: removed", 0, "disable disable"),
        (Disable, "inetUserStatus: Active", 5, "disable disable"),
        (Disable, "inetUserStatus: deleted", 5, "nothing already-disabled"),
        (
            Disable,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed",
            0,
            "nothing already-disabled",
        ),
        (Delete, "inetUserStatus: deleted; mailUserStatus: deleted; icsStatus: active", 0, "wait waiting-for-services"),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: deleted; icsStatus: active; description: left 2026-11-20",
            5,
            "wait waiting-for-services due 2026-11-26",
        ),
        (Delete, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active", 0, "strip strip"),
        (Delete, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active", 5, "hold grace-without-date"),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active; description: left 2026-11-20",
            5,
            "wait in-grace due 2026-11-26",
        ),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: active; description: left 2026-11-15",
            5,
            "strip strip",
        ),
        (Delete, "inetUserStatus: DELETED; mailUserStatus: Removed; icsStatus: removed", 0, "delete delete"),
        (Delete, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed", 5, "hold grace-without-date"),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left 2026-11-16",
            5,
            "wait in-grace due 2026-11-22",
        ),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left 2026-11-15",
            5,
            "delete delete",
        ),
        (
            Delete,
            "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed; description: left soon",
            5,
            "hold grace-without-date",
        ),
        // The statuses of services alone do not make an account disabled.
        (
            Delete,
            "inetUserStatus: active; mailUserStatus: removed; icsStatus: removed",
            5,
            "disable disable due 2026-11-27",
        ),
        (Delete, "inetUserStatus: active; mailUserStatus: removed; icsStatus: removed", 0, "delete delete-at-once"),
    ] {
        let policy = Policy::parse(&format!("{STAMPED}[grace]\ndays = {days}\n")).unwrap();
        let found = decided(&account(&format!("{BOTH}{statuses}")), asked, &policy, |_| {});
        assert_eq!(found, expected, "{asked:?} {statuses} {days}");
    }
}

/// The account stays, and its mail is removed; mail has 10 days of grace.
#[test]
fn a_service_alone() {
    let policy = Policy::parse(&format!("{STAMPED}[grace]\ndays = 5\nmail = 10\n")).unwrap();
    for (lines, expected) in [
        ("objectClass: inetUser", "nothing service-not-assigned"),
        ("objectClass: inetMailUser", "disable-service disable-service due 2026-12-02"),
        ("objectClass: inetMailUser; mailUserStatus: active", "disable-service disable-service due 2026-12-02"),
        ("objectClass: inetMailUser; mailUserStatus: hold", "disable-service disable-service due 2026-12-02"),
        ("objectClass: inetMailUser; mailUserStatus: deleted", "wait waiting-for-services"),
        ("objectClass: inetMailUser; mailUserStatus: removed", "hold grace-without-date"),
        // The stamp of the account does not count for the service.
        ("objectClass: inetMailUser; mailUserStatus: removed; description: left 2026-01-01", "hold grace-without-date"),
        (
            "objectClass: inetMailUser; mailUserStatus: removed; description: mail left 2026-11-11",
            "wait in-grace due 2026-11-22",
        ),
        ("objectClass: inetMailUser; mailUserStatus: removed; description: mail left 2026-11-10", "strip strip"),
        (
            "objectClass: inetMailUser; inetUserStatus: deleted; mailUserStatus: removed; description: mail left 2026-11-10",
            "strip strip",
        ),
    ] {
        assert_eq!(decided(&account(lines), Action::Mail, &policy, |_| {}), expected, "{lines}");
    }
    let lines = "objectClass: icsCalendarUser; icsStatus: active";
    let calendar = Policy::parse("preset = \"sun-calendar\"\n").unwrap();
    assert_eq!(decided(&account(lines), Action::Calendar, &calendar, |_| {}), "hold service-with-entry");
    assert_eq!(decided(&account(lines), Action::Mail, &calendar, |_| {}), "hold no-such-service");
}

#[test]
fn restore() {
    let policy = Policy::parse(STAMPED).unwrap();
    for (statuses, expected) in [
        ("inetUserStatus: active", "nothing already-active"),
        ("inetUserStatus: active; description: left 2026-11-01", "restore restore"),
        ("inetUserStatus: deleted; description: left 2026-11-01", "restore restore"),
        ("inetUserStatus: deleted", "hold restore-disabled-before"),
        ("inetUserStatus: active; mailUserStatus: deleted", "restore restore"),
        ("inetUserStatus: deleted; mailUserStatus: deleted", "hold restore-disabled-before"),
        ("inetUserStatus: deleted; mailUserStatus: removed", "hold restore-after-release"),
        ("inetUserStatus: deleted; icsStatus: removed", "hold restore-after-release"),
    ] {
        let found = decided(&account(&format!("{BOTH}{statuses}")), Action::Restore, &policy, |_| {});
        assert_eq!(found, expected, "{statuses}");
    }
}

/// A restore enables only what a change set disabled.
#[test]
fn restore_of_what_was_disabled_before() {
    let record = ChangeRecord {
        dn: Dn::parse(b"uid=a,ou=People,o=x").unwrap(),
        controls: Vec::new(),
        change: Change::Modify(Vec::new()),
    };
    let without_stamp = "preset = \"sun-comms\"\n";
    for (policy, kind, stamp, expected) in [
        (STAMPED, Some("disable"), "", "restore restore"),
        (STAMPED, Some("disable"), "; description: left 2026-11-01", "restore restore"),
        // A change set that wrote the stamp alone found the account disabled.
        (STAMPED, Some("stamp"), "; description: left 2026-11-01", "hold restore-disabled-before"),
        (STAMPED, None, "; description: left 2026-11-01", "restore restore"),
        (STAMPED, None, "", "hold restore-disabled-before"),
        // Without a stamp in the policy there is no evidence; the list decides.
        (without_stamp, None, "", "restore restore"),
        (without_stamp, Some("disable"), "", "restore restore"),
    ] {
        let policy = Policy::parse(policy).unwrap();
        let mut history = History::default();
        let past = kind.map(|kind| PastOperation { kind, service: None, record: &record });
        history.add(date("2026-11-01"), past);
        let entry = account(&format!("{BOTH}inetUserStatus: deleted{stamp}"));
        let decision = decide(&input(&entry, Action::Restore, &history), &policy);
        let found = format!("{} {}", decision.step.name(), decision.reason.code());
        assert_eq!(found, expected, "{kind:?} {stamp}");
    }
}

/// Active Directory: the bits of userAccountControl, and dates in `info` as in the ILM article.
#[test]
fn bits_and_dates() {
    for (missing, lines, expected) in [
        ("review", "userAccountControl: 512", "disable disable due 2027-02-20"),
        ("review", "userAccountControl: 66048", "disable disable due 2027-02-20"),
        ("review", "userAccountControl: 4096", "hold not-disableable"),
        ("review", "userAccountControl: 2560", "hold not-disableable"),
        ("review", "userAccountControl: 8704", "hold not-disableable"),
        ("review", "sAMAccountName: a", "hold not-disableable"),
        ("review", "userAccountControl: many", "hold not-disableable"),
        // The code of the article deletes an account at once if it is disabled and has no date.
        ("review", "userAccountControl: 514", "hold grace-without-date"),
        ("start", "userAccountControl: 514", "stamp stamp-started due 2027-02-20"),
        ("review", "userAccountControl: 514; info: see ticket 4711", "hold grace-without-date"),
        ("review", "userAccountControl: 514; info: 23/08/2026 10:00:00", "hold grace-without-date"),
        ("review", "userAccountControl: 514; info: 2026-08-23", "wait in-grace due 2026-11-22"),
        ("review", "userAccountControl: 514; info: 2026-08-22", "delete delete"),
        // An administrator wrote a later date to give the account more time.
        ("review", "userAccountControl: 514; info: 2026-11-20", "wait in-grace due 2027-02-19"),
        // Enabled again by hand; the old date does not count.
        ("review", "userAccountControl: 512; info: 2026-01-01", "disable disable due 2027-02-20"),
    ] {
        let text = format!("preset = \"active-directory\"\n[stamp]\nmissing = \"{missing}\"\n");
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(decided(&account(lines), Action::Delete, &policy, |_| {}), expected, "{lines}");
    }
}

/// The universal rules, in their order.
#[test]
fn vetoes_rules_and_rosters() {
    let rules = "[[rule]]\nbase = \"ou=Staff,o=x\"\naction = \"disable\"\n\
                 [[rule]]\nfilter = \"(employeeType=student)\"\naction = \"refuse\"\n";
    let everything = format!(
        "{STAMPED}[accounts]\nprovenance = \"(l=here)\"\n[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n\
         [veto]\nfilter = \"(employeeType=held)\"\n{rules}"
    );
    let policy = Policy::parse(&everything).unwrap();
    for (lines, expected) in [
        ("title: UNMANAGED; employeeType: held", "nothing disconnected"),
        ("employeeType: held", "hold vetoed"),
        ("l: elsewhere", "hold made-by-hand"),
        ("l: here", "hold no-rule"),
        ("l: here; employeeType: student", "hold refused-by-rule"),
    ] {
        assert_eq!(decided(&account(lines), Action::Delete, &policy, |_| {}), expected, "{lines}");
        assert_eq!(decided(&account(lines), Action::Restore, &policy, |_| {}), expected, "{lines}");
    }
    let policy =
        Policy::parse(&format!("{STAMPED}[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n")).unwrap();
    let active = account("inetUserStatus: active");
    let with =
        |action, change: &dyn Fn(&mut DecisionInput<'_>)| decided(&active, action, &policy, |input| change(input));
    assert_eq!(with(Action::Delete, &|input| input.veto = Some("hold.txt, line 3")), "hold vetoed");
    assert_eq!(with(Action::Delete, &|input| input.active_in = Some(("hr", 7))), "hold active-in-roster");
    let by_roster = |input: &mut DecisionInput<'_>| {
        input.active_in = Some(("hr", 7));
        input.asked_by_roster = true;
    };
    assert_eq!(with(Action::Delete, &by_roster), "nothing active-in-roster");
    for action in [Action::Delete, Action::Disable, Action::Mail, Action::Calendar, Action::Disconnect, Action::Restore]
    {
        let later = |input: &mut DecisionInput<'_>| {
            input.effective = Some(date("2026-11-22"));
            input.active_in = None;
        };
        assert_eq!(with(action, &later), "wait not-yet-effective", "{action:?}");
    }
    assert_eq!(
        with(Action::Delete, &|input| input.effective = Some(date("2026-11-21"))),
        "disable disable due 2026-11-27"
    );
    assert_eq!(with(Action::Disconnect, &|_| {}), "disconnect disconnect");
    let without = Policy::parse(STAMPED).unwrap();
    assert_eq!(decided(&active, Action::Disconnect, &without, |_| {}), "hold no-disconnect");
}
