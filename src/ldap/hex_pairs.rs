//! Bytes written as a mark and two hexadecimal digits: `%28` in a URL, `\28` in a filter.

/// The bytes that a text stands for. A mark without two digits behind it stands for itself.
pub fn decoded(text: &[u8], mark: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        if let (true, Some(high), Some(low)) = (byte == mark, digit(0), digit(1)) {
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
    fn pairs() {
        for (text, mark, expected) in
            [("a%28b%2", b'%', "a(b%2"), (r"a\28%28\", b'\\', r"a(%28\"), ("%%41%zz", b'%', "%A%zz")]
        {
            assert_eq!(decoded(text.as_bytes(), mark), expected.as_bytes(), "{text}");
        }
    }
}
