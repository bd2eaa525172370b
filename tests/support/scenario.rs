//! The scenarios: folders of `fixtures/scenarios`, each with a policy, exports, and what else a plan of it reads.
//!
//! | file | is given as |
//! | --- | --- |
//! | `policy.toml` | `-p` |
//! | `export.ldif`, `address-books.ldif` | the exports |
//! | `leavers.csv` or `leavers.txt` | `-l` |
//! | `roster-NAME.csv`, `roster-NAME.ldif` | `--roster NAME=` |
//! | `veto.txt` | `--veto` |
//! | `options.txt` | more options |

use std::path::Path;
use std::process::Output;

use offboard::directory::{Exports, ExportsReader};
use offboard::leavers::{self, roster};
use offboard::plan::{NamedRoster, Plan, Request};
use offboard::policy::Policy;
use offboard::proof::{Files, Proof, ProofInputs, prove};
use offboard::render::change_file;
use offboard::render::context::RenderContext;

use super::run::{AS_OF, file_name, offboard, root, sorted_paths};

/// The names of the scenarios, in order.
pub fn scenarios() -> Vec<String> {
    let folders = sorted_paths(&root().join("fixtures/scenarios")).into_iter().filter(|path| path.is_dir());
    folders.map(|path| file_name(&path)).collect()
}

/// The path of a scenario's file, relative to the repository.
pub fn scenario_file(name: &str, file: &str) -> String {
    format!("fixtures/scenarios/{name}/{file}")
}

/// The scenario's file if there is one, relative to the repository.
fn optional_file(name: &str, file: &str) -> Option<String> {
    let path = scenario_file(name, file);
    root().join(&path).is_file().then_some(path)
}

/// The leaver list of a scenario, in either form.
pub fn scenario_leavers(name: &str) -> Option<String> {
    ["leavers.csv", "leavers.txt"].into_iter().find_map(|file| optional_file(name, file))
}

/// The exports of a scenario, relative to the repository.
pub fn exports(name: &str) -> Vec<String> {
    ["export.ldif", "address-books.ldif"].into_iter().filter_map(|file| optional_file(name, file)).collect()
}

/// The exports of a scenario, each as an option `--export`.
pub fn export_options(exports: &[String]) -> Vec<String> {
    exports.iter().flat_map(|export| ["--export".to_owned(), export.clone()]).collect()
}

/// The rosters of a scenario: name and path.
fn roster_files(name: &str) -> Vec<(String, String)> {
    let roster = |path: &Path| {
        let file = file_name(path);
        let (roster, _) = file.strip_prefix("roster-")?.split_once('.')?;
        Some((roster.to_owned(), scenario_file(name, &file)))
    };
    sorted_paths(&root().join(scenario_file(name, ""))).iter().filter_map(|path| roster(path)).collect()
}

/// The words of `options.txt`.
fn more_options(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(scenario_file(name, "options.txt"))).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// The options of `offboard plan` that name what a scenario has besides policy and exports.
pub fn inputs(name: &str) -> Vec<String> {
    let mut options = Vec::new();
    if let Some(list) = scenario_leavers(name) {
        options.extend(["-l".to_owned(), list]);
    }
    for (roster, path) in roster_files(name) {
        options.extend(["--roster".to_owned(), format!("{roster}={path}")]);
    }
    if let Some(list) = optional_file(name, "veto.txt") {
        options.extend(["--veto".to_owned(), list]);
    }
    // Last, because it takes no value.
    options.extend(more_options(name));
    options
}

/// Plans a scenario into a folder.
pub fn plan_scenario(name: &str, output: &Path, more: &[&str]) -> Output {
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file(name, "policy.toml")]);
    command.args(inputs(name)).arg("-o").arg(output).args(more).args(exports(name));
    command.output().unwrap()
}

/// What the library needs to plan a scenario, as [`inputs`] gives it to the binary.
pub struct Inputs {
    pub policy: Policy,
    pub request: Request,
    /// Absolute paths.
    pub exports: Vec<String>,
}

impl Inputs {
    /// Reads policy, leavers, rosters and vetoes of a scenario.
    pub fn read(name: &str) -> Self {
        let content = |path: &str| std::fs::read(root().join(path)).unwrap();
        let policy = String::from_utf8(content(&scenario_file(name, "policy.toml"))).unwrap();
        let policy = Policy::parse(&policy).unwrap();
        let list = |path: Option<String>| path.map_or_else(Vec::new, |path| leavers::read(&content(&path)).unwrap());
        let roster = |(name, path): (String, String)| {
            let roster = roster::read(&content(&path), &policy.rosters[&name].rules).unwrap();
            NamedRoster { name, roster }
        };
        let rosters = roster_files(name).into_iter().map(roster).collect();
        let vetoes = list(optional_file(name, "veto.txt")).into_iter();
        let vetoes = vetoes.map(|veto| (veto.identity, format!("veto.txt, line {}", veto.line))).collect();
        let mut orphans = false;
        for option in more_options(name) {
            assert_eq!(option, "--orphans", "an option that `Inputs` does not know yet");
            orphans = true;
        }
        let leavers = list(scenario_leavers(name));
        let as_of = AS_OF.parse().unwrap();
        let request = Request { leavers, as_of, rosters, vetoes, orphans, ..Request::default() };
        let path = |export: String| root().join(export).to_str().unwrap().to_owned();
        Self { policy, request, exports: exports(name).into_iter().map(path).collect() }
    }

    /// The change files of a plan that was made from these inputs.
    pub fn change_files(&self, plan: &Plan) -> Files {
        let Self { policy, request, exports } = self;
        change_file::files(&RenderContext { plan, request, policy, exports, ticket: None })
    }

    /// Proves a plan that was made from these inputs.
    pub fn prove<E: Exports>(&self, reader: ExportsReader<'_, E>, plan: &Plan, files: &Files) -> Proof {
        let Self { policy, request, .. } = self;
        prove(&ProofInputs { reader, policy, request, plan, files }).unwrap()
    }
}
