//! Services are stripped from accounts that stay: what the schema of the directory requires stays with the account.

use std::path::Path;

use crate::support::{AS_OF, offboard, stderr};

const POLICY: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 30\nmail = 0\n";

/// The description of a class that must have `mailHost`, directly or from the class above it.
const DIRECT: &str = "objectClasses: ( 1.3.6.1.4.1.99999.1.1 NAME 'quayBerth' SUP top AUXILIARY MUST mailHost )";
const INHERITED: &str = "objectClasses: ( 1.3.6.1.4.1.99999.1.2 NAME 'quayDock' SUP top AUXILIARY MUST mailHost )\n\
     objectClasses: ( 1.3.6.1.4.1.99999.1.1 NAME 'quayBerth' SUP quayDock AUXILIARY MAY description )";
const OPTIONAL: &str = "objectClasses: ( 1.3.6.1.4.1.99999.1.1 NAME 'quayBerth' SUP top AUXILIARY MAY description )";

/// The change files of a plan that strips the mail of one account of the class `quayBerth`, and the report.
fn stripped(place: &Path, schema: &str, in_export: bool) -> (String, String) {
    let entry = format!("dn: cn=Subschema\nobjectClass: subschema\ncn: Subschema\n{schema}\n\n");
    let export = "dn: o=isp\nobjectClass: organization\no: isp\nentryUUID: 1\n\n\
        dn: o=PiServerDb\nobjectClass: organization\no: PiServerDb\n\n\
        dn: uid=wim,o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nobjectClass: inetMailUser\n\
        objectClass: quayBerth\nuid: wim\ncn: Wim\nsn: W\ninetUserStatus: active\nmailUserStatus: removed\n\
        mailHost: mx1.quay.example\nmailQuota: 5\n\n";
    std::fs::write(place.join("export.ldif"), if in_export { format!("{export}{entry}") } else { export.to_owned() })
        .unwrap();
    std::fs::write(place.join("schema.ldif"), entry).unwrap();
    std::fs::write(place.join("policy.toml"), POLICY).unwrap();
    std::fs::write(place.join("leavers.csv"), "id,action\nwim,mail\n").unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(place.join("policy.toml"));
    command.arg("-l").arg(place.join("leavers.csv")).arg("-o").arg(place.join("set"));
    if !in_export {
        command.arg("--schema").arg(place.join("schema.ldif"));
    }
    let output = command.arg(place.join("export.ldif")).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let read = |name: &str| std::fs::read_to_string(place.join("set").join(name)).unwrap();
    (read("apply/50-services.ldif"), read("report.md"))
}

#[test]
fn an_attribute_that_a_remaining_class_must_have_stays() {
    let place = tempfile::tempdir().unwrap();
    for in_export in [true, false] {
        for schema in [DIRECT, INHERITED] {
            let (text, report) = stripped(place.path(), schema, in_export);
            assert!(text.contains("delete: mailUserStatus") && !text.contains("delete: mailHost"), "{schema}\n{text}");
            assert!(report.contains("mailHost stays, quayBerth requires it"), "{schema}\n{report}");
        }
        let (text, _) = stripped(place.path(), OPTIONAL, in_export);
        assert!(text.contains("delete: mailHost"), "{text}");
    }
}
