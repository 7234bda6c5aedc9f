//! Splits Rust source text into identifiers and punctuation.
//!
//! Never keeps a comment, a literal or a lifetime.
//! Invariant: brackets of what is left are balanced if those of the text are.

/// Source text in pieces.
pub(super) type Tokens = Vec<String>;

/// Returns whether a token is an identifier or a keyword.
pub(super) fn is_identifier(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Returns the tokens of a file, without what is compiled for tests only.
pub(super) fn tokens(text: &str) -> Tokens {
    without_tests(&all(text))
}

/// Returns where the bracket closes that is opened at `open`.
pub(super) fn closing(tokens: &[String], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    (open..tokens.len()).find(|at| {
        match tokens[*at].as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// Returns all tokens of a file.
pub(super) fn all(text: &str) -> Tokens {
    let mut tokens = Tokens::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => comment(rest),
            '"' => 1 + text_end(&rest[1..]),
            '\'' => quote(rest),
            _ if first.is_alphanumeric() || first == '_' => {
                let is_part = |one: char| one.is_alphanumeric() || one == '_';
                let word = rest.find(|one| !is_part(one)).unwrap_or(rest.len());
                match raw(&rest[..word], &rest[word..]) {
                    Some(literal) => word + literal,
                    None => {
                        tokens.push(rest[..word].to_owned());
                        word
                    }
                }
            }
            _ if rest.starts_with("::") => {
                tokens.push("::".to_owned());
                2
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(first.to_string());
                }
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    tokens
}

/// The length of a comment between `/*` and `*/`, with those in it.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Where a text ends whose opening quote is before it.
fn text_end(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

/// The length of a character or a lifetime.
fn quote(text: &str) -> usize {
    let inner = &text[1..];
    let mut characters = inner.char_indices();
    let first = characters.next().map(|(_, one)| one);
    let second = characters.next();
    match (first, second) {
        (Some('\\'), Some((_, escaped))) => {
            let after = 2 + escaped.len_utf8();
            after + text[after..].find('\'').map_or(0, |end| end + 1)
        }
        (Some(_), Some((at, '\''))) => 1 + at + 1,
        _ => {
            1 + inner.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(inner.len())
        }
    }
}

/// The length of the literal that follows a prefix such as `br`; `None` if the word is none.
fn raw(word: &str, after: &str) -> Option<usize> {
    let is_raw = matches!(word, "r" | "br" | "cr");
    if !is_raw && !matches!(word, "b" | "c") {
        return None;
    }
    if !is_raw {
        return match after.chars().next()? {
            '"' => Some(1 + text_end(&after[1..])),
            '\'' => Some(quote(after)),
            _ => None,
        };
    }
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let inner = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 1 + inner.find(&end).map_or(inner.len(), |at| at + end.len()))
}

/// Leaves out what `#[cfg(test)]` keeps for tests.
fn without_tests(tokens: &[String]) -> Tokens {
    let mut left = Tokens::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(end) = attribute(tokens, at)
            && is_for_tests(&tokens[at..end])
        {
            at = item_end(tokens, end);
        } else {
            left.push(token.clone());
            at += 1;
        }
    }
    left
}

/// Where the attribute ends that begins here, if one does.
fn attribute(tokens: &[String], at: usize) -> Option<usize> {
    let begins = tokens[at] == "#" && tokens.get(at + 1).is_some_and(|next| next == "[");
    if begins { closing(tokens, at + 1).map(|end| end + 1) } else { None }
}

fn is_for_tests(attribute: &[String]) -> bool {
    let has = |wanted: &str| attribute.iter().any(|token| token == wanted);
    has("cfg") && has("test") && !has("not")
}

/// Where the item ends that begins here: behind its block, or behind its semicolon or comma.
fn item_end(tokens: &[String], start: usize) -> usize {
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            ";" | "," => return at + 1,
            "{" => return closing(tokens, at).map_or(tokens.len(), |end| end + 1),
            "(" | "[" => at = closing(tokens, at).unwrap_or(tokens.len()),
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn comments_literals_and_tests_are_left_out() {
        let text = r##"
            a /* b /* c */ d */ 'e' '\'' "f\"g" r#"h"i"# b"j" // k
            &'l str; #[cfg(test)] use m::{n}; #[cfg(test)] #[ignore] mod o { p } #[cfg(not(test))] q
        "##;
        let left: Vec<_> = tokens(text).into_iter().filter(|t| super::is_identifier(t)).collect();
        assert_eq!(left, ["a", "str", "cfg", "not", "test", "q"]);
    }
}
