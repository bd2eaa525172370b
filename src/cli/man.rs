//! `offboard man`: a manual page for the program and for each subcommand, generated from the command line parser.

use std::fs;
use std::io;

use camino::Utf8Path;
use clap::builder::Resettable;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::{self, Args};
use super::{Diagnostic, Exit, Outcome};

pub fn run(command: &args::Man) -> Outcome {
    // `offboard help` needs no page of its own.
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let pages = std::iter::once(&program).chain(program.get_subcommands());
    for page in pages.filter(|page| !page.is_hide_set()) {
        write_page(page, &command.folder)
            .map_err(|error| vec![Diagnostic::error(format!("{}: {error}", command.folder))])?;
    }
    Ok(Exit::Done)
}

fn write_page(command: &Command, folder: &Utf8Path) -> io::Result<()> {
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // The generator would join the lines of the examples.
    let man = Man::new(command.clone().after_help(Resettable::Reset))
        .source(concat!("offboard ", env!("CARGO_PKG_VERSION")))
        .manual("offboard");
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.extend_from_slice(b".SH EXAMPLES\n.nf\n");
    page.extend_from_slice(preformatted(&examples).as_bytes());
    page.extend_from_slice(b".fi\n");
    fs::write(folder.join(man.get_filename()), page)
}

/// Escapes text for roff: nothing in it is a request or an escape, and hyphens can be copied into a shell.
fn preformatted(text: &str) -> String {
    let line = |line: &str| {
        let shown = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
        let guard = if shown.starts_with('.') { "\\&" } else { "" };
        format!("{guard}{shown}\n")
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines() {
        for (text, expected) in [
            ("a --b", "a \\-\\-b\n"),
            (".x\n'y'", "\\&.x\n\\(aqy\\(aq\n"),
            ("J\\2C", "J\\e2C\n"),
            ("", ""),
            ("a\n\nb", "a\n\nb\n"),
        ] {
            assert_eq!(preformatted(text), expected, "{text}");
        }
    }
}
