//! Tables of files: the problems of each, and its text after `--fix`.

use strum::{VariantArray as _, VariantNames as _};

use super::*;
use crate::ldif::LdifErrorKind;

/// Problems as `line:column code`, with `+` if repaired; and the repaired text.
fn lint(text: &str, server: Option<Server>) -> (Vec<String>, String) {
    let (mut problems, mut repaired) = (Vec::new(), Vec::new());
    let mut linter = Linter::new(server);
    linter.block(text.as_bytes(), 1, &mut problems, &mut repaired);
    linter.end(&mut problems);
    let text_of = |problem: &Problem| {
        let repaired = if problem.repaired { "+" } else { "" };
        format!("{}:{} {}{repaired}", problem.line, problem.column, problem.code)
    };
    (problems.iter().map(text_of).collect(), String::from_utf8(repaired).unwrap())
}

#[test]
fn problems_and_repairs() {
    let kept = "";
    #[rustfmt::skip]
    let table: &[(&str, &[&str], &str)] = &[
        // file (after `version: 1`), problems, repaired
        ("dn: o=x\no: x\n", &[], kept),
        ("# c\n  folded\ndn: o=x\no: x\n# in\no: y\n", &[], kept),
        ("DN: o=x\nchangeType: Modify\nADD: o\nO: y\n-\n",
         &["3:1 keyword-case+", "4:1 keyword-case+", "4:13 keyword-case+", "5:1 keyword-case+", "6:1 value-spelling+"],
         "dn: o=x\nchangetype: modify\nadd: o\no: y\n-\n"),
        ("dn: o=x\nx_y: 1\ncn: é\nd: a \nsn:: YQ==  \n",
         &["4:1 odd-name", "5:5 raw-utf8+", "6:5 trailing-blank+", "7:11 blanks-behind-base64+"],
         "dn: o=x\nx_y: 1\ncn:: w6k=\nd:: YSA=\nsn: a\n"),
        ("dn: o=x\ndescri\n ption: a\n \no: x\n", &["5:2 fold-in-name+", "6:2 blank-fold+"], "dn: o=x\ndescription: a\no: x\n"),
        ("dn: o=x\nchangetype: modify\nadd: o\no: y", &["6:1 no-last-separator+", "6:5 no-last-line-end+"],
         "dn: o=x\nchangetype: modify\nadd: o\no: y\n-\n"),
        ("dn: o=x\nchangetype: modify\nadd: o\no: y\n-\n \n", &["7:1 folded-separator+"],
         "dn: o=x\nchangetype: modify\nadd: o\no: y\n-\n"),
        ("dn: o=x\nchangetype: modify\nadd: o\n-\n", &["5:1 add-without-values"], kept),
        ("dn: o=x\nchangetype:: bW9kcmRu\nnewrdn: o=y\ndeleteoldrdn: no\n",
         &["4:14 base64-keyword+", "6:15 deleteoldrdn-word+"],
         "dn: o=x\nchangetype: modrdn\nnewrdn: o=y\ndeleteoldrdn: 0\n"),
        ("dn:\no: x\n\ndn: o=x\n", &["3:1 root-entry", "6:1 no-attributes"], kept),
        ("dn: o x\no: x\n", &["3:1 bad-name"], kept),
        ("dn: o=x\no: x\n\ndn: o=y\nchangetype: delete\n", &["6:1 mixed-records"], kept),
        ("dn: o=x\nchangetype: modify\nincrement: n\nn: 1\n-\n", &["5:1 increment"], kept),
        ("dn: o=x\no: x\n\nsearch: 2\nresult: 0 Success\n", &["6:1 search-output+"],
         "dn: o=x\no: x\n\n# search: 2\n# result: 0 Success\n"),
        ("dn: o=x\no: x\n\r\r\nversion: 1\ndn: o=y\no: y\n", &["5:1 cr-blank-line+", "6:1 version-again+"],
         "dn: o=x\no: x\n\ndn: o=y\no: y\n"),
        // Everything that is refused, in the next record too.
        ("dn: o=x\ncn:: !\nsn:: ?\njpegPhoto:< file:///p\nno colon\n\ty: z\no: x\n\ndn: o=y\nchangetype: modify \nadd: o \no: 1\n- \n",
         &["4:6 bad-base64", "5:6 bad-base64", "6:13 url", "7:3 missing-colon", "8:1 tab-fold",
           "11:1 mixed-records", "12:13 unknown-changetype+", "13:6 bad-modified-attribute+", "15:2 bad-separator+"],
         "dn: o=x\ncn:: !\nsn:: ?\njpegPhoto:< file:///p\nno colon\n\ty: z\no: x\n\ndn: o=y\nchangetype: modify\nadd: o\no: 1\n-\n"),
        ("dn: o=x\ncn: a\rb\nsn: c\r\r\n", &["4:6 carriage-return+", "5:6 carriage-return+"],
         "dn: o=x\ncn:: YQ1i\nsn:: Yw0=\r\n"),
        ("dn: o=x\nsn: c ", &["4:6 trailing-blank+", "4:7 no-last-line-end+"], "dn: o=x\nsn:: YyA=\n"),
        ("dn: o=x\ncn: a\0b\n", &["4:6 nul-byte+"], "dn: o=x\ncn:: YQBi\n"),
        (" x\ndn: o=x\no: x\n\no: y\n\ndn: o=z\no: z\n", &["3:1 fold-of-nothing", "7:1 missing-dn"], kept),
        ("dn: o=x\nchangetype: modrdn\nnewrdn: o=y\ndeleteoldrdn: true\n", &["6:15 missing-deleteoldrdn"], kept),
        ("dn: o=x\nchangetype: modify\nreplace: a\na: 1\nreplace: b\nb: 2\n-\n", &["7:1 other-attribute"], kept),
    ];
    for (text, expected, repaired) in table {
        let (found, text_after) = lint(&format!("version: 1\n\n{text}"), None);
        assert_eq!(found, *expected, "{text}");
        let repaired = if repaired.is_empty() { text } else { repaired };
        assert_eq!(text_after, format!("version: 1\n\n{repaired}"), "{text}");
        // A second repair changes nothing.
        let (left, again) = lint(&text_after, None);
        assert_eq!(again, text_after, "{text}");
        assert!(left.iter().all(|problem| !problem.ends_with('+')), "{text}: {left:?}");
    }
}

#[test]
fn what_the_tools_of_a_server_misread() {
    use Server::{ActiveDirectory as Ad, Ds389, OpenLdap};
    #[rustfmt::skip]
    let table: &[(Server, &str, &[&str])] = &[
        (OpenLdap, "dn: o=x\ncontrol: 1.2 true\ncontrol: 1.3 true\nchangetype: delete\n", &["3:1 second-control"]),
        (OpenLdap, "dn: o=x\ncontrol: 1.2: a\nchangetype: delete\n", &["2:1 no-criticality"]),
        (OpenLdap, "dn: o=x\ncontrol: 1.2 true::\nchangetype: delete\n", &["2:1 empty-control-value"]),
        (OpenLdap, "dn: o=x\ncontrol: 1.3.6.1.1.12 true:: YQ==\nchangetype: delete\n", &[]),
        (Ds389, "dn: o=x\ncontrol: 1.3.6.1.1.12 true:: YQ==\nchangetype: delete\n", &["2:1 assertion-control"]),
        (OpenLdap, "dn: o=x\ncontrol: 1.2.840.113556.1.4.805 true\nchangetype: delete\n", &["2:1 tree-delete"]),
        (OpenLdap, "dn: o=x\nchangetype: modify\nadd: cn;x;y\ncn;y;x: 1\n-\n", &["4:1 other-options"]),
        (OpenLdap, "version: 1\n\ndn: o=x\ncn: a\nsn: b\ncn: c\n", &["1:1 version-line", "6:1 scattered-values"]),
        (OpenLdap, "version: 1\n\ndn: o=x\nchangetype: delete\n", &[]),
        (Ad, "version: 1\n\ndn: o=x\nchangetype: delete\n", &["1:1 version-line+"]),
        (Ad, "dn: o=x\r\nchangetype: delete\r\n", &["1:8 crlf+"]),
        (Ad, "dn: cn=a, o=x\ncontrol: 1.2 true\nchangetype: delete\n", &["1:1 blanks-in-name", "2:1 control-not-read"]),
        (Ad, "dn: cn =a,o=x\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 0\n", &["1:1 blanks-in-name", "4:1 keeps-old-rdn"]),
        (Ad, "dn: cn=a b\\, c,o=x\nchangetype: delete\n", &[]),
        (Ad, "", &["1:1 empty-file"]),
    ];
    for (server, text, expected) in table {
        let (found, _) = lint(text, Some(*server));
        assert_eq!(found, *expected, "{server:?}: {text}");
    }
    let (_, repaired) = lint("version: 1\r\ndn: o=x\r\nchangeType: delete\r\n", Some(Ad));
    assert_eq!(repaired, "dn: o=x\nchangetype: delete\n");
    let (_, repaired) = lint("dn: o=x\r\nchangeType: delete\r\n", None);
    assert_eq!(repaired, "dn: o=x\r\nchangetype: delete\r\n");
}

#[test]
fn codes_are_unique() {
    let rules = LintRule::VARIANTS.iter().map(|rule| rule.code());
    let mut codes: Vec<&str> = rules.chain(LdifErrorKind::VARIANTS.iter().copied()).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

/// [`prescan`] skips only records without problems.
mod prescanned {
    use proptest::prelude::*;

    use super::super::{Linter, Problem, prescan};

    #[rustfmt::skip]
    const RECORDS: [&str; 22] = [
        "dn: uid=a,o=x\nuid: a\n", "dn: uid=b,o=x\nuid: b\nphoto:: ////\n ////\n", "dn: uid=c,o=x\r\nuid: c\r\n",
        "dn: uid=c,o=x\ncn: \u{e9}\n", "dn: uid=c,o=x\ncn: x \n", "dn: uid=c,o=x\n1-x: x\n", "dn: uid=c,o=x\nc_n: x\n",
        "DN: uid=c,o=x\ncn: x\n", "dn: no name\ncn: x\n", "dn: o=x\n", "dn:\no: x\n", "# only a comment\n  folded\n",
        "dn: uid=c,o=x\n# comment\ncn: a\n  b\n \n c\n", "dn: uid=c,o=x\ncn:: YQ\n", "dn: uid=c,o=x\ncn:: YQ== \n",
        "dn: uid=c,o=x\nc\n n: x\n", "version: 1\ndn: o=y\no: y\n", "dn: uid=d,o=x\nchangetype: delete\n",
        "search: 2\nresult: 0 Success\n", "dn: uid=c,o=x\ncn: a\rb\n", "dn: uid=c,o=x\n\tcn: x\n", "dn: uid=c,o=x\ncn: a\n b \n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn prescanned_blocks_have_the_same_problems(
            records in prop::collection::vec((prop::sample::select(&RECORDS[..]), "\n|\n\n|\r\n|\r\r\n"), 1..14),
            cut in 0_usize..14, tail in "|dn: o=z",
        ) {
            let text = |records: &[(&str, String)]| -> String {
                records.iter().flat_map(|(record, blank)| [record, blank.as_str()]).collect()
            };
            let (first, second) = records.split_at(cut.min(records.len()));
            let blocks = [text(first), text(second) + &tail];
            let (mut expected, mut found): (Vec<Problem>, Vec<Problem>) = Default::default();
            let (mut checking_all, mut prescanning) = (Linter::new(None), Linter::new(None));
            let mut line = 1;
            for block in blocks.iter().filter(|block| !block.is_empty()) {
                checking_all.block(block.as_bytes(), line, &mut expected, &mut Vec::new());
                prescanning.prescanned_block(&prescan(block.as_bytes(), line), &mut found);
                line += block.matches('\n').count() as u64;
            }
            checking_all.end(&mut expected);
            prescanning.end(&mut found);
            prop_assert_eq!(expected, found, "{:?}", blocks);
        }
    }
}
