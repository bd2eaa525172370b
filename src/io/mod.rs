//! Reading exports and schema files, and writing change sets and other files.
//!
//! Only this module and `cli` touch the file system, threads and other resources of the machine.

pub mod change_set;
pub mod digest;
pub mod exports;
pub mod half_written;
pub mod input_file;
pub mod kept_by_others;
pub mod new_file;
pub mod ordered;
pub mod output;
pub mod schema_files;
pub mod source;
pub mod threads;
pub mod url_folder;
mod utf16;
