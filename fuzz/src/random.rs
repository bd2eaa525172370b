//! Random directories, with random policies, leavers and changes for them.
//!
//! Names, values and keys come from small sets, so that entries refer to each other and leavers match accounts. The sets
//! include unusual ones: values that must be escaped, that look like markup, or that are not DNs.

use std::fmt::{self, Write as _};

use jiff::civil::{Date, date};
use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use offboard::ldap::attribute_types::equality_rule;
use offboard::ldap::dn::escape_rdn_value;
use offboard::ldap::matching::matches;
use offboard::ldap::{AttributeDescription, Change, ChangeRecord, Control, Dn, DnKey, ModOp, Modification, Rdn, Value};
use offboard::ldif::writer;
use offboard::plan::{Guard, Stage};
use offboard::policy::Server;

use crate::ldif_of;

/// The names of people.
const PEOPLE: [&str; 16] = [
    "anna",
    "Bert",
    "c, d",
    "e+f",
    "Zoë",
    "#g",
    " h ",
    "i\"j\\k",
    "<script>alert(1)</script>",
    "![x](javascript:a)|`l`",
    "m\nn",
    "o=p;q",
    "anna2",
    "*",
    "r\u{1b}[31m\u{202e}s",
    "{{ t }}",
];
const GROUPS: [&str; 5] = ["staff", "board, the", "<b>guests", "phone|book", "anna"];
const CLASSES: [&str; 14] = [
    "top",
    "person",
    "inetOrgPerson",
    "inetUser",
    "inetMailUser",
    "icsCalendarUser",
    "inetLocalMailRecipient",
    "posixAccount",
    "user",
    "ipUser",
    "userPresenceProfile",
    "extensibleObject",
    "account",
    "shadowAccount",
];
/// The class of a group, and its membership attribute.
const GROUP_KINDS: [(&str, &str); 10] = [
    ("groupOfNames", "member"),
    ("groupOfNames", "member"),
    ("groupOfUniqueNames", "uniqueMember"),
    ("groupOfUniqueNames", "uniqueMember"),
    ("group", "member"),
    ("posixGroup", "memberUid"),
    ("inetMailGroup", "mgrpRFC822MailMember"),
    ("inetMailGroup", "uniqueMember"),
    ("organizationalRole", "roleOccupant"),
    ("nisNetgroup", "nisNetgroupTriple"),
];
/// Attributes whose values refer to entries in some form.
const REFERENCES: [&str; 20] = [
    "manager",
    "owner",
    "secretary",
    "seeAlso",
    "managedBy",
    "assistant",
    "iplanet-am-modifiable-by",
    "documentAuthor",
    "associatedName",
    "memberOf",
    "mailEnhancedUniqueMember",
    "icsSecondaryowners",
    "icsSubscribed",
    "labeledURI",
    "mailForwardingAddress",
    "aci",
    "memberURL",
    "mgrpErrorsTo",
    "nsRoleDN",
    "x-boss",
];
/// Attributes of accounts, with values that matter to a plan.
const VALUES: [(&str, &[&str]); 26] = [
    ("inetUserStatus", &["active", "Active", "deleted", "inactive", "removed", "", "DELETED"]),
    ("mailUserStatus", &["active", "removed", "deleted", "disabled", "hold"]),
    ("icsStatus", &["active", "removed", "deleted", "inactive"]),
    (
        "description",
        &["offboarded 2026-08-01", "offboarded 2026-11-20", "offboarded 2027-01-01", "offboarded soon", "a note"],
    ),
    ("info", &["2026-08-01", "2026-11-19", "a note", "2099-01-01"]),
    ("userAccountControl", &["512", "514", "66048", "66050", "x", "4096"]),
    ("employeeType", &["disabled", "Unmanaged", "intern"]),
    ("employeeNumber", &["1", "2", "3", "x"]),
    ("pwdAccountLockedTime", &["000001010000Z", "20260101000000Z", "soon"]),
    ("nsAccountLock", &["TRUE", "false"]),
    ("ds-pwp-account-disabled", &["true", "false"]),
    ("loginShell", &["/bin/sh", "/sbin/nologin"]),
    ("shadowExpire", &["1", "-1", "20000"]),
    ("uidNumber", &["1000", "1001"]),
    ("gidNumber", &["1000", "1001"]),
    ("homeDirectory", &["/home/x", "/"]),
    ("telephoneNumber", &["+1 2", "+12"]),
    ("numSubordinates", &["0", "1", "7", "x"]),
    ("modifyTimestamp", &["20260101000000Z", "20261120000000Z", "x"]),
    ("createTimestamp", &["20200101000000Z"]),
    ("entryUUID", &["b2c1a0f0-0000-4000-8000-000000000001", "b2c1a0f0-0000-4000-8000-000000000002"]),
    ("mailDeliveryOption", &["mailbox", "forward"]),
    ("mailHost", &["mail.example.com"]),
    ("icsCalendar", &["anna", "Bert@sesta.com"]),
    ("userPassword", &["{SSHA}secret"]),
    ("title", &["Unmanaged", "boss", ""]),
];
const STAMP_FORMATS: [&str; 4] =
    ["offboarded {{ as_of }}", "{{ as_of }}", "{{ as_of_time }}", "<{{ as_of }}> by \\\"us\\\""];

/// True with a chance of one in `chances`; false once the bytes are used up.
fn one_in(u: &mut Unstructured<'_>, chances: u32) -> Result<bool> {
    Ok(u.int_in_range(0..=chances - 1)? == chances - 1)
}

fn pick<'t, T>(u: &mut Unstructured<'_>, from: &'t [T]) -> Result<&'t T> {
    u.choose(from)
}

/// An entry as it will be written.
#[derive(Clone, Debug)]
struct RandomEntry {
    dn: String,
    lines: Vec<(String, Vec<u8>)>,
}

impl RandomEntry {
    /// Whether the entry has the value in this or an equal spelling: no server stores a value twice.
    fn has(&self, name: &str, value: &[u8]) -> bool {
        let key = DnKey::parse(value).ok();
        let is_equal = |had: &[u8]| {
            had.trim_ascii().eq_ignore_ascii_case(value.trim_ascii())
                || matches(equality_rule(name), had, value)
                || key.is_some() && DnKey::parse(had).ok() == key
        };
        self.lines.iter().any(|(own, had)| own.eq_ignore_ascii_case(name) && is_equal(had))
    }
}

/// The entries of a random directory.
#[derive(Clone, Debug)]
pub struct RandomDirectory {
    suffix: &'static str,
    /// Containers of people and groups.
    units: Vec<String>,
    /// DN and user name of each person.
    people: Vec<(String, String)>,
    /// DNs of groups and aliases.
    groups: Vec<String>,
    all: Vec<RandomEntry>,
}

fn escaped(value: &str) -> String {
    String::from_utf8_lossy(&escape_rdn_value(value.as_bytes())).into_owned()
}

/// The DN, perhaps in another spelling.
fn respelled(u: &mut Unstructured<'_>, dn: &str) -> Result<String> {
    let mut dn = dn.to_owned();
    if one_in(u, 6)? {
        dn = dn.replace("\\,", "\\2C").replace("\\+", "\\2b");
    }
    if one_in(u, 6)? {
        dn = dn.replace(",ou=", " , OU = ").replace(",o=", ", O=").replace(",dc=", ",DC=");
    }
    if one_in(u, 6)? {
        dn = dn.replace("uid=", "UserID=").replace("anna", "ANNA").replace("Bert", "b\\65rt");
    }
    if one_in(u, 8)? {
        dn = dn.replace("cn=", "2.5.4.3=");
    }
    Ok(dn)
}

impl RandomDirectory {
    /// A directory below one of the usual suffixes. Unless it `is_complete`, entries may be missing or appear twice.
    pub fn new(u: &mut Unstructured<'_>, is_complete: bool) -> Result<Self> {
        let suffix = *pick(u, &["o=isp", "dc=example,dc=com", "o=isp"])?;
        let mut entries = Self { suffix, units: Vec::new(), people: Vec::new(), groups: Vec::new(), all: Vec::new() };
        let suffix_lines = if suffix == "o=isp" { ("organization", "o", "isp") } else { ("domain", "dc", "example") };
        let (class, name, value) = suffix_lines;
        entries.add(suffix, &[("objectClass", class), (name, value)]);
        let domains: &[&str] = if suffix == "o=isp" { &["o=sesta.com,o=isp", "o=siroe.com,o=isp"] } else { &[suffix] };
        let domains = &domains[..u.int_in_range(1..=domains.len())?];
        for domain in domains {
            if *domain != suffix {
                let name = domain.split([',', '=']).nth(1).unwrap_or_default();
                entries.add(domain, &[("objectClass", "organization"), ("objectClass", "inetDomain"), ("o", name)]);
                if one_in(u, 4)? {
                    let status = *pick(u, &["active", "deleted", "inactive"])?;
                    entries.push("inetDomainStatus", status.as_bytes());
                }
            }
            for unit in ["People", "Groups", "Disabled"] {
                let dn = format!("ou={unit},{domain}");
                if is_complete || !one_in(u, 60)? {
                    entries.add(&dn, &[("objectClass", "organizationalUnit"), ("ou", unit)]);
                }
                entries.units.push(dn);
            }
        }
        for _ in 0..u.int_in_range(1..=7)? {
            entries.person(u)?;
        }
        for _ in 0..u.int_in_range(0..=5)? {
            entries.group(u)?;
        }
        for _ in 0..u.int_in_range(0..=4)? {
            entries.dependent(u)?;
        }
        if suffix == "o=isp" && one_in(u, 2)? {
            entries.address_books(u)?;
        }
        for _ in 0..u.int_in_range(0..=8)? {
            entries.reference(u)?;
        }
        if !is_complete && one_in(u, 12)? {
            let twice = pick(u, &entries.all)?.clone();
            entries.all.push(twice);
        }
        if one_in(u, 3)? {
            let (a, b) = (u.choose_index(entries.all.len())?, u.choose_index(entries.all.len())?);
            entries.all.swap(a, b);
        }
        Ok(entries)
    }

    fn add(&mut self, dn: &str, lines: &[(&str, &str)]) {
        let lines = lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        self.all.push(RandomEntry { dn: dn.to_owned(), lines });
    }

    /// Adds a value to the last entry.
    fn push(&mut self, name: &str, value: &[u8]) {
        if let Some(last) = self.all.last_mut() {
            last.lines.push((name.to_owned(), value.to_vec()));
        }
    }

    fn person(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let name = *pick(u, &PEOPLE)?;
        let unit = pick(u, &self.units)?.clone();
        let (rdn, value) = match u.int_in_range(0..=9)? {
            0..=6 => (format!("uid={}", escaped(name)), name.to_owned()),
            7 | 8 => (format!("cn={}", escaped(name)), name.to_owned()),
            _ => (format!("uid={}+employeeNumber=1", escaped(name)), name.to_owned()),
        };
        let dn = format!("{rdn},{unit}");
        let is_there = self.people.iter().any(|(known, _)| known.eq_ignore_ascii_case(&dn));
        if is_there {
            return Ok(());
        }
        self.add(&dn, &[]);
        self.people.push((dn, value));
        let usual = ["top", "person", "inetOrgPerson", "inetUser"];
        for class in usual {
            if !one_in(u, 10)? {
                self.push("objectClass", class.as_bytes());
            }
        }
        for _ in 0..u.int_in_range(0..=3)? {
            let class = *pick(u, &CLASSES)?;
            let is_new = self
                .all
                .last()
                .is_some_and(|last| last.lines.iter().all(|(_, value)| !value.eq_ignore_ascii_case(class.as_bytes())));
            if is_new {
                self.push("objectClass", class.as_bytes());
            }
        }
        self.push("uid", name.as_bytes());
        self.push("cn", name.as_bytes());
        if rdn.contains("+employeeNumber") {
            self.push("employeeNumber", b"1");
        }
        self.push("sn", b"Sn");
        if one_in(u, 2)? {
            self.push("sAMAccountName", name.as_bytes());
        }
        if one_in(u, 2)? {
            self.push("mail", format!("{name}@sesta.com").as_bytes());
        }
        for _ in 0..u.int_in_range(0..=7)? {
            let (name, values) = pick(u, &VALUES)?;
            let value = pick(u, values)?;
            // Most attributes have one value.
            let is_there = |last: &RandomEntry| last.lines.iter().any(|(own, _)| own == name);
            let has_many = matches!(*name, "description" | "telephoneNumber" | "title");
            if has_many || !self.all.last().is_some_and(is_there) {
                self.push_new(name, value.as_bytes());
            }
        }
        if one_in(u, 12)? {
            let bytes: Vec<u8> = u.bytes(u.len().min(24))?.to_vec();
            self.push_new("jpegPhoto", &bytes);
        }
        Ok(())
    }

    /// Adds a value to the last entry unless it has the value: no export has a value twice.
    fn push_new(&mut self, name: &str, value: &[u8]) {
        let has = |last: &RandomEntry| last.has(name, value);
        if self.all.last().is_some_and(|last| !has(last)) {
            self.push(name, value);
        }
    }

    fn group(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let name = *pick(u, &GROUPS)?;
        let dn = format!("cn={},{}", escaped(name), pick(u, &self.units)?);
        if self.groups.contains(&dn) || self.people.iter().any(|(known, _)| *known == dn) {
            return Ok(());
        }
        let (class, member) = *pick(u, &GROUP_KINDS)?;
        self.add(&dn, &[("objectClass", class), ("cn", name)]);
        for _ in 0..u.int_in_range(0..=4)? {
            let (person, uid) = pick(u, &self.people)?.clone();
            let value = match member {
                "memberUid" => uid,
                "mgrpRFC822MailMember" => format!("{uid}@sesta.com"),
                "nisNetgroupTriple" => format!("(,{uid},)"),
                _ if one_in(u, 8)? && !self.groups.is_empty() => pick(u, &self.groups)?.clone(),
                _ => respelled(u, &person)?,
            };
            self.push_new(member, value.as_bytes());
        }
        self.groups.push(dn);
        Ok(())
    }

    /// Adds an entry below a person, or an alias of a person.
    fn dependent(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (person, _) = pick(u, &self.people)?.clone();
        match u.int_in_range(0..=3)? {
            0 => {
                let unit = pick(u, &self.units)?.clone();
                let name = pick(u, &GROUPS)?;
                let dn = format!("cn=alias {},{unit}", escaped(name));
                if self.all.iter().all(|entry| entry.dn != dn) {
                    self.add(&dn, &[("objectClass", "alias"), ("objectClass", "extensibleObject")]);
                    self.push("cn", format!("alias {name}").as_bytes());
                    let value = respelled(u, &person)?;
                    self.push("aliasedObjectName", value.as_bytes());
                    self.groups.push(dn);
                }
            }
            1 => {
                let child = format!("cn=phone,{person}");
                if self.all.iter().all(|entry| entry.dn != child) {
                    self.add(&child, &[("objectClass", "device"), ("cn", "phone")]);
                    self.add(&format!("cn=case,{child}"), &[("objectClass", "device"), ("cn", "case")]);
                }
            }
            _ => {
                let child = format!("cn=key,{person}");
                if self.all.iter().all(|entry| entry.dn != child) {
                    self.add(&child, &[("objectClass", "device"), ("cn", "key"), ("description", "a key")]);
                }
            }
        }
        Ok(())
    }

    fn address_books(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.add("o=PiServerDb", &[("objectClass", "organization"), ("o", "PiServerDb")]);
        let domain = "o=sesta.com,o=PiServerDb";
        self.add(domain, &[("objectClass", "organization"), ("o", "sesta.com")]);
        for (_, uid) in self.people.clone() {
            if one_in(u, 2)? {
                let root = format!("piPStoreOwner={},{domain}", escaped(&uid));
                if self.all.iter().any(|entry| entry.dn == root) {
                    continue;
                }
                self.add(&root, &[("objectClass", "piTypeUser"), ("piPStoreOwner", &uid)]);
                let number = format!("e{}", u.int_in_range(0..=9)?);
                let book = format!("piEntryID={number},{root}");
                self.add(&book, &[("objectClass", "piTypeBook"), ("piEntryID", &number), ("displayName", "Book")]);
                let entry = [("objectClass", "piTypeEntry"), ("piEntryID", "x"), ("displayName", &uid)];
                self.add(&format!("piEntryID=x,{book}"), &entry);
            }
        }
        Ok(())
    }

    /// Adds a value that refers to a person, to any entry.
    fn reference(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let at = u.choose_index(self.all.len())?;
        let name = *pick(u, &REFERENCES)?;
        let (person, uid) = pick(u, &self.people)?.clone();
        let person = respelled(u, &person)?;
        let value = match name {
            "icsSecondaryowners" => uid,
            "icsSubscribed" => format!("{uid}@sesta.com:Work$His work"),
            "mailForwardingAddress" | "mgrpErrorsTo" => format!("{uid}@sesta.com"),
            "labeledURI" | "memberURL" if one_in(u, 2)? => format!("ldap:///{}??sub?(uid={uid})", self.suffix),
            "labeledURI" | "memberURL" => format!("ldap:///{} {uid}", person.replace(' ', "%20")),
            "aci" => format!("(targetattr=\"*\")(version 3.0; acl \"a\"; allow (write) userdn=\"ldap:///{person}\";)"),
            _ if one_in(u, 10)? => "no name at all".to_owned(),
            _ if one_in(u, 10)? => format!("{person}#'0101'B"),
            _ if one_in(u, 10)? => format!("cn=gone,{}", self.suffix),
            _ => person,
        };
        if !self.all[at].has(name, value.as_bytes()) {
            self.all[at].lines.push((name.to_owned(), value.into_bytes()));
        }
        Ok(())
    }

    /// The directory as LDIF in one file or several, with random folds, comments and line ends.
    pub fn to_ldif(&self, u: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
        let crlf = one_in(u, 5)?;
        let files = if one_in(u, 4)? { 2 } else { 1 };
        let mut texts = vec![Vec::new(); files];
        if one_in(u, 4)? {
            texts[0].extend(b"version: 1\n\n");
        }
        for entry in &self.all {
            let at = if files == 1 { 0 } else { u.choose_index(files)? };
            let mut text = Vec::new();
            if one_in(u, 10)? {
                writer::write_comment(&mut text, b"a comment about the next entry");
            }
            writer::write_value(&mut text, "dn", entry.dn.as_bytes());
            for (name, value) in &entry.lines {
                let name = if one_in(u, 16)? { name.to_uppercase() } else { name.clone() };
                writer::write_value(&mut text, &name, value);
            }
            text.push(b'\n');
            texts[at].extend(text);
        }
        if crlf {
            for text in &mut texts {
                *text = String::from_utf8_lossy(text).replace('\n', "\r\n").into_bytes();
            }
        }
        Ok(texts)
    }
}

/// Random inputs for a plan.
pub struct RandomPlan {
    /// The exports.
    pub exports: Vec<Vec<u8>>,
    /// The policy as TOML.
    pub policy: String,
    /// The list of leavers as CSV.
    pub leavers: String,
    /// The roster as CSV, if the policy has one.
    pub roster: Option<String>,
    /// The guard.
    pub guard: Guard,
    /// The stages to plan; all if empty.
    pub stages: Vec<Stage>,
    /// Whether orphaned address books are deleted.
    pub orphans: bool,
    /// The date of the plan.
    pub as_of: Date,
    /// Days until the next plan.
    pub later: i64,
    /// Approximate length of a block, in bytes.
    pub block: usize,
    /// The ticket.
    pub ticket: Option<String>,
}

/// A basic string of TOML, with control characters escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn policy(u: &mut Unstructured<'_>, entries: &RandomDirectory) -> Result<(String, bool)> {
    let preset = *pick(
        u,
        &["sun-comms", "sun-comms", "openldap", "openldap", "389ds", "active-directory", "messaging-5", "sun-calendar"],
    )?;
    let mut text = format!("preset = \"{preset}\"\n\n[directory]\nsuffixes = [{}]\n", quoted(entries.suffix));
    if one_in(u, 2)? {
        let server = *pick(u, &["dsee", "389ds", "openldap", "opendj", "ad"])?;
        let _ = writeln!(text, "server = \"{server}\"");
    }
    if one_in(u, 16)? {
        let tools = *pick(u, &["ldap", "delegated-administrator", "csuser"])?;
        let _ = writeln!(text, "tools = \"{tools}\"");
    }
    text.push_str("\n[accounts]\n");
    let filter = *pick(u, &["(objectClass=person)", "(objectClass=person)", "(uid=*)", "(objectClass=inetUser)"])?;
    let _ = writeln!(text, "filter = \"{filter}\"");
    text.push_str("match = [\"uid\", \"mail\"]\n");
    if one_in(u, 8)? {
        let _ = writeln!(text, "base = [{}]", quoted(pick(u, &entries.units)?));
    }
    if one_in(u, 10)? {
        text.push_str("provenance = \"(employeeNumber=*)\"\n");
    }
    if one_in(u, 5)? {
        let action = *pick(u, &["delete", "delete", "disable", "mail", "calendar", "disconnect", "refuse"])?;
        let _ = writeln!(text, "\n[[rule]]\nbase = {}\naction = \"{action}\"", quoted(pick(u, &entries.units)?));
        text.push_str("\n[[rule]]\nfilter = \"(objectClass=*)\"\naction = \"delete\"\n");
    }
    if one_in(u, 2)? {
        let attribute = *pick(u, &["description", "info", "employeeType"])?;
        let format = *pick(u, &STAMP_FORMATS)?;
        let missing = *pick(u, &["review", "start"])?;
        let _ =
            writeln!(text, "\n[stamp]\nattribute = \"{attribute}\"\nformat = \"{format}\"\nmissing = \"{missing}\"");
    }
    if one_in(u, 3)? {
        let disabled = entries.units.iter().find(|unit| unit.starts_with("ou=Disabled")).unwrap_or(&entries.units[0]);
        let _ = writeln!(text, "\n[move]\nto = {}\nback = {}", quoted(disabled), quoted(&entries.units[0]));
        if one_in(u, 3)? {
            let references = *pick(u, &["rewrite", "server"])?;
            let _ = writeln!(text, "references = \"{references}\"");
        }
    }
    if one_in(u, 6)? {
        text.push_str("\n[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n");
    }
    let days = *pick(u, &[0, 0, 0, 0, 5, 30])?;
    let _ = writeln!(text, "\n[grace]\ndays = {days}");
    if one_in(u, 8)? {
        text.push_str("trust_modify_timestamp = true\n");
    }
    text.push_str("\n[references]\n");
    let placeholder = format!("placeholder:uid=nobody,{}", entries.suffix);
    let last = *pick(u, &["refuse", "allow", "successor", "delete-group", &placeholder])?;
    let _ = writeln!(text, "last_member = {}", quoted(last));
    if one_in(u, 3)? {
        text.push_str("private_group = \"delete\"\n");
    }
    if one_in(u, 6)? {
        let _ = writeln!(text, "max_values = {}", pick(u, &[1, 2, 3])?);
    }
    if one_in(u, 8)? {
        text.push_str(
            "remove = [\"member\", \"uniqueMember\", \"x-boss\"]\nreview = [\"seeAlso\"]\nleave = [\"aci\"]\n",
        );
    }
    if one_in(u, 2)? {
        let (fallback, _) = pick(u, &entries.people)?;
        let _ = writeln!(text, "\n[successor]\nfallback = {}", quoted(fallback));
    }
    if one_in(u, 6)? {
        let protected = match u.int_in_range(0..=3)? {
            0 => format!("dn = [{}]", quoted(&pick(u, &entries.people)?.0)),
            1 => format!("subtree = [{}]", quoted(pick(u, &entries.units)?)),
            2 if !entries.groups.is_empty() => format!("group = [{}]", quoted(pick(u, &entries.groups)?)),
            _ => "filter = \"(title=boss)\"".to_owned(),
        };
        let _ = writeln!(text, "\n[protect]\n{protected}");
    }
    if !one_in(u, 6)? {
        text.push_str("\n[limits]\n");
        for kind in ["disable", "restore", "move", "reference", "owner", "service", "address-book", "delete", "members"]
        {
            let _ = writeln!(text, "{kind} = {{ count = 1000 }}");
        }
    }
    if one_in(u, 10)? {
        let _ = writeln!(text, "\n[veto]\ndn = [{}]", quoted(&pick(u, &entries.people)?.0));
    }
    if one_in(u, 6)? {
        text.push_str("\n[notice]\nfrom = \"Us <us@example.com>\"\n");
    }
    let with_roster = one_in(u, 8)?;
    if with_roster {
        let absence = *pick(u, &["ignore", "review", "disable"])?;
        let _ = writeln!(
            text,
            "\n[roster.hr]\nkey = \"employeeNumber\"\nstatus = \"state\"\ninactive = [\"left\"]\nexpected_rows = 1\nabsence = \"{absence}\""
        );
    }
    Ok((text, with_roster))
}

fn csv(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn leavers(u: &mut Unstructured<'_>, entries: &RandomDirectory) -> Result<String> {
    let mut text = "id,action,successor,effective,ticket,note\n".to_owned();
    let mut listed = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let (dn, uid) = pick(u, &entries.people)?.clone();
        let id = match u.int_in_range(0..=5)? {
            0 => uid.clone(),
            1 => format!("{uid}@sesta.com"),
            _ => dn.clone(),
        };
        if listed.contains(&dn) || listed.contains(&uid) {
            continue;
        }
        listed.extend([dn, uid]);
        let action = *pick(u, &["", "", "delete", "delete", "disable", "mail", "calendar", "disconnect", "restore"])?;
        let successor = if one_in(u, 3)? { pick(u, &entries.people)?.0.clone() } else { String::new() };
        let effective = if one_in(u, 8)? { *pick(u, &["2026-11-01", "2027-01-01"])? } else { "" };
        let note = if one_in(u, 4)? { *pick(u, &PEOPLE)? } else { "" };
        let note: String = note.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(text, "{},{action},{},{effective},{},{}", csv(&id), csv(&successor), csv(&note), csv(&note));
    }
    Ok(text)
}

impl<'a> Arbitrary<'a> for RandomPlan {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let entries = RandomDirectory::new(u, false)?;
        let (policy, with_roster) = policy(u, &entries)?;
        let leavers = leavers(u, &entries)?;
        let roster = if with_roster {
            let mut text = "employeeNumber,state\n".to_owned();
            for number in ["1", "2", "3"] {
                if !one_in(u, 3)? {
                    let _ = writeln!(text, "{number},{}", pick(u, &["left", "employed", ""])?);
                }
            }
            Some(text)
        } else {
            None
        };
        let guard = *pick(u, &[Guard::Values, Guard::Values, Guard::Assert, Guard::None])?;
        let stages = if one_in(u, 10)? { vec![*pick(u, Stage::ALL)?] } else { Vec::new() };
        Ok(Self {
            exports: entries.to_ldif(u)?,
            policy,
            leavers,
            roster,
            guard,
            stages,
            orphans: one_in(u, 8)?,
            as_of: date(2026, 11, 21),
            later: *pick(u, &[1, 6, 31, 365])?,
            block: u.int_in_range(1..=4096)?,
            ticket: if one_in(u, 4)? { Some((*pick(u, &PEOPLE)?).to_owned()) } else { None },
        })
    }
}

/// A random directory and random changes to it, valid and invalid.
pub struct RandomChanges {
    /// The exports.
    pub exports: Vec<Vec<u8>>,
    /// The changes.
    pub records: Vec<ChangeRecord>,
    /// The server whose rules apply.
    pub server: Server,
    /// Approximate length of a block, in bytes.
    pub block: usize,
}

const CHANGED: [(&str, &str); 14] = [
    ("inetUserStatus", "deleted"),
    ("inetUserStatus", "Active"),
    ("description", "a note"),
    ("description", " A  Note "),
    ("description;lang-de", "eins"),
    ("2.5.4.13", "three"),
    ("employeeNumber", "1"),
    ("title", "boss"),
    ("uid", "anna"),
    ("cn", "anna"),
    ("objectClass", "extensibleObject"),
    ("objectClass", "inetUser"),
    ("jpegPhoto", "\u{1}\u{2}"),
    ("uidNumber", "01000"),
];

fn change(u: &mut Unstructured<'_>, entries: &RandomDirectory) -> Result<Option<ChangeRecord>> {
    let name = pick(u, &entries.all)?.dn.clone();
    let dn = respelled(u, &name)?;
    let parse = |dn: &str| Dn::parse(dn.as_bytes()).ok();
    let (dn, change) = match u.int_in_range(0..=9)? {
        0 | 1 => (dn, Change::Delete),
        2 | 3 => {
            let kept = u.ratio(2, 3)?;
            // No server renames a suffix.
            let Some(own) = parse(&name).filter(|own| own.rdns().len() > 1) else { return Ok(None) };
            let other = *pick(u, &["uid=new", "cn=new", "uid=anna", "ou=new", "cn=staff+uid=x", "CN=Anna"])?;
            let rdn = if kept { own.rdn_spelling() } else { other.as_bytes() };
            let Ok(new_rdn) = Rdn::parse(rdn) else { return Ok(None) };
            let superior = if kept || one_in(u, 2)? { Some(pick(u, &entries.units)?.clone()) } else { None };
            let new_superior = superior.and_then(|superior| parse(&superior));
            (dn, Change::ModifyDn { new_rdn, delete_old_rdn: !one_in(u, 3)?, new_superior })
        }
        4 => {
            let person = *pick(u, &PEOPLE)?;
            let dn = format!("uid={},{}", escaped(person), pick(u, &entries.units)?);
            let added = [("objectClass", "inetOrgPerson"), ("cn", person), ("sn", person), ("uid", person)];
            let added = added.iter().filter_map(|(name, value)| {
                let description = AttributeDescription::parse(name.as_bytes()).ok()?;
                Some(offboard::ldap::Attribute { description, values: vec![Value::new(value.as_bytes())] })
            });
            (dn, Change::Add(added.collect()))
        }
        _ => {
            let mut modifications = Vec::new();
            for _ in 0..u.int_in_range(1..=3)? {
                let op = *pick(u, &[ModOp::Add, ModOp::Delete, ModOp::Delete, ModOp::Replace, ModOp::Increment])?;
                let (attribute, value) = match u.int_in_range(0..=3)? {
                    0 => {
                        let entry = pick(u, &entries.all)?;
                        if entry.lines.is_empty() {
                            continue;
                        }
                        pick(u, &entry.lines)?.clone()
                    }
                    1 => {
                        let attribute = *pick(u, &["member", "uniqueMember", "manager", "owner", "seeAlso"])?;
                        let person = pick(u, &entries.people)?.0.clone();
                        (attribute.to_owned(), respelled(u, &person)?.into_bytes())
                    }
                    _ => {
                        let (attribute, value) = *pick(u, &CHANGED)?;
                        (attribute.to_owned(), value.as_bytes().to_vec())
                    }
                };
                let Ok(description) = AttributeDescription::parse(attribute.as_bytes()) else { continue };
                let values = if op != ModOp::Add && op != ModOp::Increment && one_in(u, 4)? {
                    Vec::new()
                } else {
                    vec![Value::new(&value)]
                };
                modifications.push(Modification { op, description, values });
            }
            if modifications.is_empty() {
                return Ok(None);
            }
            (dn, Change::Modify(modifications))
        }
    };
    let controls = if one_in(u, 20)? {
        vec![Control { oid: "1.2.3.4".to_owned(), critical: one_in(u, 2)?, value: None }]
    } else {
        Vec::new()
    };
    Ok(parse(&dn).map(|dn| ChangeRecord { dn, controls, change }))
}

impl<'a> Arbitrary<'a> for RandomChanges {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let entries = RandomDirectory::new(u, true)?;
        let mut records = Vec::new();
        for _ in 0..u.int_in_range(1..=6)? {
            records.extend(change(u, &entries)?);
        }
        let servers = [Server::OpenLdap, Server::Ds389, Server::Dsee, Server::OpenDj, Server::ActiveDirectory];
        let server = *pick(u, &servers)?;
        Ok(Self { exports: entries.to_ldif(u)?, records, server, block: u.int_in_range(1..=4096)? })
    }
}

/// Shows the texts of exports.
struct ExportTexts<'t>(&'t [Vec<u8>]);

impl fmt::Debug for ExportTexts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(at, text)| writeln!(f, "--- export {}\n{}", at + 1, String::from_utf8_lossy(text)))
    }
}

impl fmt::Debug for RandomPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}--- policy\n{}\n--- leavers\n{}\n", ExportTexts(&self.exports), self.policy, self.leavers)?;
        let Self { roster, guard, stages, orphans, as_of, later, block, ticket, .. } = self;
        write!(
            f,
            "roster {roster:?}, guard {guard:?}, stages {stages:?}, orphans {orphans}, {as_of} and {later} days later, blocks of {block}, ticket {ticket:?}"
        )
    }
}

impl fmt::Debug for RandomChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}--- changes\n{}\n", ExportTexts(&self.exports), ldif_of(&self.records))?;
        write!(f, "{:?}, blocks of {}", self.server, self.block)
    }
}
