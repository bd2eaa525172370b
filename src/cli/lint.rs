//! `offboard lint`: the problems of LDIF files, and the files with everything fixed that is safe to fix.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::args::{self, Global, LintFormat};
use super::{Diagnostic, Exit, Outcome, check_stdout, schema_files};
use crate::io::ordered;
use crate::io::source::{Block, ReadOptions, Source};
use crate::ldap::schema::Schema;
use crate::ldif::error::without_secret;
use crate::ldif::lint::{self, Linter, Prescan, Problem, Severity};
use crate::render::count::counted;
use crate::render::problems::{self, Counts};
use crate::render::sanitize::Secrets;

pub fn run(command: &args::Lint, global: &Global) -> Outcome {
    if command.fix && command.files.len() > 1 {
        return Err(vec![Diagnostic::error("--fix takes one file, because the fixed text goes to standard output")]);
    }
    let described = Arc::new(schema_files::read(&command.schema, global)?);
    let needs_equality = command.target.map_or(!described.is_empty(), |server| server.profile().needs_equality);
    let equality = needs_equality.then(|| Arc::clone(&described));
    let mut output = ProblemOutput {
        format: command.format,
        fix: command.fix,
        quiet: global.quiet,
        counts: Counts::default(),
        schema: Arc::clone(&described),
        out: BufWriter::new(io::stdout().lock()),
        first: true,
    };
    let start = match command.format {
        LintFormat::Text => String::new(),
        LintFormat::Json => problems::JSON_START.to_owned(),
        LintFormat::Sarif => problems::sarif_start(),
    };
    let linter = || Linter::new(command.target).needing_equality(equality.clone());
    let quick = command.target.is_none() && equality.is_none();
    let mut outcome = output.out.write_all(start.as_bytes());
    let mut faults = Vec::new();
    for name in &command.files {
        if outcome.is_err() {
            break;
        }
        match lint_file(name, linter(), quick, &global.reading(), &mut output) {
            Ok(()) => {}
            Err(Stopped::Input(error)) => faults.push(Diagnostic::io(name, &error)),
            Err(Stopped::Output(error)) => outcome = Err(error),
        }
    }
    let Counts { errors, warnings, notes, repaired } = output.counts;
    let end = match command.format {
        LintFormat::Text => String::new(),
        LintFormat::Json => problems::json_end(output.counts),
        LintFormat::Sarif => problems::SARIF_END.to_owned(),
    };
    outcome = outcome.and_then(|()| output.out.write_all(end.as_bytes())).and_then(|()| output.out.flush());
    check_stdout(outcome)?;
    if !global.quiet {
        let fixed = if command.fix { format!(", {repaired} fixed") } else { String::new() };
        let counts = [counted(errors, "error"), counted(warnings, "warning"), counted(notes, "note")];
        Diagnostic::print_line(&format!("{}{fixed}", counts.join(", ")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let left = output.counts.findings() - if command.fix { repaired } else { 0 };
    Ok(if left == 0 { Exit::Done } else { Exit::Findings })
}

/// Which side failed, so that a file was not linted to its end.
enum Stopped {
    Input(io::Error),
    Output(io::Error),
}

/// Where problems are written, in the chosen format, and how many there were.
struct ProblemOutput<W> {
    format: LintFormat,
    fix: bool,
    quiet: bool,
    counts: Counts,
    /// The schema, which shows more secrets than names do.
    schema: Arc<Schema>,
    out: W,
    /// No problem was written yet: no comma is needed.
    first: bool,
}

impl<W: Write> ProblemOutput<W> {
    fn add(&mut self, file: &str, found: &mut [Problem]) -> io::Result<()> {
        let secrets = Secrets::default().with_schema(&self.schema);
        for problem in found.iter_mut().filter(|_| !self.schema.is_empty()) {
            if let Some(shown) = without_secret(&problem.excerpt, &|name| secrets.is_secret(name)) {
                problem.excerpt = shown;
            }
        }
        for problem in &*found {
            self.counts.add(problem);
            if self.fix {
                // Only what was not fixed needs attention.
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

/// Lints one file.
fn lint_file<W: Write>(
    name: &str,
    mut linter: Linter,
    quick: bool,
    options: &ReadOptions,
    output: &mut ProblemOutput<W>,
) -> Result<(), Stopped> {
    let mut blocks = Source::open(name, options).and_then(|source| source.blocks()).map_err(Stopped::Input)?;
    let mut found = Vec::new();
    linter.begin(blocks.encoding(), &mut found);
    if !output.fix && quick {
        let mut stopped = Ok(());
        let prescan = |block: &Block| lint::prescan(&block.bytes, block.first_line);
        let mut take = |block: Prescan| {
            linter.prescanned_block(&block, &mut found);
            stopped = output.add(name, &mut found);
            found.clear();
            if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // If writing failed, `stopped` has the error.
        let _ = ordered::for_each_block(&mut blocks, options.threads, &prescan, &mut take).map_err(Stopped::Input)?;
        stopped.map_err(Stopped::Output)?;
        linter.end(&mut found);
        return output.add(name, &mut found).map_err(Stopped::Output);
    }
    let mut repaired = Vec::new();
    let mut buffer = Vec::new();
    while let Some(block) = blocks.next_block(buffer).map_err(Stopped::Input)? {
        linter.block(&block.bytes, block.first_line, &mut found, &mut repaired);
        output.add(name, &mut found).map_err(Stopped::Output)?;
        if output.fix {
            output.out.write_all(&repaired).map_err(Stopped::Output)?;
        }
        found.clear();
        repaired.clear();
        buffer = block.bytes;
    }
    linter.end(&mut found);
    output.add(name, &mut found).map_err(Stopped::Output)
}
