//! Policies and plans are valid by the published JSON Schemas (`schemas/`), as an independent validator sees it:
//! Debian's `python3-jsonschema`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{files, offboard, root, scenario_file, scenarios, stderr, stdout};

/// The schema that `offboard schema` prints.
fn schema(of: &str) -> Value {
    let output = offboard().args(["schema", of]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The faults that the validator finds in each document.
fn faults(schema: &Value, documents: &[(String, Value)]) -> Vec<(String, Vec<String>)> {
    let place = tempfile::tempdir().unwrap();
    let write = |name: String, value: &Value| -> PathBuf {
        let path = place.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let mut command = Command::new("/usr/bin/python3");
    command.arg(root().join("tests/validate.py")).arg(write("schema".to_owned(), schema));
    let paths: Vec<PathBuf> =
        documents.iter().enumerate().map(|(number, (_, value))| write(number.to_string(), value)).collect();
    let output = command.args(&paths).output().unwrap();
    let help = "install the Debian package python3-jsonschema, or run tests/run";
    assert!(output.status.success(), "{help}:\n{}", stderr(&output));
    let said = stdout(&output);
    let judged = |(path, (name, _)): (&PathBuf, &(String, Value))| {
        let path = path.to_str().unwrap();
        let invalid = format!("invalid {path}: ");
        let faults: Vec<String> =
            said.lines().filter_map(|line| line.strip_prefix(&invalid)).map(str::to_owned).collect();
        // Each document is either valid or has faults.
        assert_eq!(said.lines().any(|line| line == format!("valid {path}")), faults.is_empty(), "{name}:\n{said}");
        (name.clone(), faults)
    };
    paths.iter().zip(documents).map(judged).collect()
}

/// TOML as JSON.
fn policy(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
}

/// The policies below a folder, by path.
fn policies(folder: &Path) -> Vec<(String, Value)> {
    let toml = |(path, text): (PathBuf, Vec<u8>)| {
        let path = folder.join(path);
        (path.extension()? == "toml").then(|| (path.display().to_string(), policy(str::from_utf8(&text).unwrap())))
    };
    files(folder).into_iter().filter_map(toml).collect()
}

#[test]
fn policies_are_valid() {
    let presets = policies(&root().join("src/policy/presets"));
    let fixtures = policies(&root().join("fixtures"));
    assert_eq!(presets.len(), 6);
    assert!(fixtures.len() >= scenarios().len(), "{}", fixtures.len());
    for (name, faults) in faults(&schema("policy"), &[presets, fixtures].concat()) {
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

/// A policy that `offboard plan` refuses for its form is also invalid by the schema, at the same place.
#[test]
fn policies_that_are_not_valid() {
    let cases = [
        ("preset = \"sun-com\"", "$.preset"),
        ("[grase]\ndays = 1", "$"),
        ("[grace]\ndays = -1", "$.grace.days"),
        ("[grace]\ndays = \"5\"", "$.grace.days"),
        ("[directory]\nserver = \"oud\"", "$.directory.server"),
        ("[directory]\nrelax = \"yes\"", "$.directory.relax"),
        ("[[rule]]\nbase = \"o=x\"", "$.rule[0]"),
        ("[limits]\ndeletes = { count = 1 }", "$.limits"),
        ("[limits]\ndelete = { percent = 101 }", "$.limits.delete.percent"),
        ("[references]\nlast_member = \"shrug\"", "$.references.last_member"),
        ("[references]\nremove = \"member\"", "$.references.remove"),
        ("[successor]\norder = [\"boss\"]", "$.successor.order[0]"),
        ("[roster.hr]\nstatus = \"state\"", "$.roster.hr"),
        ("[disable]\nbits = { userAccountControl = { require = 2 } }", "$.disable.bits.userAccountControl"),
    ];
    let documents = cases.map(|(text, _)| (text.to_owned(), policy(text)));
    for ((text, faults), (_, place)) in faults(&schema("policy"), &documents).iter().zip(cases) {
        assert!(faults.iter().any(|fault| fault.starts_with(&format!("{place}: "))), "{text}: {faults:?}");
        let whole = if text.starts_with("preset") { text.clone() } else { format!("preset = \"sun-comms\"\n{text}") };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), whole).unwrap();
        let export = scenario_file("note-active", "export.ldif");
        let output = offboard().args(["audit", "-p"]).arg(file.path()).arg(&export).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {}", stderr(&output));
    }
}

/// Makes every object of a schema refuse properties that it does not list.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// The plans of all scenarios have the fields of the schema, and no others.
#[test]
fn plans_are_valid() {
    let plan = |name: String| {
        let text = std::fs::read(root().join(scenario_file(&name, "expected/plan.json"))).unwrap();
        (name, serde_json::from_slice::<Value>(&text).unwrap())
    };
    let plans: Vec<(String, Value)> = scenarios().into_iter().map(plan).collect();
    assert!(plans.len() >= 19, "{}", plans.len());
    let open = schema("plan");
    let mut closed = open.clone();
    close(&mut closed);
    for (name, faults) in faults(&closed, &plans) {
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
    // A later minor version adds fields, and stays valid by the schema of this one. No other change does.
    let changed = |key: &str, value: Value| {
        let mut plan = plans[0].1.clone();
        let _ = plan.as_object_mut().unwrap().insert(key.to_owned(), value);
        plan
    };
    let mut without = plans[0].1.clone();
    without.as_object_mut().unwrap().remove("summary");
    let documents = [
        ("a field more", changed("waves", json!(3)), true),
        ("a later minor version", changed("format_version", json!("2.99")), true),
        ("another major version", changed("format_version", json!("3.0")), false),
        ("a field less", without, false),
        ("a word for a number", changed("refused", json!("no")), false),
    ];
    let given: Vec<(String, Value)> =
        documents.iter().map(|(name, value, _)| ((*name).into(), value.clone())).collect();
    for ((name, faults), (_, _, valid)) in faults(&open, &given).iter().zip(&documents) {
        assert_eq!(faults.is_empty(), *valid, "{name}: {faults:?}");
    }
}
