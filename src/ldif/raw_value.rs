//! Values as the file gives them, folded or in base64, and decoded on demand.
//!
//! Most values of an export are never looked at, and a photo is several thousand bytes of base64.

use std::borrow::Cow;
use std::cell::OnceCell;

use data_encoding::BASE64;
use memchr::memchr;

/// The bytes after the colons of a line. Base64 was checked when the line was read, so decoding cannot fail.
#[derive(Clone, Debug)]
pub struct RawValue<'b> {
    /// With the spaces before the value, the folds and the line end.
    text: &'b [u8],
    is_base64: bool,
    decoded: OnceCell<Box<[u8]>>,
}

impl<'b> RawValue<'b> {
    /// Wraps the bytes after the colons. The caller has checked that base64 decodes.
    pub(super) fn new(text: &'b [u8], is_base64: bool) -> Self {
        Self { text, is_base64, decoded: OnceCell::new() }
    }

    /// The value, decoded on the first call.
    pub fn bytes(&self) -> &[u8] {
        self.decoded.get_or_init(|| self.decode().into())
    }

    fn decode(&self) -> Vec<u8> {
        let pieces = pieces(self.text);
        let text: Cow<'_, [u8]> = match pieces.clone().nth(1) {
            None => Cow::Borrowed(self.text),
            Some(_) => Cow::Owned(pieces.flatten().copied().collect()),
        };
        if !self.is_base64 {
            return strip_fill(&text).to_vec();
        }
        // `new` requires that it decodes.
        BASE64.decode(base64_digits(&text)).unwrap_or_default()
    }
}

/// The value without the spaces between it and the colon.
pub(super) fn strip_fill(raw: &[u8]) -> &[u8] {
    match raw {
        // The common case: one space.
        [b' ', value @ ..] if value.first() != Some(&b' ') => value,
        _ => &raw[raw.iter().take_while(|byte| **byte == b' ').count()..],
    }
}

/// Base64 without the spaces around it.
pub(super) fn base64_digits(raw: &[u8]) -> &[u8] {
    let digits = strip_fill(raw);
    &digits[..digits.len() - digits.iter().rev().take_while(|byte| **byte == b' ').count()]
}

/// The pieces of a folded value, one for each physical line, without the space of the fold and the line end.
pub(super) fn pieces(raw: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = Some(raw);
    let mut is_first = true;
    std::iter::from_fn(move || {
        let text = rest.take().filter(|text| is_first || !text.is_empty())?;
        let (line, next) = memchr(b'\n', text).map_or((text, None), |end| (&text[..end], Some(&text[end + 1..])));
        rest = next;
        let piece = if std::mem::take(&mut is_first) { line } else { line.get(1..).unwrap_or_default() };
        Some(piece.strip_suffix(b"\r").unwrap_or(piece))
    })
}
