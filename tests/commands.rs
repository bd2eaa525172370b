//! Which user a command of another system names: the account's own uid in any order of its values, or the account is held.

use std::path::Path;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr};

const TREE: &str = "\
dn: o=isp
objectClass: organization
o: isp

dn: o=mill.example,o=isp
objectClass: organization
o: mill.example

dn: o=dam.example,o=isp
objectClass: organization
o: dam.example

dn: ou=People,o=mill.example,o=isp
objectClass: organizationalUnit
ou: People

dn: ou=Staff,o=mill.example,o=isp
objectClass: organizationalUnit
ou: Staff

dn: ou=Out,o=isp
objectClass: organizationalUnit
ou: Out

";

const MAIL: &str = "objectClass: inetMailUser\nmailHost: m\nmailUserStatus: active";
const LEFT: &str = "inetUserStatus: deleted\nicsStatus: removed\nmailUserStatus: removed";

/// An entry with this name and these lines.
fn account(dn: &str, lines: &str) -> String {
    format!("dn: {dn},o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\ncn: c\nsn: s\n{lines}\n\n")
}

fn tools(tools: &str, more: &str) -> String {
    format!(
        "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\ntools = \"{tools}\"\n[grace]\ndays = 0\n{more}"
    )
}

/// The step of the only account, its reason, and the commands for it.
fn planned(place: &Path, export: &str, leaver: &str, policy: &str) -> (String, String, Vec<String>) {
    std::fs::write(place.join("export.ldif"), export).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command
        .args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-u", leaver, "-p"])
        .arg(place.join("policy.toml"));
    let output = command.arg("-o").arg(place.join("set")).arg(place.join("export.ldif")).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}\n{export}", stderr(&output));
    let view: Value = serde_json::from_slice(&std::fs::read(place.join("set/plan.json")).unwrap()).unwrap();
    let text = |key: &str| view["accounts"][0][key].as_str().unwrap().to_owned();
    let commands = view["external_commands"].as_array().unwrap().iter();
    let commands = commands.map(|command| command["command"].as_str().unwrap().to_owned()).collect();
    (text("step"), text("why"), commands)
}

#[test]
fn the_uid_of_a_command() {
    let place = tempfile::tempdir().unwrap();
    let calendar = "[service.calendar]\nrelease = \"with-entry\"\n";
    let other = account("uid=f1,ou=People,o=mill.example", "uid: f1");
    for (name, uids, expected) in [
        ("uid=lena", ["lena", "f1"], Ok("csuser delete lena")),
        ("uid=Lena", ["lena", "f1"], Ok("csuser delete lena")),
        ("cn=c+uid=lena", ["lena", "f1"], Ok("csuser delete lena")),
        ("cn=c", ["lena", "LENA"], Ok("csuser delete LENA")),
        ("cn=c", ["lena", "f1"], Err("several values of uid")),
        ("uid=lena+uid=f1", ["lena", "f1"], Err("several values of uid")),
        ("uid=f1,ou=Staff", ["f1", "lena"], Err("uid=f1,ou=People,o=mill.example,o=isp has the same uid")),
    ] {
        for uids in [uids, [uids[1], uids[0]]] {
            let own =
                account(&format!("{name},o=mill.example"), &format!("uid: {}\nuid: {}\n{LEFT}", uids[0], uids[1]));
            let leaver = format!("{name},o=mill.example,o=isp");
            for export in [format!("{TREE}{own}{other}"), format!("{TREE}{other}{own}")] {
                let (step, why, commands) = planned(place.path(), &export, &leaver, &tools("csuser", calendar));
                match expected {
                    Ok(command) => {
                        assert_eq!((step.as_str(), commands), ("delete", vec![command.to_owned()]), "{name}");
                    }
                    Err(part) => {
                        assert_eq!((step.as_str(), commands), ("hold", Vec::new()), "{name} {why}");
                        assert!(why.contains(part), "{name}: {why}");
                    }
                }
            }
        }
    }
}

/// A command would take such a value for an option, a pattern, a path or another domain.
#[test]
fn words_that_mean_something_else() {
    let place = tempfile::tempdir().unwrap();
    let messaging = "preset = \"messaging-5\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n".to_owned();
    for uid in ["-f", "*", "a?b", "a[b]", "a%b", "../root", "a/b", "a\\\\b", ".", "a@dam.example"] {
        let dn_uid = uid.replace("\\\\", "\\5c");
        let own = |lines: &str| {
            account(&format!("uid={dn_uid},o=mill.example"), &format!("uid: {}\n{lines}", uid.replace("\\\\", "\\")))
        };
        let leaver = format!("uid={dn_uid},o=mill.example,o=isp");
        for (policy, lines) in [
            (tools("csuser", "[service.calendar]\nrelease = \"with-entry\"\n"), LEFT),
            (tools("delegated-administrator", ""), MAIL),
            (
                messaging.clone(),
                "objectClass: inetMailUser\nmailHost: m\ninetUserStatus: deleted\nmailUserStatus: deleted",
            ),
        ] {
            let export = format!("{TREE}{}", own(lines));
            let (step, why, commands) = planned(place.path(), &export, &leaver, &policy);
            assert_eq!((step.as_str(), commands.len()), ("hold", 0), "{uid} {why} {commands:?}");
            assert!(why.contains("has another meaning in a command"), "{uid} {why}");
        }
    }
    for (domain, host) in [("*", "m"), ("-d", "m"), ("a b/c", "m"), ("mill.example", "-oX=y"), ("mill.example", "*")] {
        let lines = format!(
            "objectClass: inetMailUser\nuid: lena\nmailHost: {host}\ninetUserStatus: deleted\nmailUserStatus: deleted"
        );
        let parents = [
            "dn: o=top,o=isp\nobjectClass: organization\no: top\n\n".to_owned(),
            format!("dn: o={domain},o=top,o=isp\nobjectClass: organization\no: {domain}\n\n"),
        ];
        let export = format!("{TREE}{}{}", parents.concat(), account(&format!("uid=lena,o={domain},o=top"), &lines));
        let leaver = format!("uid=lena,o={domain},o=top,o=isp");
        let (step, why, commands) = planned(place.path(), &export, &leaver, &tools("ldap", ""));
        assert_eq!((step.as_str(), commands.len()), ("hold", 0), "{domain} {host} {why} {commands:?}");
    }
}

#[test]
fn the_domain_of_a_command() {
    let place = tempfile::tempdir().unwrap();
    let admin = tools("delegated-administrator", "[move]\nto = \"ou=Out,o=isp\"\n");
    let lena = |place: &str, lines: &str| account(&format!("uid=lena,{place}"), &format!("uid: lena\n{lines}"));
    // The same user name in another domain is another user.
    let export = format!("{TREE}{}{}", lena("o=mill.example", MAIL), lena("o=dam.example", MAIL));
    let (step, why, commands) = planned(place.path(), &export, "uid=lena,o=mill.example,o=isp", &admin);
    assert_eq!(step, "disable", "{why}");
    assert!(
        commands.contains(&"commadmin user delete -D ADMIN -n ADMIN_DOMAIN -d mill.example -l lena".to_owned()),
        "{commands:?}"
    );
    // In the same domain, or in the container of moved accounts, it may be meant.
    for other in ["ou=Staff,o=mill.example", "ou=Out"] {
        let export = format!("{TREE}{}{}", lena("o=mill.example", MAIL), lena(other, MAIL));
        let (step, why, commands) = planned(place.path(), &export, "uid=lena,o=mill.example,o=isp", &admin);
        assert_eq!((step.as_str(), commands.len()), ("hold", 0), "{other} {why}");
        assert!(why.contains(&format!("uid=lena,{other},o=isp has the same uid")), "{why}");
    }
    // An organisation may have another domain than its name.
    for (preferred, expected) in [
        (&["acme.example"][..], Ok("acme.example")),
        (&[], Err("is not named like a domain")),
        (&["acme.example", "acme2.example"], Err("several values of sunPreferredDomain")),
    ] {
        let preferred: String = preferred.iter().flat_map(|name| ["sunPreferredDomain: ", name, "\n"]).collect();
        let acme = format!(
            "dn: o=Acme Inc,o=isp\nobjectClass: organization\nobjectClass: sunManagedOrganization\no: Acme Inc\n{preferred}\n"
        );
        let export = format!("{TREE}{acme}{}", lena("o=Acme Inc", MAIL));
        let (step, why, commands) = planned(place.path(), &export, "lena", &admin);
        match expected {
            Ok(domain) => {
                let command = format!("commadmin user delete -D ADMIN -n ADMIN_DOMAIN -d {domain} -l lena");
                assert!(step == "disable" && commands.contains(&command), "{why} {commands:?}");
            }
            Err(part) => assert!(step == "hold" && commands.is_empty() && why.contains(part), "{why} {commands:?}"),
        }
    }
    // Nothing shows where the account was before it was moved: `-d isp` would be another domain.
    let export = format!("{TREE}{}", lena("ou=Out", LEFT));
    let (step, why, commands) = planned(place.path(), &export, "lena", &admin);
    assert_eq!((step.as_str(), commands.len()), ("hold", 0), "{why}");
    assert!(why.contains("the account was moved"), "{why}");
}
