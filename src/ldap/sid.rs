//! Security identifiers (MS-DTYP, 2.4.2): `S-1-5-21-1-2-3-512`. The last number is the relative identifier of the account or
//! group in its domain (RID).

/// A SID as text, from the binary form of `objectSid` or from text; `None` for anything else.
pub fn sid_text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() > 2 && text[..2].eq_ignore_ascii_case("S-"));
    if let Some(text) = text {
        return Some(text.to_ascii_uppercase());
    }
    let (&[revision, count], rest) = value.split_first_chunk::<2>()?;
    let (authority, numbers) = rest.split_first_chunk::<6>()?;
    if revision != 1 || numbers.len() != 4 * usize::from(count) {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let numbers = numbers.chunks_exact(4).filter_map(|chunk| chunk.try_into().ok()).map(u32::from_le_bytes);
    Some(numbers.fold(format!("S-{revision}-{authority}"), |text, number| format!("{text}-{number}")))
}

/// The SID of the domain, and the relative identifier.
pub fn split_sid(sid: &str) -> Option<(&str, &str)> {
    sid.rsplit_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_and_text() {
        let binary = [1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0, 2, 0, 0];
        assert_eq!(sid_text(&binary).as_deref(), Some("S-1-5-21-512"));
        assert_eq!(sid_text(b"s-1-5-21-512").as_deref(), Some("S-1-5-21-512"));
        assert_eq!(split_sid("S-1-5-21-512"), Some(("S-1-5-21", "512")));
        for bad in [&binary[..15], b"", b"\x01\xff", b"512"] {
            assert_eq!(sid_text(bad), None);
        }
    }
}
