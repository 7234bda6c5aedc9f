//! Undoes the reading of UTF-8 with a wrong code page, as shells on Windows do it to a pipe.
//!
//! Never repairs by halves: a line is undone only if all of it becomes valid UTF-8 again, and only
//! on evidence. Invariant: what is returned, read with that code
//! page, is the line that was given.

use encoding_rs::WINDOWS_1252;

/// The upper half of code page 437, byte 0x80 first (source: the Unicode mapping tables).
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of code page 850.
const CODE_PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Returns the text as it was written, if a wrong code page explains the whole line.
pub(super) fn undo(line: &str) -> Option<String> {
    if line.is_ascii() {
        return None;
    }
    [windows_1252, latin_1, code_page_437, code_page_850]
        .iter()
        .filter_map(|bytes_of| String::from_utf8(bytes_of(line)?).ok())
        .find(|undone| is_evident(undone))
}

/// Valid UTF-8 alone is no proof: `ßää` read backwards through code page 437 is a Korean letter.
/// The rule of a box is, and so are letters of Latin-1, whose first byte shows as `Ã` or `├`.
fn is_evident(undone: &str) -> bool {
    undone.contains(['╷', '│', '╵']) || undone.chars().all(|char| u32::from(char) <= 0xFF)
}

fn windows_1252(line: &str) -> Option<Vec<u8>> {
    let (bytes, _, has_unmappable) = WINDOWS_1252.encode(line);
    (!has_unmappable).then(|| bytes.into_owned())
}

fn latin_1(line: &str) -> Option<Vec<u8>> {
    line.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect()
}

fn code_page_437(line: &str) -> Option<Vec<u8>> {
    through(CODE_PAGE_437, line)
}

fn code_page_850(line: &str) -> Option<Vec<u8>> {
    through(CODE_PAGE_850, line)
}

fn through(upper_half: &str, line: &str) -> Option<Vec<u8>> {
    line.chars()
        .map(|char| match u8::try_from(char) {
            Ok(byte) if byte.is_ascii() => Some(byte),
            _ => {
                let place = upper_half.chars().position(|upper| upper == char)?;
                u8::try_from(0x80 + place).ok()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_page_is_undone_to_the_text_that_was_written() {
        for wrong in ["Γöé B├╝ro", "Ôöé B├╝ro", "â”‚ BÃ¼ro", "\u{e2}\u{94}\u{82} BÃ¼ro"]
        {
            assert_eq!(undo(wrong).as_deref(), Some("│ Büro"), "{wrong}");
        }
    }

    #[test]
    fn right_text_is_left_alone() {
        for right in ["plain", "│ Error: Büro", "╷", "Straße", "ÄÖÜ", "µ-Team", "東京"]
        {
            assert_eq!(undo(right), None, "{right}");
        }
    }

    #[test]
    fn the_tables_have_128_places() {
        assert_eq!(CODE_PAGE_437.chars().count(), 128);
        assert_eq!(CODE_PAGE_850.chars().count(), 128);
    }
}
