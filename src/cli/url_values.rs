//! `--url-folder`: the files from which values given as `:< file:///...` may be read.

use super::Diagnostic;
use super::args::Global;
use crate::io::url_folder::UrlFolder;
use crate::ldif::UrlPolicy;
use crate::ldif::reader::ResolveUrl;

/// Reads the files that URLs name, if `--url-folder` was given.
pub struct UrlValues(Option<Box<ResolveUrl<'static>>>);

impl UrlValues {
    /// Opens the folder of `--url-folder`; it is an error if it cannot be opened.
    pub fn open(global: &Global) -> Result<Self, Vec<Diagnostic>> {
        let Some(folder) = &global.url_folder else { return Ok(Self(None)) };
        let folder =
            UrlFolder::new(folder).map_err(|error| vec![Diagnostic::io(&format!("--url-folder {folder}"), &error)])?;
        Ok(Self(Some(Box::new(move |url| folder.resolve(url)))))
    }

    /// What readers do with a URL: read the file in the folder, or refuse the record if no folder was given.
    pub fn policy(&self) -> UrlPolicy<'_> {
        match &self.0 {
            Some(resolve) => UrlPolicy::Resolve(resolve.as_ref()),
            None => UrlPolicy::Refuse,
        }
    }
}
