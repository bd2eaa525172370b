//! The outcome does not depend on how an input is read: by 1 to 16 threads, in blocks of 1 byte and more.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use offboard::directory::ExportsReader;
use offboard::directory::scan::{BlockText, Exports};
use offboard::io::exports::ExportFiles;
use offboard::io::ordered;
use offboard::io::source::{Block, ReadOptions, Source};
use offboard::ldif::lint::{self, Linter};
use offboard::ldif::{RecordReader, UrlPolicy, writer};
use offboard::plan::plan;
use offboard::policy::Server;
use offboard::render::record_json;
use offboard::revert::{RevertOptions, revert};
use offboard::simulate::{rewrite, simulate};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{Inputs, cases, paths_below, root, scenarios};

fn options(threads: usize, block: usize) -> ReadOptions {
    let number = |number| NonZeroUsize::new(number).unwrap();
    ReadOptions { threads: number(threads), block_size: number(block), ..ReadOptions::default() }
}

/// Numbers of threads and sizes of blocks. Half of the sizes are small, so that a block is less than a record.
fn ways() -> impl Strategy<Value = (usize, usize)> {
    (1_usize..=16, prop_oneof![1_usize..=64, 1_usize..=4096])
}

fn each_way(cases: usize, test: impl Fn(usize, usize)) {
    // The seed is fixed, so that a run can be repeated.
    let cases = u32::try_from(cases).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::default()));
    runner
        .run(&ways(), |(threads, block)| {
            test(threads, block);
            Ok(())
        })
        .unwrap();
}

/// Every record of a file as JSON with its line, or the error at which reading stops; and every problem that lint
/// reports.
fn read(path: &str, options: &ReadOptions) -> (Vec<String>, String) {
    let source = Source::open(path, options).unwrap();
    let mut records = Vec::new();
    let work = |block: &Block| {
        let reader = RecordReader::new(&block.bytes, block.first_line, UrlPolicy::Keep);
        let said = |record: Result<_, _>| match record {
            Ok(record) => {
                record_json::record(&record, true).map_or_else(|| format!("{record:?}"), |json| json.to_string())
            }
            Err(error) => format!("{error:?}"),
        };
        (reader.map(said).collect::<Vec<_>>(), lint::prescan(&block.bytes, block.first_line))
    };
    let mut blocks = source.blocks().unwrap();
    let encoding = blocks.encoding();
    let mut linter = Linter::new(None);
    let mut problems = Vec::new();
    linter.begin(encoding, &mut problems);
    let mut take = |(more, block)| {
        records.extend::<Vec<String>>(more);
        linter.prescanned_block(&block, &mut problems);
        ControlFlow::Continue(())
    };
    let _ = ordered::for_each_block(&mut blocks, options.threads, &work, &mut take).unwrap();
    linter.end(&mut problems);
    let fingerprint = blocks.fingerprint();
    (records, format!("{encoding:?} {fingerprint:?} {problems:?}"))
}

/// The LDIF files of the fixtures, and one of them in other encodings.
fn files(place: &Path) -> Vec<String> {
    let fixtures =
        ["fixtures/ldif", "fixtures/servers"].iter().flat_map(|folder| paths_below(&root().join(folder), "ldif"));
    let mut files: Vec<String> = fixtures.map(|path| path.to_str().unwrap().to_owned()).collect();
    let text = fs::read(root().join("fixtures/scenarios/note-active/export.ldif")).unwrap();
    let text = String::from_utf8(text).unwrap();
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
    };
    for (name, bytes) in [
        ("crlf.ldif", text.replace('\n', "\r\n").into_bytes()),
        ("mark.ldif", format!("\u{feff}{text}").into_bytes()),
        ("le.ldif", utf16(u16::to_le_bytes)),
        ("be.ldif", utf16(u16::to_be_bytes)),
        ("text.zst", zstd::encode_all(text.as_bytes(), 3).unwrap()),
        ("le.zst", zstd::encode_all(&utf16(u16::to_le_bytes)[..], 3).unwrap()),
        ("blank.ldif", b"\n\r\n\r\r\n\n \n# c\n\n".to_vec()),
        ("empty.ldif", Vec::new()),
        ("short.ldif", b"d".to_vec()),
    ] {
        let path = place.join(name);
        fs::write(&path, bytes).unwrap();
        files.push(path.to_str().unwrap().to_owned());
    }
    files
}

#[test]
fn records_and_their_faults() {
    let place = tempfile::tempdir().unwrap();
    let files = files(place.path());
    assert!(files.len() > 80, "only {} files", files.len());
    let whole: Vec<_> = files.iter().map(|file| read(file, &ReadOptions::default())).collect();
    let records: usize = whole.iter().map(|(records, _)| records.len()).sum();
    assert!(records > 200, "only {records} records");
    each_way(cases(8, 40), |threads, block| {
        for (file, whole) in files.iter().zip(&whole) {
            assert_eq!(read(file, &options(threads, block)), *whole, "{file}: {threads} threads, blocks of {block}");
        }
    });
}

/// Repairs do not depend on the size of the blocks.
#[test]
fn repairs() {
    let place = tempfile::tempdir().unwrap();
    for file in files(place.path()) {
        let by_size = |size: usize| {
            let mut blocks = Source::open(&file, &options(1, size)).unwrap().blocks().unwrap();
            let (mut problems, mut text) = (Vec::new(), Vec::new());
            let mut linter = Linter::new(Some(Server::OpenLdap));
            while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
                linter.block(&block.bytes, block.first_line, &mut problems, &mut text);
            }
            linter.end(&mut problems);
            (format!("{problems:?}"), String::from_utf8_lossy(&text).into_owned())
        };
        let whole = by_size(1 << 20);
        for size in [1, 2, 3, 7, 64, 500, 4096] {
            assert_eq!(by_size(size), whole, "{file}: blocks of {size}");
        }
    }
}

/// The plan of a scenario, its proof, the exports after it, and the records that undo it.
fn outcome(scenario: &str, options: &ReadOptions) -> String {
    let inputs = Inputs::read(scenario);
    let Inputs { policy, request, exports: names } = &inputs;
    let exports = ExportFiles::open(names, options).unwrap();
    let reader = ExportsReader::new(&exports, UrlPolicy::Refuse);
    let planned = match plan(reader, policy, request) {
        Ok(planned) => planned,
        Err(error) => return format!("{error:?}"),
    };
    let files = inputs.change_files(&planned);
    let proof = inputs.prove(reader, &planned, &files);
    let records: Vec<_> = planned.operations.iter().map(|operation| operation.record.clone()).collect();
    let server: Server = policy.directory.server;
    let outcome = simulate(&exports, UrlPolicy::Refuse, server, &records, true).unwrap();
    let mut after = Vec::new();
    rewrite(&exports, UrlPolicy::Refuse, &outcome.changes, &mut |part| {
        after.extend_from_slice(part);
        ControlFlow::Continue(())
    })
    .unwrap();
    let mut undo = Vec::new();
    let options = RevertOptions { schema: server.into(), relax: false };
    for record in revert(&exports, UrlPolicy::Refuse, &options, &records).unwrap().undo {
        writer::write_change(&mut undo, &record);
    }
    let mut told =
        format!("{:?} {:?} {:?} {:?}\n", planned.conflicts, planned.decision_items, planned.counted, planned.census);
    for account in &planned.accounts {
        writeln!(told, "{:?} {:?}", account.decision, account.entry.origin).unwrap();
    }
    writeln!(told, "{files:?}\n{:?} {:?}", proof.checks, proof.lost).unwrap();
    told.push_str(&String::from_utf8_lossy(&after));
    told.push_str(&String::from_utf8_lossy(&undo));
    told
}

#[test]
fn plans_proofs_simulations() {
    let scenarios = scenarios();
    assert!(scenarios.len() > 12);
    let whole: Vec<String> = scenarios.iter().map(|scenario| outcome(scenario, &ReadOptions::default())).collect();
    each_way(cases(2, 10), |threads, block| {
        for (scenario, whole) in scenarios.iter().zip(&whole) {
            let now = outcome(scenario, &options(threads, block));
            assert!(now == *whole, "{scenario}: {threads} threads, blocks of {block}\n{now}\n--- and not\n{whole}");
        }
    });
}

/// Reading that stops early delivers the records before that place and none after it.
#[test]
fn readings_that_stop_early() {
    let name = root().join("fixtures/scenarios/three-domains/export.ldif").to_str().unwrap().to_owned();
    let lines = |options: &ReadOptions, most: usize| {
        let exports = ExportFiles::open(std::slice::from_ref(&name), options).unwrap();
        let mut lines = Vec::new();
        let work = |block: BlockText<'_>| {
            let records = RecordReader::new(block.bytes, block.first_line, UrlPolicy::Refuse);
            records
                .flatten()
                .filter_map(|record| record_json::record(&record, true))
                .map(|json| json.to_string())
                .collect()
        };
        exports
            .for_each_block(&work, &mut |more: Vec<String>| {
                lines.extend(more);
                if lines.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .unwrap();
        lines.truncate(most);
        lines
    };
    let whole = lines(&ReadOptions::default(), 40);
    assert_eq!(whole.len(), 40);
    each_way(40, |threads, block| assert_eq!(lines(&options(threads, block), 40), whole, "{threads} {block}"));
}
