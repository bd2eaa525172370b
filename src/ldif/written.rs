//! Values as they are written: with their folds, or in base64, decoded when somebody asks for them.
//!
//! Most values of an export are never looked at, and a photo is some thousand bytes of base64.

use std::borrow::Cow;
use std::cell::OnceCell;

use data_encoding::BASE64;
use memchr::memchr;

/// What stands behind the colons of a line, which was checked when the line was read: it decodes.
#[derive(Clone, Debug)]
pub struct Written<'b> {
    /// With the blanks before it, its folds and its line end.
    text: &'b [u8],
    is_base64: bool,
    value: OnceCell<Box<[u8]>>,
}

impl<'b> Written<'b> {
    /// A value that is written so. Base64 must have been checked.
    pub(super) fn new(text: &'b [u8], is_base64: bool) -> Self {
        Self { text, is_base64, value: OnceCell::new() }
    }

    /// The value.
    pub fn bytes(&self) -> &[u8] {
        self.value.get_or_init(|| self.decode().into())
    }

    fn decode(&self) -> Vec<u8> {
        let parts = folds(self.text);
        let text: Cow<'_, [u8]> = match parts.clone().nth(1) {
            None => Cow::Borrowed(self.text),
            Some(_) => Cow::Owned(parts.flatten().copied().collect()),
        };
        if !self.is_base64 {
            return without_fill(&text).to_vec();
        }
        // Who made this has seen that it decodes.
        BASE64.decode(digits_of(&text)).unwrap_or_default()
    }
}

/// What stands behind the blanks.
pub(super) fn without_fill(written: &[u8]) -> &[u8] {
    match written {
        // Nearly always one.
        [b' ', value @ ..] if value.first() != Some(&b' ') => value,
        _ => &written[written.iter().take_while(|byte| **byte == b' ').count()..],
    }
}

/// base64 without the blanks around it.
pub(super) fn digits_of(written: &[u8]) -> &[u8] {
    let digits = without_fill(written);
    &digits[..digits.len() - digits.iter().rev().take_while(|byte| **byte == b' ').count()]
}

/// The parts of a folded value as they stand on their physical lines.
pub(super) fn folds(written: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = Some(written);
    let mut is_first = true;
    std::iter::from_fn(move || {
        let text = rest.take().filter(|text| is_first || !text.is_empty())?;
        let (line, next) = memchr(b'\n', text).map_or((text, None), |end| (&text[..end], Some(&text[end + 1..])));
        rest = next;
        let part = if std::mem::take(&mut is_first) { line } else { line.get(1..).unwrap_or_default() };
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    })
}
