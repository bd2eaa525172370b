//! Attributes that are recognised as secrets by their names or by the schema: no output shows their values, except rollback
//! files; and names that only look like those of secrets.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use crate::support::{AS_OF, Random, cases, files, offboard, stderr, stdout};

/// A part of every secret value.
const CORE: &str = "Gx4hiddenV7";

const POLICY: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n[limits]\ndelete = { count = 9, percent = 100 }\n\
    disable = { count = 9, percent = 100 }\n";

/// Attributes of products, from their schema.
const PRODUCTS: [&str; 40] = [
    "userPKCS12",
    "userPKCS12;binary",
    "unixUserPassword",
    "msSFU30Password",
    "krb5Key",
    "nisSecretkey",
    "msFVE-RecoveryPassword",
    "msFVE-KeyPackage",
    "msDS-ManagedPassword",
    "pwmResponseSet",
    "pwmOtpSecret",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "msLAPS-EncryptedPasswordHistory",
    "msLAPS-EncryptedDSRMPassword",
    "ms-Mcs-AdmPwd",
    "krbPrincipalKey",
    "krbExtraData",
    "krbMKey",
    "ipaNTHash",
    "ipatokenOTPkey",
    "ipaVaultSalt",
    "ipaNTTrustAuthOutgoing",
    "nspmPassword",
    "nspmDistributionPassword",
    "sasLoginSecret",
    "radiusTunnelPassword",
    "iplanet-am-user-password-reset-question-answer",
    "nsSymmetricKey",
    "nsDS5ReplicaCredentials",
    "sambaNTPassword",
    "sambaClearTextPassword",
    "lmPassword",
    "zimbraAuthTokens",
    "zimbraPreAuthKey",
    "zimbraTwoFactorAuthScratchCodes",
    "1.2.840.113556.1.4.90",
];

/// A made-up name with a word of secrets.
fn random_name(random: &mut Random) -> String {
    let before = ["acme", "x-", "portal", "my", "vpn-", "app2"];
    let words =
        ["Password", "passwd", "PWD", "Secret", "Passphrase", "credential", "PrivateKey", "apiKey", "AuthToken"];
    let after = ["", "", "-hash", "History", "Backup", "Value", "Text"];
    let key = ["MasterKey", "sharedKeys", "SigningKey"];
    let name = if random.one_in(5) {
        format!("{}{}", random.pick(&before), random.pick(&key))
    } else {
        format!("{}{}{}", random.pick(&before), random.pick(&words), random.pick(&after))
    };
    // A key with a suffix says something else.
    let name = name.replace("apiKeyText", "apiKey").replace("apiKeyValue", "apiKey").replace("apiKeyBackup", "apiKey");
    let name = name.replace("apiKeyHistory", "apiKey").replace("apiKey-hash", "apiKey");
    if random.one_in(4) { format!("{name};x-opt") } else { name }
}

fn entry(name: &str, lines: &str) -> String {
    format!(
        "dn: uid={name},o=vault\nobjectClass: inetOrgPerson\nobjectClass: extensibleObject\nuid: {name}\ncn: {name}\n\
         sn: S\nentryUUID: {name}\n{lines}\n"
    )
}

/// An export of a leaver and another account with these lines.
fn export(lines: &str) -> String {
    let top = "dn: o=vault\nobjectClass: organization\no: vault\n\n";
    format!("{top}{}{}", entry("lea", lines), entry("max", &format!("{lines}seeAlso: uid=lea,o=vault\n")))
}

fn run(place: &Path, words: &str) -> Output {
    offboard().current_dir(place).args(words.split(' ')).output().unwrap()
}

/// Runs every command that shows entries; each output with its name.
fn outputs(place: &Path) -> Vec<(String, Vec<u8>)> {
    let mut shown = Vec::new();
    let after = "after.ldif";
    let _ = std::fs::remove_file(place.join(after));
    for words in [
        format!("plan --verbose --force --as-of {AS_OF} -p policy.toml -u lea -o set export.ldif"),
        format!("plan --force --as-of {AS_OF} -p policy.toml -u lea --json -o set2 export.ldif"),
        format!("plan --as-of {AS_OF} -p policy.toml -u lea --stdout export.ldif"),
        format!("explain --as-of {AS_OF} -p policy.toml lea export.ldif"),
        format!("audit --as-of {AS_OF} -p policy.toml export.ldif"),
        "verify set export.ldif".to_owned(),
        format!("simulate --export export.ldif set -o {after}"),
        format!("diff --format unified export.ldif {after}"),
        "search (objectClass=*) export.ldif".to_owned(),
        "search --format jsonl (objectClass=*) export.ldif".to_owned(),
        "lint export.ldif".to_owned(),
    ] {
        let output = run(place, &words);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{words}: {}", stderr(&output));
        shown.push((words, [output.stdout, output.stderr].concat()));
    }
    for set in ["set", "set2"] {
        let kept = files(&place.join(set)).into_iter().filter(|(path, _)| !path.starts_with("rollback"));
        shown.extend(kept.map(|(path, content)| (format!("{set}/{}", path.display()), content)));
    }
    shown
}

/// Whether an output shows the core of a secret, also in base64.
fn shows(output: &[u8]) -> bool {
    let text = String::from_utf8_lossy(output).replace("\n ", "").replace("\n# ", "");
    let encoded = data_encoding::BASE64.encode(format!("\u{1}{CORE}").as_bytes());
    text.contains(CORE) || text.contains(&encoded[2..encoded.len() - 4])
}

#[test]
fn no_output_shows_what_the_name_says_is_secret() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("policy.toml"), POLICY).unwrap();
    let mut random = Random(54);
    for round in 0..cases(3, 30) {
        let mut names: Vec<String> = (0..25).map(|_| random_name(&mut random)).collect();
        names.extend(PRODUCTS.iter().map(|name| (*name).to_owned()));
        // No server stores a value twice.
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.to_lowercase()));
        let value = |name: &String| match random.below(3) {
            0 => format!("{name}:: {}\n", data_encoding::BASE64.encode(format!("\u{1}{CORE}{name}").as_bytes())),
            1 => format!("{}: {CORE}-{name}\n", name.to_uppercase()),
            _ => format!("{name}: {CORE}-{name}\n"),
        };
        let lines: String = names.iter().map(value).collect();
        std::fs::write(place.path().join("export.ldif"), export(&lines)).unwrap();
        for (what, output) in outputs(place.path()) {
            let text = String::from_utf8_lossy(&output);
            let line = text.lines().find(|line| shows(line.as_bytes())).unwrap_or_default();
            assert!(!shows(&output), "round {round}: {what}: {line}");
        }
        let rollback = files(&place.path().join("set/rollback"));
        assert!(rollback.iter().any(|(_, text)| shows(text)), "a rollback file holds what must come back");
    }
}

/// What is about a secret is shown, and so are public keys.
#[test]
fn ordinary_attributes_are_shown() {
    let place = tempfile::tempdir().unwrap();
    for name in [
        "secretary",
        "pwdLastSet",
        "badPwdCount",
        "pwdChangedTime",
        "passwordExpirationTime",
        "passwordRetryCount",
        "krbPasswordExpiration",
        "krbLastPwdChange",
        "sambaPwdMustChange",
        "shadowLastChange",
        "pwdPolicySubentry",
        "msDS-KeyCredentialLink",
        "ms-Mcs-AdmPwdExpirationTime",
        "sshPublicKey",
        "automountKey",
        "licenseKey",
    ] {
        std::fs::write(place.path().join("export.ldif"), export(&format!("{name}: {CORE}\n"))).unwrap();
        let output = run(place.path(), "search (objectClass=*) export.ldif");
        assert!(shows(&output.stdout), "{name}");
    }
}

/// A key that is an octet string by the schema is a secret; a policy shows what only looks like one.
#[test]
fn schema_and_policy_decide_about_other_names() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    let schema = "dn: cn=Subschema\nobjectClass: subschema\ncn: Subschema\nattributeTypes: ( 1.3.6.1.4.1.99999.2.1 NAME \
        'licenseKey' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )\nattributeTypes: ( 1.3.6.1.4.1.99999.2.2 NAME 'lockerKey' \
        SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n";
    write("schema.ldif", schema);
    let lines = |name: &str| export(&format!("{name}: {CORE}\n"));
    let plan = format!("plan --force --as-of {AS_OF} -p policy.toml -u lea --schema schema.ldif -o set export.ldif");
    let is_shown = |name: &str, policy: &str| {
        write("policy.toml", policy);
        write("export.ldif", &lines(name));
        let output = run(place.path(), &plan);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
        let set = files(&place.path().join("set")).into_iter();
        let shown: Vec<bool> =
            set.filter(|(path, _)| !path.starts_with("rollback")).map(|(_, text)| shows(&text)).collect();
        let search = run(place.path(), "search --schema schema.ldif (objectClass=*) export.ldif");
        assert_eq!(shows(&search.stdout), name == "lockerKey", "{name}: {}", stdout(&search));
        shown.contains(&true)
    };
    assert!(!is_shown("licenseKey", POLICY));
    assert!(is_shown("lockerKey", POLICY));
    assert!(is_shown("licenseKey", &format!("{POLICY}[secrets]\nshown = [\"licenseKey\"]\n")));
    assert!(is_shown("clubPassword", &format!("{POLICY}[secrets]\nshown = [\"CLUBpassword\"]\n")));
    assert!(!is_shown("clubPassword", POLICY));

    write("policy.toml", &format!("{POLICY}[secrets]\nshown = [\"x-a\", \"2.5.4.35\"]\n"));
    let output = run(place.path(), &plan);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the values of 2.5.4.35 are always secret"), "{}", stderr(&output));
}

/// With a schema, other names, OIDs and subtypes of secrets are secrets, and so are keys of binary syntax; in a lint, too.
#[test]
fn other_names_of_secrets_in_the_schema() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    let types = [
        "( 1.3.6.1.4.1.99999.3.1 NAME ( 'vpnBlob' 'vpnSecret' ) SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        "( 1.3.6.1.4.1.99999.3.2 NAME 'vpnThing' SUP userPassword )",
        "( 1.3.6.1.4.1.99999.3.3 NAME 'vpnInner' SUP vpnThing )",
        "( 1.3.6.1.4.1.99999.3.4 NAME 'lockerKey' SYNTAX 1.3.6.1.4.1.1466.115.121.1.5 )",
        "( 1.3.6.1.4.1.99999.3.5 NAME 'vpnNote' SUP name )",
    ];
    let types: String = types.iter().flat_map(|line| ["attributeTypes: ", line, "\n"]).collect();
    write("schema.ldif", &format!("dn: cn=Subschema\nobjectClass: subschema\ncn: Subschema\n{types}"));
    for (name, is_shown) in [
        ("vpnBlob", false),
        ("VPNBLOB;x-a", false),
        ("1.3.6.1.4.1.99999.3.1", false),
        ("vpnThing", false),
        ("1.3.6.1.4.1.99999.3.2", false),
        ("vpnInner", false),
        ("lockerKey", false),
        ("vpnNote", true),
    ] {
        write("export.ldif", &export(&format!("{name}: {CORE}\n")));
        // The blank at the end is a problem for `lint`.
        write("lint.ldif", &export(&format!("{name}: {CORE} \n")));
        for words in ["search --schema schema.ldif (objectClass=*) export.ldif", "lint --schema schema.ldif lint.ldif"]
        {
            let output = run(place.path(), words);
            let shown = [output.stdout.clone(), output.stderr.clone()].concat();
            assert_eq!(shows(&shown), is_shown, "{name}: {words}: {}", String::from_utf8_lossy(&shown));
        }
    }
}

/// A value line in a modification of a secret is masked, also if its name is misspelt; and `policy` masks secrets.
#[test]
fn values_in_modifications_and_policies() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    for line in [
        "userPasswor: CORE",
        "userPasswor:: CORE!",
        "userPasswor: CORE ",
        "CORE",
        "userPasswor CORE",
        "SecretCORE",
        "secretCORE:: !",
    ] {
        let line = line.replace("CORE", CORE);
        write("change.ldif", &format!("dn: o=vault\nchangetype: modify\nreplace: userPassword\n{line}\n-\n"));
        for words in ["lint change.ldif", "json change.ldif"] {
            let output = run(place.path(), words);
            let shown = [output.stdout, output.stderr].concat();
            assert!(!shows(&shown), "{line}: {words}: {}", String::from_utf8_lossy(&shown));
        }
    }
    write("policy.toml", &format!("preset = \"openldap\"\n[disable.replace]\nuserPassword = \"{CORE}\"\n"));
    let output = run(place.path(), "policy policy.toml");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!shows(&output.stdout) && stdout(&output).contains("userPassword = ********"), "{}", stdout(&output));
}

/// A secret that is replaced or removed is not in the change file, but comes back with the rollback.
#[test]
fn a_replaced_secret_is_only_in_the_rollback() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"openldap\"\n[disable]\nreplace = { userPassword = \"{LOCKED}\" }\n";
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    let lines = format!("userPassword: {{SSHA}}{CORE}\nuserPassword: {{CRYPT}}{CORE}\n");
    std::fs::write(place.path().join("export.ldif"), export(&lines)).unwrap();
    for (what, output) in outputs(place.path()) {
        assert!(!shows(&output), "{what}: {}", String::from_utf8_lossy(&output));
    }
    let apply = std::fs::read_to_string(place.path().join("set/apply/10-status.ldif")).unwrap();
    assert!(apply.contains("replace: userPassword\nuserPassword: {LOCKED}\n-"), "{apply}");
    let rollback = std::fs::read_to_string(place.path().join("set/rollback/60-status.ldif")).unwrap();
    assert_eq!(rollback.matches(CORE).count(), 2, "{rollback}");
    let undone = run(place.path(), "simulate --export after.ldif set/rollback/60-status.ldif -o undone.ldif");
    assert!(undone.status.success(), "{}", stderr(&undone));
    let undone = std::fs::read_to_string(place.path().join("undone.ldif")).unwrap();
    let original = std::fs::read_to_string(place.path().join("export.ldif")).unwrap();
    assert_eq!(undone.matches(CORE).count(), original.matches(CORE).count());
}
