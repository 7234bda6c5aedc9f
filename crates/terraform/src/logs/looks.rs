//! What an input looks like that holds no output of Terraform's, for the message that says so.
//!
//! Never decides whether it does. Invariant: looks at the beginning alone.

/// Beginnings of files that are no text.
const MAGIC: [(&[u8], &str); 17] = [
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "an image or a sound"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program of Windows"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd: unpack it first"),
    (b"\xfd7zXZ", "a file packed with xz: unpack it first"),
    (b"BZh", "a file packed with bzip2: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\x1f\x8b", "a file packed with gzip"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\xd0\xcf\x11\xe0", "a document of Office"),
];

/// Beginnings of texts, in lower case.
const TEXTS: [(&str, &str); 5] = [
    ("<!doctype html", "HTML without Terraform's output"),
    ("<html", "HTML without Terraform's output"),
    ("<?xml", "XML without Terraform's output"),
    ("{\"format_version\"", "the JSON of a plan or a state, which divvy check --plan reads"),
    ("resource \"", "a configuration"),
];

/// Says what bytes look like.
pub(super) fn looks_like(head: &[u8]) -> &'static str {
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return name;
    }
    let is_utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let kept: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let zeros = head.len() - kept.len();
    let text = String::from_utf8_lossy(&kept).to_lowercase();
    let text = text.trim_start_matches(['\u{feff}', '\u{fffd}']).trim();
    if text.is_empty() {
        return "empty";
    }
    if let Some((_, name)) = TEXTS.iter().find(|(begin, _)| text.starts_with(begin)) {
        return name;
    }
    let controls = kept.iter().filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31)).count();
    if !is_utf16 && zeros * 4 > head.len() * 3 || controls * 8 > kept.len() {
        return "binary data";
    }
    if text.starts_with(['{', '[']) {
        return "JSON without a message of Terraform's";
    }
    if text.contains("<html") || text.contains("<head") || text.contains("<body") {
        return "HTML without Terraform's output";
    }
    "text without Terraform's output"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_called_by_what_they_look_like() {
        for (bytes, name) in [
            (&b""[..], "empty"),
            (b" \n\n", "empty"),
            (b"\x89PNG\r\n\x1a\n", "a PNG image"),
            (b"<!DOCTYPE html><title>Sign in</title>", "HTML without Terraform's output"),
            (b"{\"message\": \"Not found\"}", "JSON without a message of Terraform's"),
            (b"npm ERR! code 1\n", "text without Terraform's output"),
            (b"\x01\x02\x03\x04abc\x05\x06", "binary data"),
            (b"\xff\xfen\0p\0m\0", "text without Terraform's output"),
        ] {
            assert_eq!(looks_like(bytes), name, "{bytes:?}");
        }
    }
}
