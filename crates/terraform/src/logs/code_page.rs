//! Undoes the reading of UTF-8 with a wrong code page, as shells on Windows do it to a pipe.
//!
//! Never repairs by halves: a line is undone only if all of it becomes valid UTF-8 again, and only
//! on evidence. Invariant: what is returned, read with that code
//! page, is the line that was given.

use std::sync::LazyLock;

/// The code pages that a shell may have read with: the letters of their upper halves, byte 0x80
/// first. Each spells ASCII as itself.
static CODE_PAGES: LazyLock<[Vec<char>; 4]> = LazyLock::new(|| {
    let latin_1 = || '\u{80}'..='\u{ff}';
    [
        CODE_PAGE_1252.chars().chain(latin_1().skip(0x20)).collect(),
        latin_1().collect(),
        CODE_PAGE_437.chars().collect(),
        CODE_PAGE_850.chars().collect(),
    ]
});

/// Places in an upper half whose bytes begin a character of UTF-8.
const LEADS: std::ops::RangeInclusive<usize> = 0x42..=0x74;

/// The bytes 0x80 to 0x9F of code page 1252; the others are Latin-1's (source: WHATWG, Encoding).
const CODE_PAGE_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// The upper half of code page 437 (source: the Unicode mapping tables).
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of code page 850.
const CODE_PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Returns the text as it was written, if a wrong code page explains the whole line.
pub(super) fn undo(line: &str) -> Option<String> {
    let start = line.bytes().position(|byte| !byte.is_ascii())?;
    let first = line[start..].chars().next()?;
    // Most lines are well: their first letter beyond ASCII already shows it.
    let may_be = |page: &&Vec<char>| page[LEADS].contains(&first);
    let mut undone = CODE_PAGES.iter().filter(may_be).filter_map(|page| through(page, line));
    undone.find(|undone| is_evident(undone))
}

/// Valid UTF-8 alone is no proof: `ßää` read backwards through code page 437 is a Korean letter.
/// The rule of a box is, and so are letters of Latin-1, whose first byte shows as `Ã` or `├`.
fn is_evident(undone: &str) -> bool {
    undone.contains(['╷', '│', '╵']) || undone.chars().all(|char| u32::from(char) <= 0xFF)
}

/// Reads the bytes that a code page showed as this line.
fn through(page: &[char], line: &str) -> Option<String> {
    let byte_of = |char| match u8::try_from(char) {
        Ok(byte) if byte.is_ascii() => Some(byte),
        _ => u8::try_from(0x80 + page.iter().position(|&upper| upper == char)?).ok(),
    };
    String::from_utf8(line.chars().map(byte_of).collect::<Option<_>>()?).ok()
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
    fn each_table_has_128_places_and_1252_is_that_of_the_decoder() {
        assert!(CODE_PAGES.iter().all(|page| page.len() == 128));
        let bytes: Vec<u8> = (0x80..=0xff).collect();
        let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes);
        assert!(CODE_PAGES[0].iter().copied().eq(decoded.chars()));
    }
}
