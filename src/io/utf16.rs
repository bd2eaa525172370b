//! A reader that converts UTF-16, which `ldifde -u` writes, to UTF-8.

use std::io::{self, Read};

/// Decodes UTF-16 in one byte order, from after the byte order mark.
pub(super) struct Utf16Reader<R> {
    inner: R,
    big_endian: bool,
    /// Bytes that are not a complete character yet.
    pending: Vec<u8>,
    /// Decoded bytes, and how many of them the caller has read.
    decoded: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf16Reader<R> {
    pub fn new(inner: R, big_endian: bool) -> Self {
        Self { inner, big_endian, pending: Vec::new(), decoded: Vec::new(), given: 0 }
    }

    /// Adds bytes that were read together with the byte order mark.
    pub fn push_back(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    fn unit(&self, pair: &[u8]) -> u16 {
        let pair = [pair[0], pair[1]];
        if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    /// Reads and decodes more; `decoded` stays empty at the end of the input.
    fn refill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8192];
        self.decoded.clear();
        self.given = 0;
        while self.decoded.is_empty() {
            let read = self.inner.read(&mut buffer)?;
            if read == 0 {
                let is_complete = self.pending.is_empty();
                return if is_complete { Ok(()) } else { Err(invalid("the text ends inside a character")) };
            }
            self.pending.extend_from_slice(&buffer[..read]);
            let mut usable = self.pending.len() & !1;
            // A high surrogate at the end waits for the low one.
            if usable >= 2 && (0xD800..0xDC00).contains(&self.unit(&self.pending[usable - 2..usable])) {
                usable -= 2;
            }
            let units = self.pending[..usable].chunks_exact(2).map(|pair| self.unit(pair));
            let mut text = String::with_capacity(usable);
            for character in char::decode_utf16(units) {
                text.push(character.map_err(|_| invalid("an unpaired surrogate"))?);
            }
            self.pending.drain(..usable);
            self.decoded = text.into_bytes();
        }
        Ok(())
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-16: {what}"))
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.decoded.len() {
            self.refill()?;
        }
        let count = out.len().min(self.decoded.len() - self.given);
        out[..count].copy_from_slice(&self.decoded[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_surrogates_at_every_cut() {
        /// Gives one byte at a time, so that the text is cut everywhere.
        struct OneByte<'a>(&'a [u8]);
        impl Read for OneByte<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(1);
                out[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let text = "dn: cn=Zoë,o=\u{1f600}\r\n";
        for big_endian in [false, true] {
            let order = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            let mut read = String::new();
            Utf16Reader::new(OneByte(&bytes), big_endian).read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
            let cut = Utf16Reader::new(&bytes[..bytes.len() - 1], big_endian).read_to_string(&mut String::new());
            assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
