//! Options of the subcommands that set up a site: `init`, `policy`, `schema`, `completions`, `man`.

use camino::Utf8PathBuf;
use clap::ValueEnum;

/// `offboard init`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  offboard init sun-comms > policy.toml

Presets: sun-comms, sun-calendar, messaging-5, openldap, 389ds, active-directory. A preset is a
complete policy. A policy that begins with preset = \"NAME\" contains only what differs from it.")]
pub struct Init {
    /// Name of a preset
    #[arg(value_name = "PRESET")]
    pub preset: String,
}

/// `offboard policy`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  offboard policy policy.toml > in-force.toml

The output is TOML and is itself a policy with the same effect. The comment after a key shows where its value
comes from: the preset, or the file and line. Keys of the preset that the policy removes (`key = false`) are
listed first.")]
pub struct Policy {
    /// The policy: a file, or the name of a preset
    #[arg(value_name = "POLICY")]
    pub policy: String,
}

/// `offboard schema`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: let an editor complete and check a policy (`offboard init` writes the line that refers to the schema)
  offboard schema policy > offboard-policy.json")]
pub struct Schema {
    /// The file whose schema is printed
    #[arg(value_enum, value_name = "FILE")]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    /// The policy.
    Policy,
    /// plan.json of a change set.
    Plan,
}

/// `offboard completions`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  offboard completions bash > ~/.local/share/bash-completion/completions/offboard
  offboard completions zsh > ~/.zfunc/_offboard
  offboard completions fish > ~/.config/fish/completions/offboard.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `offboard man`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard man ~/.local/share/man/man1 && man offboard-plan")]
pub struct Man {
    /// Folder to write offboard.1, offboard-plan.1 and the others to; it must exist
    #[arg(value_name = "DIR")]
    pub folder: Utf8PathBuf,
}
