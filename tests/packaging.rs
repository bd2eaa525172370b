//! Packages: the SBOM names what is in the binary, and every file that the Debian package lists exists.

use crate::support::root;

fn manifest() -> toml::Table {
    std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The SBOM has every direct dependency and none of the tests' own, each with its hash, and no reference to what it
/// does not list. The script is Python.
#[cfg(feature = "all-tests")]
#[test]
fn bill_of_materials() {
    use std::collections::BTreeMap;
    use std::process::Command;

    use serde_json::Value;

    use crate::support::{stderr, stdout};

    let sbom = || {
        let mut command = Command::new("/usr/bin/python3");
        let output = command.arg(root().join("packaging/sbom")).arg("--offline").env("CARGO", env!("CARGO")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let text = sbom();
    assert_eq!(text, sbom(), "the same lock file gives the same bytes");
    let sbom: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((sbom["bomFormat"].as_str(), sbom["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let components = sbom["components"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let scopes: BTreeMap<String, String> =
        components.iter().map(|component| (word(&component["name"]), word(&component["scope"]))).collect();
    let manifest = manifest();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        assert_eq!(scopes.get(name).map(String::as_str), Some("required"), "{name}");
    }
    for name in manifest["dev-dependencies"].as_table().unwrap().keys() {
        assert!(!scopes.contains_key(name), "{name}");
    }
    for macros in ["serde_derive", "thiserror-impl"] {
        assert_eq!(scopes.get(macros).map(String::as_str), Some("excluded"), "{macros}");
    }
    for component in components {
        let sum = word(&component["hashes"][0]["content"]);
        assert!(sum.len() == 64 && component["licenses"][0]["expression"].is_string(), "{component}");
    }
    let mut known: Vec<String> = components.iter().map(|component| word(&component["bom-ref"])).collect();
    known.push(word(&sbom["metadata"]["component"]["bom-ref"]));
    for dependency in sbom["dependencies"].as_array().unwrap() {
        for needed in dependency["dependsOn"].as_array().unwrap().iter().chain([&dependency["ref"]]) {
            assert!(known.contains(&word(needed)), "{needed}");
        }
    }
}

#[test]
fn what_the_debian_package_lists() {
    let manifest = manifest();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().unwrap();
    let script = std::fs::read_to_string(root().join("packaging/deb")).unwrap();
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        let fixed = source.split('*').next().unwrap();
        let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder.starts_with("target/dist") {
            // packaging/static makes it, or packaging/deb from the binary.
            assert!(
                source == "target/dist/offboard" || script.contains(folder.rsplit('/').next().unwrap()),
                "{source}"
            );
        } else if source.contains('*') {
            assert!(std::fs::read_dir(root().join(folder)).unwrap().next().is_some(), "{source}");
        } else {
            assert!(root().join(source).is_file(), "{source}");
        }
    }
    assert!(assets.len() > 8);
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(root().join(licence).is_file(), "{licence}");
    }
    assert_eq!(manifest["package"]["license"].as_str(), Some("Apache-2.0 OR MIT"));
}
