//! `offboard lint`: every problem of LDIF files, and the files with those mended that can be mended for certain.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::args::{self, Global, LintFormat, TargetArg};
use super::{Diagnostic, Exit, Outcome, schema_files, written};
use crate::io::ordered;
use crate::io::source::{Block, ReadOptions, Source};
use crate::ldif::lint::{self, Linter, Prescan, Problem, Severity};
use crate::policy::Server;
use crate::render::problems::{self, Counts};

/// Runs it.
pub fn run(command: &args::Lint, global: &Global) -> Outcome {
    if command.fix && command.files.len() > 1 {
        return Err(vec![Diagnostic::trouble("--fix takes one file: its repaired text goes to standard output")]);
    }
    let described = Arc::new(schema_files::read(&command.schema, global)?);
    let needs_equality = command.target.map_or(!described.is_empty(), |target| server(target).profile().needs_equality);
    let equality = needs_equality.then_some(described);
    let mut report = Report {
        format: command.format,
        fix: command.fix,
        quiet: global.quiet,
        counts: Counts::default(),
        out: BufWriter::new(io::stdout().lock()),
        first: true,
    };
    let start = match command.format {
        LintFormat::Text => String::new(),
        LintFormat::Json => problems::JSON_START.to_owned(),
        LintFormat::Sarif => problems::sarif_start(),
    };
    let linter = || Linter::new(command.target.map(server)).needing_equality(equality.clone());
    let quick = command.target.is_none() && equality.is_none();
    let mut outcome = report.out.write_all(start.as_bytes());
    let mut faults = Vec::new();
    for name in &command.files {
        if outcome.is_err() {
            break;
        }
        match file(name, linter(), quick, &global.reading(), &mut report) {
            Ok(()) => {}
            Err(Stopped::Input(error)) => faults.push(Diagnostic::io(name, &error)),
            Err(Stopped::Output(error)) => outcome = Err(error),
        }
    }
    let Counts { errors, warnings, notes, repaired } = report.counts;
    let end = match command.format {
        LintFormat::Text => String::new(),
        LintFormat::Json => problems::json_end(report.counts),
        LintFormat::Sarif => problems::SARIF_END.to_owned(),
    };
    outcome = outcome.and_then(|()| report.out.write_all(end.as_bytes())).and_then(|()| report.out.flush());
    written(outcome)?;
    if !global.quiet {
        let fixed = if command.fix { format!(", repaired: {repaired}") } else { String::new() };
        // Nobody to tell if standard error is gone.
        let _ = writeln!(anstream::stderr(), "errors: {errors}, warnings: {warnings}, notes: {notes}{fixed}");
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let left = report.counts.findings() - if command.fix { repaired } else { 0 };
    Ok(if left == 0 { Exit::Done } else { Exit::Findings })
}

/// Why a file was not read to its end.
enum Stopped {
    Input(io::Error),
    Output(io::Error),
}

/// Where problems go.
struct Report<W> {
    format: LintFormat,
    fix: bool,
    quiet: bool,
    counts: Counts,
    out: W,
    first: bool,
}

impl<W: Write> Report<W> {
    fn add(&mut self, file: &str, found: &[Problem]) -> io::Result<()> {
        for problem in found {
            self.counts.add(problem);
            if self.fix {
                // What is repaired needs nobody; what is not, does.
                if !self.quiet && !problem.repaired && problem.severity > Severity::Note {
                    let _ = write!(anstream::stderr(), "{}", problems::text(file, problem));
                }
                continue;
            }
            let object = match self.format {
                LintFormat::Text if self.quiet && problem.severity == Severity::Note => continue,
                LintFormat::Text => {
                    self.out.write_all(problems::text(file, problem).as_bytes())?;
                    continue;
                }
                LintFormat::Json => problems::object(file, problem),
                LintFormat::Sarif => problems::sarif_result(file, problem),
            };
            let comma = if std::mem::take(&mut self.first) { "" } else { "," };
            write!(self.out, "{comma}\n{object}")?;
        }
        Ok(())
    }
}

fn file<W: Write>(
    name: &str,
    mut linter: Linter,
    quick: bool,
    options: &ReadOptions,
    report: &mut Report<W>,
) -> Result<(), Stopped> {
    let mut blocks = Source::open(name, options).and_then(|source| source.blocks()).map_err(Stopped::Input)?;
    let mut found = Vec::new();
    linter.begin(blocks.encoding(), &mut found);
    if !report.fix && quick {
        let mut stopped = Ok(());
        let prescan = |block: &Block| lint::prescan(&block.bytes, block.first_line);
        let mut take = |block: Prescan| {
            linter.prescanned_block(&block, &mut found);
            stopped = report.add(name, &found);
            found.clear();
            if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // If writing failed, `stopped` has the error.
        let _ = ordered::for_each_block(&mut blocks, options.threads, &prescan, &mut take).map_err(Stopped::Input)?;
        stopped.map_err(Stopped::Output)?;
        linter.end(&mut found);
        return report.add(name, &found).map_err(Stopped::Output);
    }
    let mut repaired = Vec::new();
    let mut buffer = Vec::new();
    while let Some(block) = blocks.next_block(buffer).map_err(Stopped::Input)? {
        linter.block(&block.bytes, block.first_line, &mut found, &mut repaired);
        report.add(name, &found).map_err(Stopped::Output)?;
        if report.fix {
            report.out.write_all(&repaired).map_err(Stopped::Output)?;
        }
        found.clear();
        repaired.clear();
        buffer = block.bytes;
    }
    linter.end(&mut found);
    report.add(name, &found).map_err(Stopped::Output)
}

/// The server of a target.
fn server(target: TargetArg) -> Server {
    match target {
        TargetArg::Openldap => Server::OpenLdap,
        TargetArg::Ds389 => Server::Ds389,
        TargetArg::Dsee => Server::Dsee,
        TargetArg::Opendj => Server::OpenDj,
        TargetArg::Ad => Server::ActiveDirectory,
    }
}
