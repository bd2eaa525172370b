//! Distinguished names against RFC 4514 and against the cases of other LDAP libraries.

use std::{fs, path::PathBuf};

use data_encoding::BASE64;
use offboard::ldap::{Dn, DnKey, Rdn};
use serde_json::Value;

/// RDNs of types and values, leaf first.
type Rdns = &'static [&'static [(&'static str, &'static str)]];

/// The examples of RFC 4514, section 4, RFC 2253, section 5, and RFC 1779, section 2.4.
#[test]
fn rfc_examples_parse() {
    #[rustfmt::skip]
    let table: &[(&str, Rdns)] = &[
        ("UID=jsmith,DC=example,DC=net", &[&[("UID", "jsmith")], &[("DC", "example")], &[("DC", "net")]]),
        ("OU=Sales+CN=J.  Smith,DC=example,DC=net", &[&[("OU", "Sales"), ("CN", "J.  Smith")], &[("DC", "example")], &[("DC", "net")]]),
        ("CN=James \\\"Jim\\\" Smith\\, III,DC=net", &[&[("CN", "James \"Jim\" Smith, III")], &[("DC", "net")]]),
        ("CN=Before\\0dAfter,DC=net", &[&[("CN", "Before\rAfter")], &[("DC", "net")]]),
        ("1.3.6.1.4.1.1466.0=#04024869", &[&[("1.3.6.1.4.1.1466.0", "Hi")]]),
        ("CN=Lu\\C4\\8Di\\C4\\87", &[&[("CN", "Lučić")]]),
        ("OID.1.3.6.1.4.1.1466.0=#04024869", &[&[("OID.1.3.6.1.4.1.1466.0", "Hi")]]),
        ("CN=L. Eagle; O=\"Sue, Grabbit and Runn\" ; C=GB", &[&[("CN", "L. Eagle")], &[("O", "Sue, Grabbit and Runn")], &[("C", "GB")]]),
        ("CN=\\ a \\20,O=", &[&[("CN", " a  ")], &[("O", "")]]),
        ("", &[]),
    ];
    for (spelling, expected) in table {
        let dn = Dn::parse(spelling.as_bytes()).unwrap();
        let rdns = dn.rdns();
        let read: Vec<Vec<_>> = rdns
            .iter()
            .map(|rdn| {
                rdn.avas()
                    .iter()
                    .map(|ava| (ava.attribute_type.as_str(), str::from_utf8(&ava.value).unwrap()))
                    .collect()
            })
            .collect();
        assert_eq!(&read, expected, "{spelling}");
    }
}

/// DNs that are equal to servers, and DNs that only look equal.
#[test]
fn names_are_equal_or_not() {
    for (a, b, equal) in [
        ("UID=jsmith,DC=Example,DC=net", "userid = JSmith ; dc=example, 0.9.2342.19200300.100.1.25=NET", true),
        ("OU=Sales+CN=J.  Smith,DC=net", "cn=j. smith+ou=sales,dc=net", true),
        ("CN=Lu\\C4\\8Di\\C4\\87", "cn=LUČIĆ", true),
        ("CN=Luc\u{30c}ic\u{301}", "cn=Lučić", true),
        ("cn=a\\2Cb", "cn=\"a,b\"", true),
        ("cn=#04024869", "commonName=hi", true),
        ("cn=admin\\\\ ", "cn=admin\\\\", true),
        ("cn=admin\\\\ ", "cn=admin\\ ", false),
        ("cn=a,cn=b", "cn=b,cn=a", false),
        ("cn=a\\,cn\\=b", "cn=a,cn=b", false),
        ("cn=a", "cn=a+cn=a", false),
        ("cn=\\#04024869", "cn=#04024869", false),
        ("cn=M\\FCller", "cn=Müller", false),
        ("uid=a,ou=x", "uid=a,o=x", false),
        ("cn=Before\\0DAfter", "cn=before after", true),
        ("1.2.3=#04024869", "1.2.3=\\04\\02Hi", false),
        ("caseExact=UPPER", "caseexact=upper", true),
        ("cn=a\\20", "cn=a", true),
        ("cn=#0010A0AAFF", "cn=\\00\\10\\A0\\AA\\FF", false),
        ("cn=#0010A0AAFF", "CN = #0010a0aaff", true),
    ] {
        let (left, right) = (Dn::parse(a.as_bytes()).unwrap(), Dn::parse(b.as_bytes()).unwrap());
        assert_eq!(left == right, equal, "{a} and {b}");
    }
}

/// Strings on which other parsers disagree; the documentation of `offboard::ldap::dn` has the reasons.
#[test]
fn disputed_names_are_decided() {
    let accepted: [&[u8]; 10] = [
        b" ",
        b"cn=,dc=x",
        b"cn=+mail=,dc=x",
        b"at_tr=x",
        b"uid=#00",
        b"a=#0010A0AAFF",
        b"DF=#6666666666665006838820013100000746939546349182108463491821809FBFFFFFFFFF",
        b"cn=\\99",
        b"cn=M\xFCller",
        b"OID.2.5.4.3=x",
    ];
    let refused: [&[u8]; 14] = [
        b"1.=x",
        b"1.1.=x",
        b"01=x",
        b"_cn=x",
        b"\\ A=x",
        b"cn=A\0B",
        b"cn=\"A\0B\"",
        b"cn=a<b",
        b"cn=a>b",
        b"cn=O\\'Brien",
        b"1=#0402486900",
        b"1=#040248",
        b"cn=#",
        b"<GUID=1>;cn=a",
    ];
    for name in accepted {
        assert!(Dn::parse(name).is_ok(), "{}", name.escape_ascii());
    }
    for name in refused {
        assert!(Dn::parse(name).is_err(), "{}", name.escape_ascii());
    }
    assert!(Rdn::parse(b" ").is_err() && Rdn::parse(b"cn=Jim, sn=Jam ").is_err());
}

/// Cases that are not marked as contested and yet contradict others: they keep a blank at the end of a value that
/// is not escaped, which RFC 2253, section 4, and the other cases (` dc = com `, `  CN  =  Lu\C4\8Di\C4\87  `) drop.
const KEEPS_LAST_BLANK: [&str; 2] = ["dc = local , dc = net ", "cn =  \\ James , ou  =  \"Comp\\28ny\"  "];

/// The file of cases, or `None` where it is not installed.
fn cases(list: &str) -> Option<Vec<Value>> {
    let folder = std::env::var_os("OFFBOARD_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let path = folder.join("dn_cases.json");
    let Ok(text) = fs::read(&path) else {
        eprintln!("NOT CHECKED: no {}; set OFFBOARD_CORPUS to its folder", path.display());
        return None;
    };
    let mut file: Value = serde_json::from_slice(&text).unwrap();
    let Value::Array(cases) = file[list].take() else { panic!("{list} is not a list") };
    assert!(!cases.is_empty());
    Some(cases)
}

fn is_contested(case: &Value) -> bool {
    case.get("contested").is_some()
}

/// A value of the file: a string, or `{"b64": ...}`.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => BASE64.decode(other["b64"].as_str().unwrap().as_bytes()).unwrap(),
    }
}

#[test]
fn corpus_names_parse_as_others_parse_them() {
    let Some(cases) = cases("parse") else { return };
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !is_contested(case)) {
        let spelling = case["dn"].as_str().unwrap();
        if let Err(reason) = check_parse(case, spelling) {
            wrong.push(format!("{spelling:?}: {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn check_parse(case: &Value, spelling: &str) -> Result<(), String> {
    let parsed = if case["kind"] == "rdn" {
        Rdn::parse(spelling.as_bytes()).map(|rdn| vec![rdn])
    } else {
        Dn::parse(spelling.as_bytes()).map(|dn| dn.rdns())
    };
    let rdns = match (parsed, case["valid"] == true) {
        (Ok(rdns), true) => rdns,
        (Err(error), false) if error.offset <= spelling.len() => return Ok(()),
        (Ok(rdns), false) => return Err(format!("taken as {rdns:?}")),
        (Err(error), _) => return Err(format!("refused: {error}")),
    };
    if let Some(count) = case.get("rdn_count").and_then(Value::as_u64)
        && u64::try_from(rdns.len()).unwrap() != count
    {
        return Err(format!("{} RDNs, not {count}", rdns.len()));
    }
    let Value::Array(expected) = &case["rdns"] else {
        return Ok(());
    };
    let expected: Vec<Vec<(String, Vec<u8>)>> = expected
        .iter()
        .map(|rdn| rdn.as_array().unwrap().iter().map(|ava| (ava[0].as_str().unwrap().to_owned(), bytes(&ava[1]))))
        .map(Iterator::collect)
        .collect();
    let read: Vec<Vec<(String, Vec<u8>)>> = rdns
        .iter()
        .map(|rdn| rdn.avas().iter().map(|ava| (ava.attribute_type.clone(), ava.value.clone())).collect())
        .collect();
    let agrees = read.len() == expected.len()
        && read.iter().zip(&expected).all(|(read, expected)| {
            read.len() == expected.len()
                && read.iter().zip(expected).all(|((name, value), (expected_name, expected_value))| {
                    name == expected_name && is_value(value, expected_value, spelling)
                })
        });
    if agrees { Ok(()) } else { Err(format!("read as {rdns:?}")) }
}

fn is_value(value: &[u8], expected: &[u8], spelling: &str) -> bool {
    value == expected
        // Java's strings have U+FFFD in place of bytes that are not UTF-8; values here are bytes.
        || (str::from_utf8(value).is_err() && String::from_utf8_lossy(value).as_bytes() == expected)
        || (KEEPS_LAST_BLANK.contains(&spelling) && expected.strip_suffix(b" ") == Some(value))
}

#[test]
fn corpus_names_are_equal_as_others_find_them() {
    let Some(cases) = cases("equal") else { return };
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !is_contested(case)) {
        let (a, b) = (case["a"].as_str().unwrap(), case["b"].as_str().unwrap());
        // A library that compares with case finds a difference between names that are equal in a directory. The level
        // is the weakest normalization that makes the two equal; all levels except the last apply here. The last one
        // has `o=A+o=B` and `o=A+o=B+o=B`, whose numbers of values differ.
        let by_case = case["match_rule"] == "case-sensitive values";
        let is_beyond = case["level"].as_str().unwrap().starts_with("beyond");
        let equal = case["equal"] == true || (by_case && !is_beyond);
        if (DnKey::parse(a.as_bytes()).unwrap() == DnKey::parse(b.as_bytes()).unwrap()) != equal {
            wrong.push(format!("{a:?} and {b:?} must be {}", if equal { "equal" } else { "different" }));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
