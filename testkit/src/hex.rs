/// Octets of a hex string; spaces, line breaks and a leading `0x` are skipped.
///
/// # Panics
///
/// Where it is not hex.
pub fn hex(text: &str) -> Vec<u8> {
    let text = text.trim();
    let digits: Vec<u8> =
        text.strip_prefix("0x").unwrap_or(text).bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).expect("a hex digit");
    assert!(digits.len().is_multiple_of(2), "an odd number of hex digits");
    digits.chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect()
}

/// Lower-case hex of octets.
pub fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
