//! Generates a directory export of any size, with the data of Sun's Communications suite.
//!
//! ```text
//! cargo run --release --example generate -- --users N --leavers N --folder DIR [--seed N] [--changed PERCENT]
//! cargo run --release --example generate -- --group MEMBERS --leavers N --folder DIR [--seed N]
//! ```
//!
//! | file | content |
//! | --- | --- |
//! | `export.ldif` | `o=isp`: three domains, users of 1.5 kB on average (2 % with photos), two groups for 100 users |
//! | `address-books.ldif` | `o=PiServerDb`: address books of every fifth user |
//! | `leavers.csv`, `policy.toml` | the leavers, and a policy under which most of them are deleted |
//! | `leavers-more.csv` | the same and others, whose accounts are disabled and moved: about 10,000 operations |
//! | `changed.ldif` | with `--changed`: a later `export.ldif`, with that share of its users changed, renamed or deleted |
//!
//! With `--group`, all users are members of one group, and have few attributes.
//!
//! The same arguments give the same bytes. There are two kinds of users. The *core* (10,000, or ten for each leaver) has
//! the leavers and everything that refers to them, with groups of up to 10,000 members, and is spread evenly over the
//! file. The number of the others depends on `--users`, and they never refer to a leaver. So from 10,000 users and with up
//! to 1,000 leavers, the entries that a plan changes do not depend on the size of the export.

use std::fs::File;
use std::io::{BufWriter, Error, Result, Write};

use data_encoding::BASE64;

/// The minimum size of the core.
const CORE: u64 = 10_000;
/// The most members of a group, except with `--group`.
const LARGEST: u64 = 20_000;
/// Of 100 changed users in `changed.ldif`, how many are deleted.
const DELETED_OF_100: u64 = 4;
/// Of 100 changed users in `changed.ldif`, how many are in another place with the same `entryUUID`.
const RENAMED_OF_100: u64 = 4;

/// A small random number generator (splitmix64): the numbers need not be good, only the same each time. Every entry has a
/// generator of its own, so that an entry does not depend on those before it.
struct Random(u64);

impl Random {
    fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut random = Self(seed ^ ((purpose as u64) << 56) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True with a chance of one in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[usize::try_from(self.below(list.len() as u64)).unwrap_or(0)]
    }
}

/// What a generator is for.
#[derive(Clone, Copy)]
enum Purpose {
    User = 1,
    Name,
    Photo,
    Group,
    Book,
    Change,
}

/// The state in which a user is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UserState {
    /// As in `export.ldif`.
    Original,
    /// With some values changed.
    Changed,
    /// With some values changed, in another place.
    Renamed,
}

const DOMAINS: [&str; 3] = ["sesta.com", "siroe.com", "varrius.com"];
const GIVEN: [&str; 10] = ["Anna", "Jürgen", "José", "Kim", "Patrick", "Thị Lan", "Ravi", "Zoë", "John", "Maria"];
const SURNAMES: [&str; 10] =
    ["Smith", "Müller", "García", "Lee", "O'Hara", "Nguyễn", "Kraus", "Rossi", "van der Berg", "Иванов"];
const CITIES: [&str; 6] = ["Santa Clara", "Grenoble", "München", "Bengaluru", "São Paulo", "Broomfield"];
const CLASSES: [&str; 15] = [
    "top",
    "person",
    "organizationalPerson",
    "inetOrgPerson",
    "inetUser",
    "ipUser",
    "inetMailUser",
    "inetLocalMailRecipient",
    "icsCalendarUser",
    "inetSubscriber",
    "userPresenceProfile",
    "iPlanetPreferences",
    "iplanet-am-managed-person",
    "iplanet-am-user-service",
    "inetAdmin",
];

fn domain(user: u64) -> &'static str {
    DOMAINS[usize::try_from(user % 3).unwrap_or(0)]
}

/// A writer for LDIF as servers write it: folded, and in base64 where necessary.
struct Ldif {
    out: BufWriter<File>,
    /// The longest line, in bytes.
    width: usize,
    line: Vec<u8>,
}

impl Ldif {
    fn create(folder: &str, name: &str, width: usize) -> Result<Self> {
        let out = BufWriter::with_capacity(1 << 18, File::create(format!("{folder}/{name}"))?);
        Ok(Self { out, width, line: Vec::new() })
    }

    fn value(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let value = value.as_ref();
        let plain = value.iter().all(|byte| (b' '..=b'~').contains(byte));
        if plain && !matches!(value.first(), Some(b' ' | b':' | b'<')) && value.last() != Some(&b' ') {
            self.line.clear();
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b": ");
            self.line.extend_from_slice(value);
            self.fold()
        } else {
            self.base64(name, value)
        }
    }

    fn base64(&mut self, name: &str, value: &[u8]) -> Result<()> {
        self.line.clear();
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b":: ");
        let start = self.line.len();
        self.line.resize(start + BASE64.encode_len(value.len()), 0);
        BASE64.encode_mut(value, &mut self.line[start..]);
        self.fold()
    }

    fn fold(&mut self) -> Result<()> {
        let (first, rest) = self.line.split_at(self.line.len().min(self.width));
        self.out.write_all(first)?;
        for part in rest.chunks(self.width - 1) {
            self.out.write_all(b"\n ")?;
            self.out.write_all(part)?;
        }
        self.out.write_all(b"\n")
    }

    /// Writes complete lines.
    fn text(&mut self, lines: &str) -> Result<()> {
        self.out.write_all(lines.as_bytes())
    }

    /// Writes a value that is a DN, some of them in base64 without need.
    fn name(&mut self, attribute: &str, name: &str, random: &mut Random) -> Result<()> {
        if random.once_in(200) { self.base64(attribute, name.as_bytes()) } else { self.value(attribute, name) }
    }
}

/// The directory to generate.
struct Directory {
    seed: u64,
    users: u64,
    core: u64,
    leavers: u64,
    /// One of so many users in the core is a leaver.
    stride: u64,
    /// All users are members of one group, and have few attributes.
    one_group: bool,
}

impl Directory {
    fn new(arguments: &Arguments) -> Result<Self> {
        let (users, one_group) = match arguments.group {
            Some(members) => (members, true),
            None => (arguments.users, false),
        };
        let leavers = arguments.leavers.max(1);
        let core = if one_group { users } else { CORE.max(leavers * 10).min(users) };
        let stride = core / leavers;
        if stride < 2 {
            return Err(Error::other("at most every second user can be a leaver"));
        }
        Ok(Self { seed: arguments.seed, users, core, leavers, stride, one_group })
    }

    /// The user with the number `number` among the leavers.
    fn leaver(&self, number: u64) -> u64 {
        number * self.stride
    }

    fn is_leaver(&self, user: u64) -> bool {
        user < self.core && user.is_multiple_of(self.stride) && user / self.stride < self.leavers
    }

    /// A user of the core who is not a leaver.
    fn remaining_user(&self, number: u64) -> u64 {
        let per_leaver = self.stride - 1;
        let number = number % (self.leavers * per_leaver);
        number / per_leaver * self.stride + 1 + number % per_leaver
    }

    /// The users in the order of the file, with the core spread evenly over it.
    fn order(&self) -> impl Iterator<Item = u64> {
        let (step, core) = (self.users / self.core, self.core);
        let mut others = core..;
        (0..self.users).map(move |place| match place / step {
            number if place.is_multiple_of(step) && number < core => number,
            _ => others.next().unwrap_or(0),
        })
    }

    /// `givenName` and `sn` of a user.
    fn names(&self, user: u64) -> (&'static str, &'static str) {
        let mut random = Random::new(self.seed, Purpose::Name, user);
        (random.pick(&GIVEN), random.pick(&SURNAMES))
    }

    /// One of 200 users has an RDN of two AVAs, one of them with a comma in its value.
    fn has_two_avas(&self, user: u64) -> bool {
        !self.one_group && user % 200 == 110
    }

    /// The DN of a user, as the export spells it.
    fn dn(&self, user: u64) -> String {
        let rest = domain(user);
        if self.has_two_avas(user) {
            let (given, surname) = self.names(user);
            return format!(r"cn={surname}\2C {given} {user}+uid=u{user:07},ou=People,o={rest},o=isp");
        }
        format!("uid=u{user:07},ou=People,o={rest},o=isp")
    }

    /// The DN of a user as other entries spell it, which is sometimes different.
    fn reference_to(&self, user: u64, random: &mut Random) -> String {
        let dn = self.dn(user);
        if self.has_two_avas(user) {
            let (given, surname) = self.names(user);
            let rest = format!("ou=People,o={},o=isp", domain(user));
            return match random.below(3) {
                0 => dn,
                1 => format!(r"uid=u{user:07}+cn={surname}\, {given} {user},{rest}"),
                _ => format!(r#"UID=u{user:07} + CN="{surname}, {given} {user}",{rest}"#),
            };
        }
        match random.below(400) {
            0 => dn.to_uppercase(),
            1..=3 => dn.replace(',', ", "),
            4 => dn.replacen("uid=", "userid=", 1),
            5 => dn.replacen("uid=", "0.9.2342.19200300.100.1.1=", 1),
            6 => dn.replacen("uid=u", r"uid=\75", 1),
            7 => dn.replacen("o=isp", r"o=\69\73\70", 1),
            8 => dn.replacen(&format!("u{user:07}"), &format!("\"u{user:07}\""), 1),
            9 => dn.replace('=', " = "),
            10 => dn.replacen("ou=People", "OU=people", 1),
            _ => dn,
        }
    }

    fn user(&self, out: &mut Ldif, user: u64, state: UserState) -> Result<()> {
        let is_changed = state != UserState::Original;
        let mut random = Random::new(self.seed, Purpose::User, user);
        let (given, surname) = self.names(user);
        let mut dn = self.dn(user);
        if state == UserState::Renamed {
            dn = dn.replacen("ou=People", "ou=Groups", 1);
        }
        out.name("dn", &dn, &mut random)?;
        if self.one_group {
            out.text("objectClass: top\nobjectClass: inetOrgPerson\nobjectClass: inetUser\n")?;
        } else {
            CLASSES.iter().try_for_each(|class| out.text(&format!("objectClass: {class}\n")))?;
        }
        out.text(&format!("uid: u{user:07}\n"))?;
        if self.has_two_avas(user) {
            out.value("cn", format!("{surname}, {given} {user}"))?;
        }
        out.value("cn", format!("{given} {surname}"))?;
        out.value("sn", surname)?;
        self.statuses(out, user)?;
        if self.one_group {
            return out.text("\n");
        }
        out.value("givenName", given)?;
        out.value("displayName", format!("{surname}, {given}"))?;
        self.services(out, user, is_changed, &mut random)?;
        self.references(out, user, &mut random)?;
        out.text(&format!("employeeNumber: {}\n", 100_000 + user))?;
        out.value("telephoneNumber", format!("+1 408 555 {:04}", random.below(10_000) + u64::from(is_changed)))?;
        out.value("l", random.pick(&CITIES))?;
        let mut hash = [0; 28];
        hash.fill_with(|| random.next().to_le_bytes()[0]);
        out.text(&format!("userPassword: {{SSHA}}{}\n", BASE64.encode(&hash)))?;
        let about = "Works on what is long enough to be folded by whatever writes it, and says so. ";
        out.value("description", about.repeat(usize::try_from(random.below(2)).unwrap_or(0) + 1).trim_end())?;
        if random.once_in(50) {
            self.photo(out, user)?;
        }
        let [high, low] = [random.next(), random.next()];
        let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
        let (fourth, fifth) = (low >> 48, low & 0xffff_ffff_ffff);
        out.text(&format!("entryUUID: {first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}\n"))?;
        out.text("modifyTimestamp: 20250917181102Z\n\n")
    }

    /// The service states. Of twenty leavers, eighteen can be deleted, one is not disabled yet, and one still has a
    /// calendar.
    fn statuses(&self, out: &mut Ldif, user: u64) -> Result<()> {
        let (account, mail, calendar) = match (self.is_leaver(user), user / self.stride % 20) {
            (true, 7) if !self.one_group => ("deleted", "removed", "deleted"),
            (true, 3) if !self.one_group => ("active", "active", "active"),
            (true, _) => ("deleted", "removed", "removed"),
            (false, _) => ("active", "active", "active"),
        };
        out.text(&format!("inetUserStatus: {account}\nmailUserStatus: {mail}\nicsStatus: {calendar}\n"))
    }

    fn services(&self, out: &mut Ldif, user: u64, is_changed: bool, random: &mut Random) -> Result<()> {
        let domain = domain(user);
        out.text(&format!("mail: u{user:07}@{domain}\n"))?;
        out.text(&format!("mailHost: mail{}.siroe.com\n", random.below(4) + 4 * u64::from(is_changed)))?;
        out.text("mailDeliveryOption: mailbox\nmailQuota: -1\n")?;
        if random.once_in(4) {
            let (given, surname) = self.names(user);
            let (given, surname) = (given.replace(|sign: char| !sign.is_ascii_alphabetic(), ""), surname.len());
            out.text(&format!("mailAlternateAddress: {given}.{surname}.{user}@{domain}\n"))?;
        }
        out.text(&format!("icsCalendar: u{user:07}@{domain}\nicsFirstDay: 2\nicsTimezone: America/Denver\n"))?;
        out.text("iplanet-am-modifiable-by: cn=Top-level Admin Role,o=isp\n")?;
        out.text("iplanet-am-user-login-status: Active\npreferredLanguage: en\n")?;
        if self.has_book(user) {
            let root = format!("ldap://books.siroe.com:389/piPStoreOwner=u{user:07},o={domain},o=PiServerDb");
            out.value("psRoot", root)?;
        }
        Ok(())
    }

    /// References to other users. Only users in the core refer to leavers.
    fn references(&self, out: &mut Ldif, user: u64, random: &mut Random) -> Result<()> {
        let in_core = user < self.core && !self.is_leaver(user);
        let reference = |random: &mut Random, leaver_once_in| {
            let number = random.next();
            let target = if in_core && random.once_in(leaver_once_in) {
                self.leaver(number % self.leavers)
            } else if user >= self.core && self.users > self.core {
                self.core + number % (self.users - self.core)
            } else {
                self.remaining_user(number)
            };
            self.reference_to(target, random)
        };
        let manager = reference(random, 20);
        out.name("manager", &manager, random)?;
        if random.once_in(20) {
            let secretary = reference(random, 10);
            out.name("secretary", &secretary, random)?;
        }
        if random.once_in(50) {
            let other = reference(random, 5);
            out.name("seeAlso", &other, random)?;
        }
        Ok(())
    }

    /// Writes a photo of several kilobytes that cannot be compressed.
    fn photo(&self, out: &mut Ldif, user: u64) -> Result<()> {
        let mut random = Random::new(self.seed, Purpose::Photo, user);
        let size = usize::try_from(random.below(8_000)).unwrap_or(0) + 1_500;
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
        while bytes.len() < size {
            bytes.extend_from_slice(&random.next().to_le_bytes());
        }
        out.base64("jpegPhoto", &bytes)
    }

    /// Writes groups of the users from `first` on. Sizes follow Zipf's law: the second group has half as many members as the
    /// first, the third a third, and so on.
    fn groups(&self, out: &mut Ldif, first: u64, users: u64, kind: &str) -> Result<()> {
        let largest = CORE.min(users).max(users / 4);
        (0..users / 50).try_for_each(|number| {
            let size = (largest / (number + 1)).clamp(1, LARGEST);
            self.group(out, &format!("{kind}{number:05}"), number, first..first + users, size)
        })
    }

    fn group(&self, out: &mut Ldif, cn: &str, number: u64, pool: std::ops::Range<u64>, size: u64) -> Result<()> {
        let mut random = Random::new(self.seed, Purpose::Group, pool.start + number);
        out.value("dn", format!("cn={cn},ou=Groups,o={},o=isp", domain(number)))?;
        out.text("objectClass: top\nobjectClass: groupOfUniqueNames\n")?;
        out.text(&format!("cn: {cn}\n"))?;
        let users = pool.end - pool.start;
        let owner = match pool.start {
            0 if number % 10 == 3 => self.leaver(number % self.leavers),
            0 => self.remaining_user(random.next()),
            start => start + random.below(users),
        };
        let owner = self.reference_to(owner, &mut random);
        out.name("owner", &owner, &mut random)?;
        // A step that has no factor in common with the number of users reaches every user once. The first member is not a
        // leaver, so that no group becomes empty.
        let step = [7919, 104_729, 1].into_iter().find(|step| !users.is_multiple_of(*step)).unwrap_or(1);
        let mut member = random.below(users);
        while self.is_leaver(pool.start + member) {
            member = (member + 1) % users;
        }
        for _ in 0..size {
            let name = self.reference_to(pool.start + member, &mut random);
            out.name("uniqueMember", &name, &mut random)?;
            member = (member + step) % users;
        }
        out.text("\n")
    }

    fn has_book(&self, user: u64) -> bool {
        Random::new(self.seed, Purpose::Book, user).once_in(5)
    }

    fn book(&self, out: &mut Ldif, user: u64) -> Result<()> {
        let mut random = Random::new(self.seed, Purpose::Book, !user);
        let root = format!("piPStoreOwner=u{user:07},o={},o=PiServerDb", domain(user));
        let id = format!("e{:08x}{user:05x}", random.next() >> 32);
        out.value("dn", &root)?;
        out.text("objectClass: top\nobjectClass: piPStoreRoot\n")?;
        out.text(&format!("piPStoreOwner: u{user:07}\npiDefaultAB: {id}\nlastPurgeDate: 20060217T074523Z\n\n"))?;
        // Communications Express writes a space there in the DNs of entries below the root.
        let root = root.replace(",o=PiServerDb", ", o=PiServerDb");
        out.value("dn", format!("piEntryID={id},{root}"))?;
        out.text(&format!("displayName: Personal Address Book\nobjectClass: PITYPEBOOK\npiEntryID: {id}\n"))?;
        out.text("objectClass: piLocalBook\nobjectClass: top\npiBookType: abook\n\n")?;
        for number in 0..random.below(4) {
            let (given, surname) = (random.pick(&GIVEN), random.pick(&SURNAMES));
            out.value("dn", format!("piEntryID={id}x{number},{root}"))?;
            out.value("displayName", format!("{given} {surname}"))?;
            out.text("objectClass: PITYPEPERSON\nobjectClass: piEntry\nobjectClass: top\n")?;
            out.text(&format!("piEntryID: {id}x{number}\nmemberOfPIBook: {id}\n"))?;
            out.text(&format!("piEmail1: friend{}@example.com\n\n", random.below(1_000_000)))?;
        }
        Ok(())
    }

    fn export(&self, folder: &str) -> Result<()> {
        let mut out = Ldif::create(folder, "export.ldif", 78)?;
        isp(&mut out)?;
        self.order().try_for_each(|user| self.user(&mut out, user, UserState::Original))?;
        self.all_groups(&mut out)?;
        out.out.flush()
    }

    fn all_groups(&self, out: &mut Ldif) -> Result<()> {
        if self.one_group {
            return self.group(out, "everybody", 0, 0..self.users, self.users);
        }
        self.groups(out, 0, self.core, "c")?;
        self.groups(out, self.core, self.users - self.core, "g")
    }

    /// Writes the same directory at a later time.
    fn changed(&self, folder: &str, percent: u64) -> Result<()> {
        let mut out = Ldif::create(folder, "changed.ldif", 76)?;
        isp(&mut out)?;
        for user in self.order() {
            let mut random = Random::new(self.seed, Purpose::Change, user);
            if random.below(100) >= percent {
                self.user(&mut out, user, UserState::Original)?;
                continue;
            }
            match random.below(100) {
                kind if kind < DELETED_OF_100 => {}
                kind if kind < DELETED_OF_100 + RENAMED_OF_100 => self.user(&mut out, user, UserState::Renamed)?,
                _ => self.user(&mut out, user, UserState::Changed)?,
            }
        }
        self.all_groups(&mut out)?;
        out.out.flush()
    }

    fn address_books(&self, folder: &str) -> Result<()> {
        let mut out = Ldif::create(folder, "address-books.ldif", 77)?;
        organisation(&mut out, "o=PiServerDb", "PiServerDb")?;
        for name in DOMAINS {
            organisation(&mut out, &format!("o={name},o=PiServerDb"), name)?;
        }
        if !self.one_group {
            self.order().filter(|user| self.has_book(*user)).try_for_each(|user| self.book(&mut out, user))?;
        }
        out.out.flush()
    }

    fn lists(&self, folder: &str, more: u64) -> Result<()> {
        let leavers = || (0..self.leavers).map(|number| self.leaver(number));
        let others = (0..more.min(self.leavers * (self.stride - 1))).map(|number| self.remaining_user(number));
        list(folder, "leavers.csv", leavers())?;
        list(folder, "leavers-more.csv", leavers().chain(others))
    }
}

fn list(folder: &str, name: &str, mut users: impl Iterator<Item = u64>) -> Result<()> {
    let mut out = BufWriter::new(File::create(format!("{folder}/{name}"))?);
    writeln!(out, "id")?;
    users.try_for_each(|user| writeln!(out, "u{user:07}@{}", domain(user)))?;
    out.flush()
}

fn isp(out: &mut Ldif) -> Result<()> {
    organisation(out, "o=isp", "isp")?;
    out.text("dn: cn=Top-level Admin Role,o=isp\nobjectClass: top\nobjectClass: organizationalRole\n")?;
    out.text("cn: Top-level Admin Role\n\ndn: ou=Disabled,o=isp\nobjectClass: organizationalUnit\nou: Disabled\n\n")?;
    DOMAINS.iter().try_for_each(|name| {
        organisation(out, &format!("o={name},o=isp"), name)?;
        ["People", "Groups"].iter().try_for_each(|unit| {
            out.text(&format!("dn: ou={unit},o={name},o=isp\nobjectClass: organizationalUnit\nou: {unit}\n\n"))
        })
    })
}

fn organisation(out: &mut Ldif, dn: &str, name: &str) -> Result<()> {
    out.text(&format!("dn: {dn}\nobjectClass: top\nobjectClass: organization\no: {name}\n\n"))
}

/// With limits that are never exceeded, and a fallback successor who is not a leaver.
const POLICY: &str = r#"preset = "sun-comms"

[directory]
server = "openldap"
suffixes = ["o=isp", "o=PiServerDb"]

[move]
to = "ou=Disabled,o=isp"
references = "rewrite"

[grace]
days = 0

[successor]
fallback = "uid=u0000001,ou=People,o=siroe.com,o=isp"

[limits]
disable = { count = 1000000 }
move = { count = 1000000 }
reference = { count = 10000000 }
owner = { count = 1000000 }
service = { count = 1000000 }
address-book = { count = 1000000 }
delete = { count = 1000000 }
members = { percent = 100 }
"#;

struct Arguments {
    users: u64,
    leavers: u64,
    folder: String,
    seed: u64,
    changed: Option<u64>,
    group: Option<u64>,
}

impl Arguments {
    fn parse() -> Result<Self> {
        let mut parsed =
            Self { users: 10_000, leavers: 1_000, folder: String::new(), seed: 1, changed: None, group: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| Error::other(format!("{word} takes a value")))?;
            let number = || value.parse::<u64>().map_err(|_| Error::other(format!("{word} takes a number")));
            match word.as_str() {
                "--users" => parsed.users = number()?,
                "--leavers" => parsed.leavers = number()?,
                "--seed" => parsed.seed = number()?,
                "--changed" => parsed.changed = Some(number()?),
                "--group" => parsed.group = Some(number()?),
                "--folder" => parsed.folder = value,
                _ => return Err(Error::other(format!("unknown option {word}"))),
            }
        }
        if parsed.folder.is_empty() { Err(Error::other("--folder DIR is missing")) } else { Ok(parsed) }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse()?;
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)?;
    let directory = Directory::new(&arguments)?;
    directory.export(folder)?;
    directory.address_books(folder)?;
    directory.lists(folder, 2_150)?;
    if let Some(percent) = arguments.changed {
        directory.changed(folder, percent)?;
    }
    std::fs::write(format!("{folder}/policy.toml"), POLICY)
}
