//! One name a line, unless a line looks like another format's.
//!
//! Never takes a format apart: a line that may be JSON, YAML, HCL, a table or a page is refused,
//! and the answer says what to type. Invariant: a line that carries a sign of [`SIGNS`] never
//! becomes a division.

use divvy_core::name::visible;
use divvy_core::shell::word;

use super::row::{Refusal, Row, is_guid};

/// How many lines are named; the others are counted.
const NAMED: usize = 10;

/// How many characters of a line are shown.
const SHOWN: usize = 60;

/// What a line may look like.
struct Sign {
    /// What it looks like, behind "looks like".
    what: &'static str,
    /// How names are got out of that.
    instead: &'static str,
    is: fn(&str) -> bool,
}

const JQ: &str =
    "jq -r '.[].name' FILE | divvy ensure --from - # only with -r does jq print plain names";
const YQ: &str = "yq -r '.[].name' FILE | divvy ensure --from -";
const CSV: &str =
    "give a table a first line that names the column `name`, with commas, semicolons or tabs";
const SED: &str = "sed -E 's/^([-*+•]|[0-9]+[.)]) +//' FILE | divvy ensure --from -";
const PAGE: &str = "look at what was fetched: a sign-on page or an error page holds no divisions";
const IDS: &str = "give names, not ids: jq -r '.[].name', or cut -f2";
const LINES: &str = "grep -v '^#' FILE | divvy ensure --from -";
const CODE: &str = "take the names out of it: one name a line";
const RAW: &str = "write the name as it is, without escapes or placeholders, in UTF-8";

/// Signs of other formats, the most telling first.
const SIGNS: &[Sign] = &[
    Sign { what: "HTML or XML", instead: PAGE, is: is_markup },
    Sign {
        what: "JSON",
        instead: JQ,
        is: |line| line.starts_with(['{', '[', '}', ']']) || line.ends_with(['{', '[']),
    },
    Sign { what: "a text in quotes, as JSON and CSV have it", instead: JQ, is: is_quoted },
    Sign {
        what: "an empty value of JSON",
        instead: JQ,
        is: |line| matches!(line, "null" | "undefined"),
    },
    Sign { what: "the border of a table", instead: CSV, is: is_border },
    Sign {
        what: "a row with an id",
        instead: IDS,
        is: |line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(is_guid),
    },
    Sign { what: "a row of a table", instead: CSV, is: is_row },
    Sign { what: "an item of a list in YAML or Markdown", instead: SED, is: is_item },
    Sign {
        what: "a comment or a heading",
        instead: LINES,
        is: |line| {
            line.starts_with(['#', ';'])
                || line.starts_with("//")
                || line.starts_with("/*")
                || line.starts_with("--")
        },
    },
    Sign { what: "an assignment, as YAML and HCL have it", instead: YQ, is: is_assignment },
    Sign {
        what: "a quotation or a prompt",
        instead: RAW,
        is: |line| line.starts_with("> ") || line.starts_with("$ "),
    },
    Sign { what: "text with escapes or placeholders", instead: RAW, is: is_escaped },
    Sign { what: "a statement of SQL or of a program", instead: CODE, is: is_statement },
    Sign { what: "a line of a log", instead: CODE, is: is_of_log },
    Sign { what: "a URL or a mail address", instead: RAW, is: is_locator },
    Sign { what: "a number", instead: IDS, is: is_number },
    Sign { what: "text in bold or a link, as Markdown has it", instead: RAW, is: is_marked },
];

/// Reads one name a line; blank lines are skipped.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Refusal> {
    let lines = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut refused: Vec<(usize, &str, &Sign)> = Vec::new();
    for (index, line) in lines() {
        if let Some(sign) = sign_of(line) {
            refused.push((index + 1, line, sign));
        }
    }
    if refused.is_empty()
        && let Some(what) = common_separator(&lines().map(|(_, line)| line).collect::<Vec<_>>())
    {
        let problem = format!(
            "line 1 and all others hold {what}, so this looks like a table without a header"
        );
        return Err(Refusal {
            problems: vec![problem],
            hints: vec![CSV.to_owned(), literally(None)],
        });
    }
    if !refused.is_empty() {
        return Err(refusal(&refused));
    }
    if let Some((index, title)) = lines().next().filter(|(_, line)| is_title(line)) {
        let problem =
            format!("line {}: {} looks like the title of a column", index + 1, visible(title));
        return Err(Refusal {
            problems: vec![problem],
            hints: vec![CSV.to_owned(), literally(Some(title))],
        });
    }
    let row = |(index, line): (usize, &str)| Row {
        place: format!("line {}", index + 1),
        name: Some(line.to_owned()),
        ..Row::default()
    };
    Ok(lines().map(row).collect())
}

/// Returns what a name looks like, if that is another format.
pub(super) fn looks_like(name: &str) -> Option<&'static str> {
    sign_of(name).map(|sign| sign.what)
}

fn sign_of(line: &str) -> Option<&'static Sign> {
    SIGNS.iter().find(|sign| (sign.is)(line.trim()))
}

fn refusal(refused: &[(usize, &str, &Sign)]) -> Refusal {
    let problem = |(number, line, sign): &(usize, &str, &Sign)| {
        let shown: String = line.chars().take(SHOWN).collect();
        let dots = if shown.len() < line.len() { "…" } else { "" };
        format!("line {number}: {}{dots} looks like {}", visible(&shown), sign.what)
    };
    let mut problems: Vec<String> = refused.iter().take(NAMED).map(problem).collect();
    if refused.len() > NAMED {
        problems.push(format!("{} more lines like these", refused.len() - NAMED));
    }
    let mut hints: Vec<String> = Vec::new();
    for (_, _, sign) in refused {
        if !hints.iter().any(|hint| hint == sign.instead) {
            hints.push(sign.instead.to_owned());
        }
    }
    hints.push(literally(refused.first().map(|(_, line, _)| *line)));
    Refusal { problems, hints }
}

/// Returns how a name is given that looks like something else.
fn literally(line: Option<&str>) -> String {
    let is_typed = |line: &&str| line.chars().count() <= SHOWN && !line.contains(char::is_control);
    let name = line.filter(is_typed).map_or("NAME".into(), word);
    format!("divvy ensure --new {name} # if that really is a name")
}

/// Returns what every one of several lines holds equally often, if anything.
fn common_separator(lines: &[&str]) -> Option<&'static str> {
    let is_common = |separator: char| {
        let mut counts = lines.iter().map(|line| line.matches(separator).count());
        let first = counts.next().unwrap_or_default();
        lines.len() > 1 && first > 0 && counts.all(|count| count == first)
    };
    [(',', "commas"), (';', "semicolons"), ('|', "vertical bars")]
        .into_iter()
        .find(|(separator, _)| is_common(*separator))
        .map(|(_, what)| what)
}

fn is_markup(line: &str) -> bool {
    const ENTITIES: [&str; 6] = ["&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&#"];
    line.starts_with('<')
        || line.contains("</")
        || line.contains("/>")
        || ENTITIES.iter().any(|entity| line.contains(entity))
}

fn is_quoted(line: &str) -> bool {
    const PAIRS: [(char, char); 6] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“'), ('«', '»')];
    let inside = line.trim_end_matches([',', ';']);
    line.starts_with('"')
        || line.ends_with(',')
        || (inside.chars().count() > 1
            && PAIRS
                .iter()
                .any(|(open, close)| inside.starts_with(*open) && inside.ends_with(*close)))
}

/// Only signs, none of them a letter, a digit or a picture: `+---+`, `===`, `| --- |`.
fn is_border(line: &str) -> bool {
    let is_drawn = |c: char| ('\u{2500}'..='\u{257f}').contains(&c);
    line.chars().all(|c| c.is_ascii_punctuation() || c.is_whitespace() || is_drawn(c))
        || line.contains(is_drawn)
}

fn is_row(line: &str) -> bool {
    let bytes = line.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    // `a,b` and `a;b`, but neither `Sales, Direct` nor `1,000`.
    let is_tight = |(at, byte): (usize, &u8)| {
        matches!(byte, b',' | b';')
            && bytes.get(at + 1).is_some_and(|next| *next != b' ')
            && !(at > 0 && is_digit(at - 1) && is_digit(at + 1))
    };
    let count = line.strip_prefix('(').and_then(|rest| rest.split_once(" row"));
    line.contains('\t')
        || line.contains("  ")
        || line.starts_with('|')
        || line.ends_with('|')
        || line.contains(" | ")
        || bytes.iter().enumerate().any(is_tight)
        || count.is_some_and(|(count, rest)| {
            count.bytes().all(|byte| byte.is_ascii_digit()) && matches!(rest, ")" | "s)")
        })
}

fn is_item(line: &str) -> bool {
    const MARKS: &str = "-*+•–—·‣◦@=!%&?:\\^~";
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = after_number.len() < line.len()
        && (after_number.starts_with(". ") || after_number.starts_with(") "));
    is_numbered || line.starts_with(|first| MARKS.contains(first))
}

/// `name = "x"`, `NAME=x`, `name: x`, `divisions:`; not `EMEA: Sales`, which may be a name.
fn is_assignment(line: &str) -> bool {
    const KEYS: [&str; 16] = [
        "name",
        "path",
        "description",
        "id",
        "division",
        "divisions",
        "key",
        "value",
        "title",
        "label",
        "home",
        "displayname",
        "externalid",
        "error",
        "warning",
        "total",
    ];
    if line.ends_with(':') || [" = ", " := ", " => "].iter().any(|sign| line.contains(sign)) {
        return true;
    }
    let Some(at) = line.find([':', '=']) else { return false };
    let (key, rest) = line.split_at(at);
    let key = key.trim_end().trim_matches(['"', '\'', '`']);
    let is_identifier = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !is_identifier {
        return false;
    }
    if rest.starts_with('=') {
        return true;
    }
    let is_spaced = rest[1..].starts_with([' ', '\t']);
    let plain: String = key.to_lowercase().replace(['_', '-'], "");
    KEYS.contains(&plain.as_str()) || (is_spaced && !key.contains(|c: char| c.is_ascii_uppercase()))
}

fn is_escaped(line: &str) -> bool {
    let is_hex =
        |text: &str| text.len() >= 4 && text.bytes().take(4).all(|byte| byte.is_ascii_hexdigit());
    let mojibake = line
        .chars()
        .zip(line.chars().skip(1))
        .any(|(lead, next)| matches!(lead, 'Ã' | 'Â') && ('\u{80}'..='\u{bf}').contains(&next));
    ["${", "{{", "$(", "<%", "%20", "%2F", "%2f", "\u{fffd}"].iter().any(|sign| line.contains(sign))
        || line.split("\\u").skip(1).any(is_hex)
        || mojibake
}

/// First lines that are rather the title of a column than a division, in letters only.
const TITLES: [&str; 36] = [
    "name",
    "names",
    "division",
    "divisions",
    "divisionname",
    "displayname",
    "title",
    "label",
    "id",
    "description",
    "bezeichnung",
    "abteilung",
    "abteilungen",
    "bereich",
    "bereiche",
    "divisionen",
    "nom",
    "noms",
    "libellé",
    "nombre",
    "nombres",
    "división",
    "divisiones",
    "nome",
    "nomi",
    "divisione",
    "divisioni",
    "divisão",
    "divisões",
    "naam",
    "navn",
    "namn",
    "nazwa",
    "название",
    "名前",
    "名称",
];

/// Returns whether a line is rather the title of a column than a division.
pub(super) fn is_title(line: &str) -> bool {
    let letters: String = line.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect();
    !line.contains(char::is_numeric) && TITLES.contains(&letters.as_str())
}

/// `INSERT INTO x;`, `print("Sales")`, `echo Sales`, `const names`.
fn is_statement(line: &str) -> bool {
    const SQL: [&str; 9] = [
        "insert into ",
        "delete from ",
        "create table ",
        "alter table ",
        "drop table ",
        "values (",
        "with recursive ",
        "order by ",
        "copy ",
    ];
    const WORDS: &[&str] = &[
        "echo",
        "printf",
        "export",
        "curl",
        "terraform",
        "tofu",
        "divvy",
        "cat",
        "cd",
        "sudo",
        "set",
        "const",
        "let",
        "var",
        "def",
        "function",
        "return",
        "print",
        "import",
        "package",
        "use",
        "public",
        "private",
        "class",
        "elif",
        "fi",
        "done",
        "esac",
        "EOF",
    ];
    let lower = line.to_lowercase();
    let has = |start: &str, then: &str| lower.starts_with(start) && lower.contains(then);
    let first = line.split(' ').next().unwrap_or_default();
    let is_call = ["(\"", "('", "()", "[\"", "['"].iter().any(|open| line.contains(open));
    line.ends_with(';')
        || is_call
        || WORDS.contains(&first)
        || SQL.iter().any(|start| lower.starts_with(start))
        || has("select ", " from ")
        || has("update ", " set ")
}

/// `2026-11-28 …`, `… 11:19:44 …`, `ERROR: …`.
fn is_of_log(line: &str) -> bool {
    const LEVELS: [&str; 8] =
        ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL"];
    let like = |shape: &str, bytes: &[u8]| {
        shape.bytes().zip(bytes).all(|(want, have)| match want {
            b'd' => have.is_ascii_digit(),
            _ => want == *have,
        })
    };
    let has = |shape: &str| line.as_bytes().windows(shape.len()).any(|part| like(shape, part));
    let first = line.split([' ', ':']).next().unwrap_or_default();
    has("dddd-dd-dd") || has("dd:dd:dd") || LEVELS.contains(&first)
}

fn is_locator(line: &str) -> bool {
    let is_mail = || {
        let host = line.split_once('@').map(|(_, host)| host);
        !line.contains(' ') && host.is_some_and(|host| host.contains('.'))
    };
    line.contains("://") || is_mail()
}

fn is_number(line: &str) -> bool {
    line.chars().all(|c| c.is_ascii_digit() || " .,+-()%€$".contains(c))
}

fn is_marked(line: &str) -> bool {
    let is_within =
        |mark: &str| line.len() > 2 * mark.len() && line.starts_with(mark) && line.ends_with(mark);
    line.contains("](") || ["**", "__", "_", "~~"].iter().any(|mark| is_within(mark))
}
