//! Random small directories in which it is easy to hit the wrong entry, with a policy and leavers for each. The fuzz crate
//! includes this file as well.
//!
//! Every kind of directory has accounts with the same user name in two places, shared addresses and numbers, values that
//! point to other accounts, groups with members of several kinds, groups in groups, and lists of what must not be changed.
//! Names and values come from small sets, so most directories have several of these at once.

use std::fmt::Write as _;

/// Where random choices come from.
pub trait Choose {
    /// A number from 0 to `end`, without `end`.
    fn below(&mut self, end: usize) -> usize;

    /// True once in so many calls, on average.
    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// One of these.
    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T
    where
        Self: Sized,
    {
        &from[self.below(from.len())]
    }
}

/// An entry as it is written.
#[derive(Clone, Debug)]
pub struct TestEntry {
    /// Its DN.
    pub dn: String,
    /// Its attribute lines: description and value, with the values of an attribute in any places.
    pub lines: Vec<(String, String)>,
}

impl TestEntry {
    /// The values of an attribute.
    pub fn values<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e str> {
        self.lines.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether an attribute has this value, in any case.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|own| own.eq_ignore_ascii_case(value))
    }

    fn push(&mut self, name: &str, value: &str) {
        // No server stores a value twice.
        if !self.has(name, value) {
            self.lines.push((name.to_owned(), value.to_owned()));
        }
    }

    fn write(&self, out: &mut String) {
        let _ = writeln!(out, "dn: {}", self.dn);
        for (name, value) in &self.lines {
            let _ = writeln!(out, "{name}: {value}");
        }
        out.push('\n');
    }
}

/// What kind of directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// OpenLDAP: two domains below `dc=example,dc=com`.
    OpenLdap,
    /// Sun: two domains below `o=isp`, and address books below `o=PiServerDb`.
    Sun,
    /// Active Directory.
    ActiveDirectory,
}

impl Flavour {
    /// The attribute of a user name.
    pub fn user_name(self) -> &'static str {
        if self == Self::ActiveDirectory { "sAMAccountName" } else { "uid" }
    }

    /// The two places of accounts, which are two domains or, in Active Directory, two containers.
    fn domains(self) -> [&'static str; 2] {
        match self {
            Self::OpenLdap => ["dc=example,dc=com", "dc=corp,dc=example,dc=com"],
            Self::Sun => ["o=sesta.com,o=isp", "o=siroe.com,o=isp"],
            Self::ActiveDirectory => ["DC=example,DC=com", "OU=Branch,DC=example,DC=com"],
        }
    }

    /// Their mail domains.
    fn mail_domains(self) -> [&'static str; 2] {
        match self {
            Self::OpenLdap => ["example.com", "corp.example.com"],
            Self::Sun => ["sesta.com", "siroe.com"],
            Self::ActiveDirectory => ["example.com", "example.com"],
        }
    }

    fn preset(self) -> &'static str {
        match self {
            Self::OpenLdap => "openldap",
            Self::Sun => "sun-comms",
            Self::ActiveDirectory => "active-directory",
        }
    }
}

/// What no plan may change, as the policy and the veto list name it.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// `[protect] dn`.
    pub dn: Vec<String>,
    /// `[protect] subtree`.
    pub subtree: Vec<String>,
    /// Whether `[protect] filter` is `(title=protected)`.
    pub filter: bool,
    /// `[protect] group`.
    pub group: Vec<String>,
    /// `[protect] last_enabled`.
    pub last_enabled: Vec<String>,
    /// `[veto] dn`.
    pub veto_dn: Vec<String>,
    /// Whether `[veto] filter` is `(title=vetoed)`.
    pub veto_filter: bool,
    /// The veto list: user names and DNs.
    pub veto_list: Vec<String>,
}

/// A random directory, with a policy and leavers.
#[derive(Clone, Debug)]
pub struct RandomDirectory {
    /// What kind of directory it is.
    pub flavour: Flavour,
    /// The entries of each export.
    pub exports: Vec<Vec<TestEntry>>,
    /// The rows of the leaver list, without its header.
    pub leavers: Vec<String>,
    /// What no plan may change.
    pub kept: Kept,
    /// `[grace] days`.
    pub grace_days: usize,
    /// `[references] last_member`.
    pub last_member: String,
    /// Whether private groups are deleted.
    pub deletes_private_groups: bool,
    /// Whether entries below an account are deleted with it.
    pub deletes_children: bool,
    /// `[move] to`.
    pub moves_to: Option<String>,
}

/// User names: some differ in case only, in the form of a letter, or as numbers only, or look like an option.
const NAMES: [&str; 10] = ["jsmith", "jsmith", "JSmith", "ann", "annabel", "öz", "ÖZ", "o\u{308}z", "007", "-rf"];
const NUMBERS: [&str; 4] = ["1001", "1002", "01001", "1003"];
/// Attributes that hold the DN of another entry.
const POINTERS: [&str; 6] = ["manager", "secretary", "seeAlso", "owner", "memberOf", "x-boss"];

impl RandomDirectory {
    /// A directory by these choices.
    pub fn new(choose: &mut impl Choose) -> Self {
        let flavour = *choose.pick(&[Flavour::OpenLdap, Flavour::OpenLdap, Flavour::Sun, Flavour::ActiveDirectory]);
        let mut builder = Builder { flavour, entries: Vec::new(), people: Vec::new(), groups: Vec::new() };
        builder.containers();
        for _ in 0..2 + choose.below(4) {
            builder.person(choose);
        }
        for _ in 0..choose.below(4) {
            builder.group(choose);
        }
        for _ in 0..choose.below(3) {
            builder.dependent(choose);
        }
        if flavour == Flavour::Sun {
            for _ in 0..choose.below(4) {
                builder.address_book(choose);
            }
        }
        for _ in 0..choose.below(6) {
            builder.pointer(choose);
        }
        let leavers = builder.leavers(choose);
        let kept = builder.kept(choose);
        let last_member = match choose.below(5) {
            0 => "refuse".to_owned(),
            1 => "allow".to_owned(),
            2 => "successor".to_owned(),
            _ => "delete-group".to_owned(),
        };
        let disabled = format!("ou=Disabled,{}", flavour.domains()[0]);
        Self {
            flavour,
            exports: builder.exports(choose),
            leavers,
            kept,
            grace_days: if choose.one_in(4) { 30 } else { 0 },
            last_member,
            deletes_private_groups: choose.one_in(2),
            deletes_children: choose.one_in(3),
            moves_to: choose.one_in(6).then_some(disabled),
        }
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = &TestEntry> {
        self.exports.iter().flatten()
    }

    /// The exports as LDIF.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        let text = |entries: &Vec<TestEntry>| {
            let mut text = String::new();
            for entry in entries {
                entry.write(&mut text);
            }
            text.into_bytes()
        };
        self.exports.iter().map(text).collect()
    }

    /// The leaver list.
    pub fn leaver_list(&self) -> String {
        format!("id,action,successor\n{}\n", self.leavers.join("\n"))
    }

    /// The policy.
    pub fn policy(&self) -> String {
        let list = |names: &[String]| {
            // Literal strings: names have no quotes.
            let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            format!("[{}]", quoted.join(", "))
        };
        let Kept { dn, subtree, filter, group, last_enabled, veto_dn, veto_filter, veto_list: _ } = &self.kept;
        let mut text = format!("preset = {:?}\n", self.flavour.preset());
        if self.flavour == Flavour::Sun {
            text.push_str("[directory]\nserver = \"openldap\"\n");
        }
        let _ = writeln!(text, "[grace]\ndays = {}", self.grace_days);
        let private_group = if self.deletes_private_groups { "delete" } else { "review" };
        let _ = writeln!(
            text,
            "[references]\nlast_member = {:?}\nprivate_group = {private_group:?}\nreview = [\"x-boss\"]",
            self.last_member
        );
        text = text.replace("review = [\"x-boss\"]", "");
        text.push_str("[[reference]]\nattribute = \"x-boss\"\nholds = \"dn\"\nthen = \"remove\"\n");
        let _ = writeln!(text, "[children]\nother = {:?}", if self.deletes_children { "delete" } else { "hold" });
        let _ = writeln!(text, "[protect]\ndn = {}\nsubtree = {}", list(dn), list(subtree));
        let _ = writeln!(text, "group = {}\nlast_enabled = {}", list(group), list(last_enabled));
        if *filter {
            text.push_str("filter = \"(title=protected)\"\n");
        }
        let _ = writeln!(text, "[veto]\ndn = {}", list(veto_dn));
        if *veto_filter {
            text.push_str("filter = \"(title=vetoed)\"\n");
        }
        if let Some(to) = &self.moves_to {
            let _ = writeln!(text, "[move]\nto = {to:?}");
        }
        text
    }

    /// The same inputs in another order: values, attributes, entries, exports, and rows of lists.
    #[must_use]
    pub fn reordered(&self, choose: &mut impl Choose) -> Self {
        let mut other = self.clone();
        for entries in &mut other.exports {
            for entry in entries.iter_mut() {
                shuffle(&mut entry.lines, choose);
            }
            shuffle(entries, choose);
        }
        shuffle(&mut other.exports, choose);
        shuffle(&mut other.leavers, choose);
        let Kept { dn, subtree, filter: _, group, last_enabled, veto_dn, veto_filter: _, veto_list } = &mut other.kept;
        for list in [dn, subtree, group, last_enabled, veto_dn, veto_list] {
            shuffle(list, choose);
        }
        other
    }
}

fn shuffle<T>(list: &mut [T], choose: &mut impl Choose) {
    for last in (1..list.len()).rev() {
        list.swap(last, choose.below(last + 1));
    }
}

/// A person: the DN, the user name, and which of the two domains it is in.
#[derive(Clone, Debug)]
struct Person {
    dn: String,
    name: &'static str,
    domain: usize,
}

struct Builder {
    flavour: Flavour,
    entries: Vec<TestEntry>,
    people: Vec<Person>,
    groups: Vec<String>,
}

impl Builder {
    /// Adds an entry unless its name is taken. The operational attributes are those that a policy may need.
    fn add(&mut self, dn: &str, lines: &[(&str, &str)]) -> Option<&mut TestEntry> {
        if self.entries.iter().any(|entry| entry.dn.to_lowercase() == dn.to_lowercase()) {
            return None;
        }
        let mut entry = TestEntry { dn: dn.to_owned(), lines: Vec::new() };
        for (name, value) in lines {
            entry.push(name, value);
        }
        if self.flavour != Flavour::ActiveDirectory {
            entry.push("entryUUID", &format!("00000000-0000-4000-8000-{:012}", self.entries.len()));
            entry.push("modifyTimestamp", "20260101000000Z");
        }
        self.entries.push(entry);
        self.entries.last_mut()
    }

    fn containers(&mut self) {
        match self.flavour {
            Flavour::OpenLdap => {
                self.add("dc=example,dc=com", &[("objectClass", "domain"), ("dc", "example")]);
                self.add("dc=corp,dc=example,dc=com", &[("objectClass", "domain"), ("dc", "corp")]);
            }
            Flavour::Sun => {
                self.add("o=isp", &[("objectClass", "organization"), ("o", "isp")]);
                self.add("o=PiServerDb", &[("objectClass", "organization"), ("o", "PiServerDb")]);
                for domain in ["sesta.com", "siroe.com"] {
                    for suffix in ["o=isp", "o=PiServerDb"] {
                        self.add(&format!("o={domain},{suffix}"), &[("objectClass", "organization"), ("o", domain)]);
                    }
                }
            }
            Flavour::ActiveDirectory => {
                self.add("DC=example,DC=com", &[("objectClass", "domainDNS"), ("dc", "example")]);
                self.add("OU=Branch,DC=example,DC=com", &[("objectClass", "organizationalUnit"), ("ou", "Branch")]);
            }
        }
        for domain in self.flavour.domains() {
            for unit in ["People", "Groups", "Disabled"] {
                let lines = [("objectClass", "organizationalUnit"), ("ou", unit)];
                self.add(&format!("ou={unit},{domain}"), &lines);
            }
        }
    }

    fn domain(&self, choose: &mut impl Choose) -> (usize, &'static str) {
        let index = choose.below(2);
        (index, self.flavour.domains()[index])
    }

    fn person(&mut self, choose: &mut impl Choose) {
        let flavour = self.flavour;
        let (domain, place) = self.domain(choose);
        let mail_domain = flavour.mail_domains()[domain];
        let name = *choose.pick(&NAMES);
        let dn = match flavour {
            Flavour::ActiveDirectory => format!("CN={name} {domain},ou=People,{place}"),
            _ => format!("uid={name},ou=People,{place}"),
        };
        let cn = format!("{name} {domain}");
        let mut lines = vec![("cn", cn.as_str()), ("sn", "S"), (flavour.user_name(), name)];
        match flavour {
            Flavour::OpenLdap => lines.push(("objectClass", "inetOrgPerson")),
            Flavour::Sun => lines.extend([("objectClass", "inetOrgPerson"), ("objectClass", "inetUser")]),
            Flavour::ActiveDirectory => lines.extend([("objectClass", "user"), ("objectClass", "person")]),
        }
        let mail = format!("{name}@{mail_domain}");
        if !choose.one_in(4) {
            lines.push(("mail", &mail));
        }
        let shared = format!("office@{mail_domain}");
        if choose.one_in(5) {
            lines.push(("mail", &shared));
        }
        // A second user name, perhaps that of another account.
        let second = *choose.pick(&NAMES);
        if choose.one_in(6) && flavour != Flavour::ActiveDirectory {
            lines.push(("uid", second));
        }
        let number = *choose.pick(&NUMBERS);
        let group_number = *choose.pick(&NUMBERS);
        if choose.one_in(3) && flavour != Flavour::ActiveDirectory {
            let account = [("objectClass", "posixAccount"), ("uidNumber", number), ("gidNumber", group_number)];
            lines.extend(account);
            lines.push(("homeDirectory", "/home/x"));
        }
        let disabled = choose.below(5);
        match (flavour, disabled) {
            (Flavour::OpenLdap, 0) => {
                lines.extend([("pwdAccountLockedTime", "000001010000Z"), ("description", "offboarded 2026-08-01")]);
            }
            (Flavour::OpenLdap, 1) => lines.push(("pwdAccountLockedTime", "000001010000Z")),
            (Flavour::Sun, 0 | 1) => lines.push(("inetUserStatus", "deleted")),
            (Flavour::Sun, 2) => lines.extend([("inetUserStatus", "active"), ("mailUserStatus", "removed")]),
            (Flavour::Sun, _) => lines.push(("inetUserStatus", "active")),
            (Flavour::ActiveDirectory, 0) => lines.extend([("userAccountControl", "514"), ("info", "2026-01-01")]),
            (Flavour::ActiveDirectory, _) => lines.push(("userAccountControl", "512")),
            _ => {}
        }
        if choose.one_in(5) {
            lines.push(("title", *choose.pick(&["protected", "vetoed", "boss"])));
        }
        if choose.one_in(4) {
            lines.push(("employeeNumber", *choose.pick(&["7", "8", "007"])));
        }
        if self.add(&dn, &lines).is_some() {
            self.people.push(Person { dn, name, domain });
        }
    }

    /// Some person, or rarely a name that no entry has.
    fn someone(&self, choose: &mut impl Choose) -> Person {
        let person = choose.pick(&self.people).clone();
        if choose.one_in(12) { Person { dn: person.dn.replace("People", "Gone"), ..person } } else { person }
    }

    /// The DN in one of its spellings.
    fn respelled(choose: &mut impl Choose, dn: &str) -> String {
        match choose.below(6) {
            0 => dn.replace(",ou=", ", OU="),
            1 => dn.replace("People", "PEOPLE"),
            _ => dn.to_owned(),
        }
    }

    /// A value that makes someone a member, with its attribute.
    fn member(&self, choose: &mut impl Choose) -> (&'static str, String) {
        let Person { dn, name, domain } = self.someone(choose);
        let dn = Self::respelled(choose, &dn);
        match choose.below(12) {
            0..=2 => ("member", dn),
            3 | 4 => ("uniqueMember", dn),
            5 | 6 => ("memberUid", name.to_owned()),
            7 | 8 => ("mgrpRFC822MailMember", format!("{name}@{}", self.flavour.mail_domains()[domain])),
            9 => {
                let domain = self.flavour.domains()[domain];
                ("memberURL", format!("ldap:///{domain}??sub?({}={name})", self.flavour.user_name()))
            }
            10 if !self.groups.is_empty() => ("member", choose.pick(&self.groups).clone()),
            _ => ("roleOccupant", dn),
        }
    }

    fn group(&mut self, choose: &mut impl Choose) {
        let (domain, place) = self.domain(choose);
        let name = *choose.pick(&["staff", "board", "jsmith", "ann"]);
        let dn = format!("cn={name},ou=Groups,{place}");
        let mut lines = vec![("cn", name.to_owned())];
        let classes: &[&str] = match (self.flavour, choose.below(5)) {
            (Flavour::ActiveDirectory, _) => &["group"],
            (_, 0) => &["groupOfUniqueNames", "extensibleObject"],
            (_, 1 | 2) => &["posixGroup", "extensibleObject"],
            (_, 3) => &["groupOfNames", "inetMailGroup", "extensibleObject"],
            _ => &["groupOfNames", "extensibleObject"],
        };
        lines.extend(classes.iter().map(|class| ("objectClass", (*class).to_owned())));
        if classes.contains(&"posixGroup") {
            lines.push(("gidNumber", (*choose.pick(&NUMBERS)).to_owned()));
        }
        if choose.one_in(5) {
            lines.push(("mail", format!("{}@{}", choose.pick(&NAMES), self.flavour.mail_domains()[domain])));
        }
        if choose.one_in(6) {
            lines.push(("title", (*choose.pick(&["protected", "vetoed"])).to_owned()));
        }
        for _ in 0..choose.below(4) {
            lines.push(self.member(choose));
        }
        let lines: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if self.add(&dn, &lines).is_some() {
            self.groups.push(dn);
        }
    }

    /// An entry that may exist only for an account: an alias, something like one, a sudo role, or an entry below it.
    fn dependent(&mut self, choose: &mut impl Choose) {
        let (_, place) = self.domain(choose);
        let Person { dn: of, name, .. } = self.someone(choose);
        let number = choose.below(100);
        match choose.below(6) {
            0 => {
                let dn = format!("cn=alias{number},ou=Groups,{place}");
                let lines = [("objectClass", "alias"), ("objectClass", "extensibleObject"), ("aliasedObjectName", &of)];
                self.add(&dn, &lines);
            }
            1 => {
                let dn = format!("cn=like{number},ou=Groups,{place}");
                let lines =
                    [("objectClass", "device"), ("objectClass", "extensibleObject"), ("aliasedObjectName", &of)];
                self.add(&dn, &lines);
            }
            2 => {
                let user = if choose.one_in(2) { name.to_owned() } else { format!("#{}", choose.pick(&NUMBERS)) };
                let dn = format!("cn=sudo{number},ou=Groups,{place}");
                self.add(&dn, &[("objectClass", "sudoRole"), ("sudoUser", &user), ("sudoUser", "ops")]);
            }
            3 | 4 if self.entries.iter().any(|entry| entry.dn == of) => {
                let title = *choose.pick(&["protected", "vetoed", "x", "y"]);
                let dn = format!("cn=phone{number},{of}");
                self.add(&dn, &[("objectClass", "device"), ("cn", &format!("phone{number}")), ("title", title)]);
            }
            _ => {
                let dn = format!("cn=app{number},ou=Groups,{place}");
                let about = format!("owned by {name}, see {of}");
                self.add(&dn, &[("objectClass", "applicationProcess"), ("description", &about)]);
            }
        }
    }

    /// An address book, and perhaps pointers to it from anyone.
    fn address_book(&mut self, choose: &mut impl Choose) {
        let name = *choose.pick(&NAMES);
        let domain = *choose.pick(&["sesta.com", "siroe.com"]);
        let dn = format!("piPStoreOwner={name},o={domain},o=PiServerDb");
        self.add(&dn, &[("objectClass", "piTypeUser"), ("piPStoreOwner", name)]);
        let below = format!("piEntryID=e1,{dn}");
        self.add(&below, &[("objectClass", "piTypePerson"), ("piEntryID", "e1"), ("cn", "Someone else")]);
        for _ in 0..choose.below(3) {
            let person = self.someone(choose).dn;
            if let Some(entry) = self.entries.iter_mut().find(|entry| entry.dn == person) {
                entry.push("psRoot", &format!("ldap://pab.example.com:389/{dn}"));
            }
        }
    }

    /// Some value in some entry that points to a person.
    fn pointer(&mut self, choose: &mut impl Choose) {
        let Person { dn, name, domain } = self.someone(choose);
        let at = choose.below(self.entries.len());
        let (attribute, value) = match choose.below(10) {
            0 => ("mgrpErrorsTo", format!("{name}@{}", self.flavour.mail_domains()[domain])),
            1 => ("description", format!("ask {name}")),
            // Single-valued.
            2 if self.entries[at].values("aliasedObjectName").next().is_none() => ("aliasedObjectName", dn),
            _ => (*choose.pick(&POINTERS), Self::respelled(choose, &dn)),
        };
        if attribute == "memberOf" && !self.groups.is_empty() {
            let group = choose.pick(&self.groups).clone();
            self.entries[at].push("memberOf", &group);
        } else {
            self.entries[at].push(attribute, &value);
        }
        if attribute == "aliasedObjectName" && self.flavour != Flavour::ActiveDirectory {
            self.entries[at].push("objectClass", "extensibleObject");
        }
    }

    fn leavers(&self, choose: &mut impl Choose) -> Vec<String> {
        let mut rows: Vec<String> = Vec::new();
        for _ in 0..=choose.below(3) {
            let Person { dn, name, domain } = self.someone(choose);
            let identity = match choose.below(6) {
                0 => format!("\"{dn}\""),
                1 => format!("{name}@{}", self.flavour.mail_domains()[domain]),
                2 => (*choose.pick(&NAMES)).to_owned(),
                _ => name.to_owned(),
            };
            let successor = if choose.one_in(4) { format!("\"{}\"", self.someone(choose).dn) } else { String::new() };
            let action = if choose.one_in(6) { "disable" } else { "delete" };
            // A list that names an identity twice, in any spelling, is refused.
            let key = |row: &str| row.to_lowercase().replace("o\u{308}", "ö");
            if !rows.iter().any(|row| key(row).starts_with(&key(&format!("{identity},")))) {
                rows.push(format!("{identity},{action},{successor}"));
            }
        }
        rows
    }

    fn kept(&self, choose: &mut impl Choose) -> Kept {
        let mut kept = Kept { filter: choose.one_in(3), veto_filter: choose.one_in(3), ..Kept::default() };
        let entry = |choose: &mut _| Choose::pick(choose, &self.entries).dn.clone();
        if choose.one_in(6) {
            kept.dn.push(entry(choose));
        }
        if choose.one_in(10) {
            kept.subtree.push(entry(choose));
        }
        if choose.one_in(6) {
            kept.veto_dn.push(entry(choose));
        }
        if choose.one_in(4) {
            kept.veto_list.push(if choose.one_in(2) { entry(choose) } else { (*choose.pick(&NAMES)).to_owned() });
        }
        if !self.groups.is_empty() {
            if choose.one_in(6) {
                kept.group.push(choose.pick(&self.groups).clone());
            }
            if choose.one_in(5) {
                kept.last_enabled.push(choose.pick(&self.groups).clone());
            }
        }
        kept
    }

    /// The entries as one export or two.
    fn exports(self, choose: &mut impl Choose) -> Vec<Vec<TestEntry>> {
        if choose.one_in(3) {
            let at = choose.below(self.entries.len());
            let (first, second) = self.entries.split_at(at);
            return [first, second].into_iter().filter(|part| !part.is_empty()).map(<[_]>::to_vec).collect();
        }
        vec![self.entries]
    }
}
