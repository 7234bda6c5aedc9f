//! One diagnostic of Terraform, in the same form whether it came as a box, as plain text or as a
//! JSON line; and what a log can do to it.
//!
//! Holds text only and understands none of it. Invariant: `summary` is the diagnostic's first
//! line, never joined from pieces.

use super::decode::Harm;

/// A diagnostic of severity error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) unit: Option<String>,
    /// Line of the input where it begins, from 1.
    pub(super) line: usize,
    pub(super) summary: String,
    /// What stands after `with`, as it stands there.
    pub(super) location: Option<String>,
    /// The other lines: rest of the summary, then the detail.
    pub(super) body: Vec<String>,
    pub(super) damage: Vec<Damage>,
    /// It stood in a box, with a rule above or below.
    pub(super) is_boxed: bool,
}

impl Diagnostic {
    /// Takes a diagnostic that was received whole.
    pub(super) fn of(told: &crate::Diagnostic) -> Self {
        let mut lines = told.summary.lines().map(str::to_owned);
        let summary = lines.next().unwrap_or_default();
        let body = lines.chain(told.detail.lines().map(str::to_owned)).collect();
        Self { summary, location: told.address.clone(), body, ..Self::default() }
    }

    /// Notes what decoding did to one of its lines.
    pub(super) fn harm(&mut self, harm: Harm) {
        match harm {
            Harm::None => {}
            Harm::Guessed => self.damage(Damage::CodePageGuessed),
            Harm::Lost => self.damage(Damage::BytesLost),
        }
    }

    /// Notes a damage, once.
    pub(super) fn damage(&mut self, damage: Damage) {
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
    }
}

/// What a log did to a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    BreaksOff,
    BeginningMissing,
    BoxLost,
    CodePageGuessed,
    BytesLost,
    TooLong,
    DetailCut,
    FieldBroken,
    AddressBroken,
    NameMasked,
}

impl Damage {
    /// Says it in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::BreaksOff => "the log breaks off inside this diagnostic",
            Self::BeginningMissing => "the beginning of this diagnostic is missing",
            Self::BoxLost => {
                "a wrong code page destroyed the box: other characters may be lost too"
            }
            Self::CodePageGuessed => "bytes that are no UTF-8 were read as Windows-1252",
            Self::BytesLost => "some bytes are no text: characters may be wrong",
            Self::TooLong => "the text is too long and was not read to its end",
            Self::DetailCut => "the detail is cut: only a part of its fields was read",
            Self::FieldBroken => "a field of the detail was broken over two lines",
            Self::AddressBroken => {
                "the address was broken over two lines: blanks in its key may be lost"
            }
            Self::NameMasked => "the CI system masked a part of the text",
        }
    }

    /// True if characters of the summary may be wrong.
    pub(super) fn makes_text_doubtful(self) -> bool {
        matches!(self, Self::BoxLost | Self::BytesLost)
    }
}

/// Returns the beginning of a text, at most so many bytes and whole characters.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
