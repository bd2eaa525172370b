//! The published JSON Schemas (`schemas/`) are those that the types give. `schema_validity` checks documents by them.

use crate::support::{assert_expected, offboard, stderr};

#[test]
fn published_schemas_are_those_of_the_types() {
    for name in ["policy", "plan"] {
        let output = offboard().args(["schema", name]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_expected(format!("schemas/{name}.json"), &output.stdout);
    }
}
