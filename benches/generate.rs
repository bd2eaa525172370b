//! Makes a directory export of any size: Communications-style users, groups that do not grow with it, address books
//! for a fifth of the users, and a list of leavers.
//!
//! `cargo run --release --example generate -- USERS LEAVERS FOLDER`
//!
//! Seeded: the same arguments give the same bytes. The leavers, and the groups that name them, are the same whatever
//! the number of users (from 2,000 on), so that what a plan touches does not depend on what it reads.

use std::fs::File;
use std::io::{BufWriter, Result, Write};

use data_encoding::BASE64;

/// A small generator (xorshift64*): nothing here needs good random numbers, only the same ones each time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % below
    }
}

const DOMAINS: [&str; 3] = ["sesta.com", "siroe.com", "varrius.com"];
const NAMES: [&str; 8] = ["Smith", "Müller", "García", "Lee", "O'Hara", "Nguyen", "Kraus", "Rossi"];
const CLASSES: [&str; 10] = [
    "top",
    "person",
    "organizationalPerson",
    "inetOrgPerson",
    "inetUser",
    "ipUser",
    "inetMailUser",
    "inetLocalMailRecipient",
    "icsCalendarUser",
    "userPresenceProfile",
];
const GROUPS: u64 = 400;
const MEMBERS: u64 = 150;

fn pick<'a>(list: &[&'a str], number: u64) -> &'a str {
    list[usize::try_from(number).unwrap_or(0) % list.len()]
}

fn dn(user: u64) -> String {
    format!("uid=u{user:07},ou=People,o={},o=isp", pick(&DOMAINS, user))
}

/// A line, folded as `slapcat` folds, in base64 where it must be.
fn line(out: &mut impl Write, name: &str, value: &str) -> Result<()> {
    let text = if value.is_ascii() {
        format!("{name}: {value}")
    } else {
        format!("{name}:: {}", BASE64.encode(value.as_bytes()))
    };
    let (first, mut rest) = text.split_at(text.len().min(78));
    write!(out, "{first}")?;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.len().min(77));
        write!(out, "\n {part}")?;
        rest = after;
    }
    writeln!(out)
}

fn user(out: &mut impl Write, user: u64, leavers: u64, random: &mut Random) -> Result<()> {
    let name = pick(&NAMES, random.next(8));
    line(out, "dn", &dn(user))?;
    CLASSES.iter().try_for_each(|class| line(out, "objectClass", class))?;
    line(out, "uid", &format!("u{user:07}"))?;
    line(out, "cn", &format!("User{user} {name}"))?;
    line(out, "sn", name)?;
    line(out, "mail", &format!("u{user:07}@{}", pick(&DOMAINS, user)))?;
    line(out, "mailHost", &format!("mail{}.siroe.com", random.next(4)))?;
    line(out, "manager", &dn(random.next(500) + leavers))?;
    let (status, service) = if user < leavers { ("deleted", "removed") } else { ("active", "active") };
    line(out, "inetUserStatus", status)?;
    line(out, "mailUserStatus", service)?;
    line(out, "icsStatus", service)?;
    line(out, "userPassword", "{SSHA}uSRLlYBjzFxu4f2nWtXU4XoVdExKSLcSRhYbFw==")?;
    line(out, "description", &"A value that is long enough to be folded by whatever writes it. ".repeat(6))?;
    if random.next(50) == 0 {
        writeln!(out, "jpegPhoto:: {}", BASE64.encode(&vec![0xd8; 3000]))?;
    }
    writeln!(out)
}

fn group(out: &mut impl Write, group: u64, leavers: u64, random: &mut Random) -> Result<()> {
    line(out, "dn", &format!("cn=g{group:04},ou=Groups,o={},o=isp", pick(&DOMAINS, group)))?;
    line(out, "objectClass", "top")?;
    line(out, "objectClass", "groupOfUniqueNames")?;
    line(out, "cn", &format!("g{group:04}"))?;
    let owner = if group.is_multiple_of(10) { group % leavers } else { leavers + random.next(400) };
    line(out, "owner", &dn(owner))?;
    for member in 0..MEMBERS {
        let name = dn(if member == 0 { group % leavers } else { leavers + (group * 31 + member * 7) % 1800 });
        // Some are spelled otherwise than their entries.
        let spelled = if member % 17 == 0 { name.replace(',', ", ").to_uppercase() } else { name };
        line(out, "uniqueMember", &spelled)?;
    }
    writeln!(out)
}

fn book(out: &mut impl Write, user: u64) -> Result<()> {
    let root = format!("piPStoreOwner=u{user:07},o={},o=PiServerDb", pick(&DOMAINS, user));
    line(out, "dn", &root)?;
    writeln!(out, "objectClass: top\nobjectClass: piPStoreRoot\npiPStoreOwner: u{user:07}\npiDefaultAB: e{user}\n")?;
    for entry in 0..4 {
        line(out, "dn", &format!("piEntryID=e{user}x{entry},{root}"))?;
        writeln!(out, "objectClass: top\nobjectClass: piTypeBook\npiEntryID: e{user}x{entry}\npiBookType: abook")?;
        writeln!(out, "displayName: Personal Address Book\n")?;
    }
    Ok(())
}

fn organisation(out: &mut impl Write, dn: &str, name: &str) -> Result<()> {
    writeln!(out, "dn: {dn}\nobjectClass: top\nobjectClass: organization\no: {name}\n")
}

const POLICY: &str = r#"preset = "sun-comms"
[directory]
server = "openldap"
suffixes = ["o=isp", "o=PiServerDb"]
[grace]
days = 0
[limits]
reference = { count = 100000 }
owner = { count = 100000 }
delete = { count = 100000 }
address-book = { count = 100000 }
"#;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [users, leavers, folder] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: generate USERS LEAVERS FOLDER"));
    };
    let number = |text: &String| text.parse::<u64>().map_err(std::io::Error::other);
    let (users, leavers) = (number(users)?, number(leavers)?);
    std::fs::create_dir_all(folder)?;
    let create = |name: &str| File::create(format!("{folder}/{name}")).map(BufWriter::new);
    let mut random = Random(0x000f_fb0a_4d11);
    let mut out = create("export.ldif")?;
    organisation(&mut out, "o=isp", "isp")?;
    for name in DOMAINS {
        organisation(&mut out, &format!("o={name},o=isp"), name)?;
        for unit in ["People", "Groups"] {
            writeln!(out, "dn: ou={unit},o={name},o=isp\nobjectClass: organizationalUnit\nou: {unit}\n")?;
        }
    }
    (0..users).try_for_each(|number| user(&mut out, number, leavers, &mut random))?;
    (0..GROUPS).try_for_each(|number| group(&mut out, number, leavers, &mut random))?;
    out.flush()?;
    let mut out = create("address-books.ldif")?;
    organisation(&mut out, "o=PiServerDb", "PiServerDb")?;
    for name in DOMAINS {
        organisation(&mut out, &format!("o={name},o=PiServerDb"), name)?;
    }
    (0..users).filter(|number| number % 5 == 0).try_for_each(|number| book(&mut out, number))?;
    out.flush()?;
    let mut out = create("leavers.csv")?;
    writeln!(out, "id")?;
    (0..leavers).try_for_each(|number| writeln!(out, "u{number:07}@{}", pick(&DOMAINS, number)))?;
    out.flush()?;
    std::fs::write(format!("{folder}/policy.toml"), POLICY)
}
