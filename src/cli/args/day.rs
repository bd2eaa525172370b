//! The options of the day for which a command plans or audits.

use jiff::civil::Date;

use crate::ldap::time::iso_date;

/// `--as-of` and `--allow-date`
#[derive(Debug, clap::Args)]
pub struct DayOption {
    /// The day, YYYY-MM-DD [default: today in UTC, or `SOURCE_DATE_EPOCH`]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Option<Date>,
    /// Accept the day of --as-of although it is more than 14 days from today, or before the newest time stamp in the exports
    #[arg(long, requires = "as_of")]
    pub allow_date: bool,
}

fn day(text: &str) -> Result<Date, String> {
    iso_date(text.as_bytes()).map_err(|error| format!("{error}; write YYYY-MM-DD"))
}
