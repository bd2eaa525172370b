//! The only part, with `cli`, that touches files and the machine: exports come in, change sets go out.

pub mod change_set;
pub mod digest;
pub mod exports;
pub mod half_written;
pub mod new_file;
pub mod ordered;
pub mod output;
pub mod schema_files;
pub mod source;
pub mod threads;
pub mod url_folder;
mod utf16;
