//! Bytes that are written as an escape character and two hexadecimal digits: `%28` in a URL, `\28` in a filter.

/// Decodes the escapes of a text. An escape character that is not followed by two digits is kept.
pub fn decode_hex_escapes(text: &[u8], escape: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        if let (true, Some(high), Some(low)) = (byte == escape, digit(0), digit(1)) {
            bytes.extend(u8::try_from(high * 16 + low));
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_complete_escapes() {
        for (text, escape, expected) in
            [("a%28b%2", b'%', "a(b%2"), (r"a\28%28\", b'\\', r"a(%28\"), ("%%41%zz", b'%', "%A%zz")]
        {
            assert_eq!(decode_hex_escapes(text.as_bytes(), escape), expected.as_bytes(), "{text}");
        }
    }
}
