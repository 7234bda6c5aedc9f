//! What CI systems and wrappers add to a line, as a table: one entry per custom.
//!
//! Never looks at Terraform's own text, apart from the rules of its boxes. Invariant: a layer only
//! takes characters off the beginning of a line; what it hands on is the rest, unchanged. To know a
//! new CI system, add one entry to [`LAYERS`] and its line to the tests.

use std::borrow::Cow;

use super::stamps::{after_fraction, after_shape, after_stamp, starts_with_digit};

/// A line without one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stripped<'a> {
    pub(super) text: &'a str,
    /// Terragrunt unit, CDKTF stack: tells two orgs apart.
    pub(super) unit: Option<&'a str>,
    /// Keeps lines together that were written by one process, where several write at once.
    pub(super) lane: Option<Cow<'a, str>>,
    /// Set where lines without the layer may follow and belong to this one, indented this far.
    pub(super) column: Option<usize>,
}

impl<'a> Stripped<'a> {
    fn text(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Takes one layer off, if the line has it.
type Strip = for<'a> fn(&'a str) -> Option<Stripped<'a>>;

/// Tried in this order, again and again until none matches. The comments say where a layout was looked
/// up. `pieces` takes off stamps with a stream, `escape` what terminals and pages hide.
static LAYERS: &[(&str, Strip)] = &[
    // journalctl(1), formats short and short-iso, also without the host; rsyslog's files.
    ("syslog, journalctl: stamp, host, process", journal),
    // AWS CLI, "logs tail", format detailed; the stream of a CodeBuild run is its UUID.
    ("CloudWatch: stamp, stream", cloud_watch),
    // Downloaded logs of GitHub Actions and Azure Pipelines; kubectl logs --timestamps.
    ("GitHub Actions, Azure DevOps: stamp", stamp),
    // Terragrunt, "Formatting" and "Logging" of its reference: also INFO and ERROR carry Terraform's.
    ("Terragrunt: clock, level, unit, tool", terragrunt),
    // Jenkins, "Timestamper": the clock and two blanks.
    ("Jenkins: clock", clock),
    // Jenkins: the plain text of a Pipeline under Timestamper; TeamCity: a log in issue 22 of
    // TeamCity.Virtual: `[17:31:51]W:`, `[17:31:51] :`; Buildkite's agent, timestamp-lines.
    ("Jenkins, TeamCity: stamp in brackets", bracketed_stamp),
    // The same log: four blanks a level, then `[Step 2/2] ` or the name of an inner block.
    ("TeamCity: step", teamcity_step),
    // tkn's writer (pkg/log/writer.go): `[TASK : STEP] `, and `[STEP] ` for a single task.
    ("Tekton: task and step", tekton),
    // Jenkins: `[a] ` in pull request 80 of jenkinsci/pipeline-plugin; wrappers as in case 02.
    ("Terragrunt, Jenkins branches, wrappers: word in brackets", bracketed),
    // Case 01; public logs of the action hashicorp/setup-terraform.
    ("Azure DevOps, GitHub Actions: ##[command]", hash_command),
    ("GitHub Actions: ::command::", colon_command),
    // displayRunLog of cli/cli; its pull request 10740 for logs without steps; a mark before the stamp.
    ("gh run view: job, step, stamp", job_and_step),
    // Google Cloud Build: a log in issue 768 of terraform-example-foundation.
    ("Google Cloud Build: step", cloud_build),
    // Issue 12084 of docker/compose shows both halves of it, coloured.
    ("Docker Compose: service", compose),
    // cmd/argo/commands/common/logs.go of argo-workflows: `POD: `, all of it in one colour.
    ("Argo Workflows: pod", argo),
    ("wrappers, PowerShell: tool and colon", tool),
    // Case 04; stream-view.tsx of terraform-cdk: a name, two blanks, and a column of text.
    ("CDKTF: stack", cdktf),
    ("Markdown: quotation", quotation),
    ("anything before the rule of a box", before_rule),
];

/// More layers than any log has.
const MOST_LAYERS: usize = 8;

/// Takes all layers off a line; unit and lane are those of the outermost layer that names one.
pub(super) fn strip(line: &str) -> Stripped<'_> {
    let mut result = Stripped { text: line, ..Stripped::default() };
    for _ in 0..MOST_LAYERS {
        let Some(next) = LAYERS.iter().find_map(|(_, strip)| strip(result.text)) else {
            break;
        };
        result.text = next.text;
        result.unit = result.unit.or(next.unit);
        result.lane = result.lane.or(next.lane);
        result.column = next.column.or(result.column);
    }
    result
}

/// Spells a unit in one way: without `./` before it.
pub(super) fn plain_unit(unit: &str) -> &str {
    unit.strip_prefix("./").unwrap_or(unit)
}

/// `Nov 20 08:15:03 host terraform[17]: text`, `2026-11-20T08:15:03+0000 host terraform[17]: text`.
fn journal(text: &str) -> Option<Stripped<'_>> {
    let is_capital = text.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
    let day = |shape| after_shape(text.get(3..)?, shape);
    let rest = if is_capital {
        day(" dd dd:dd:dd ").or_else(|| day("  d dd:dd:dd "))?
    } else {
        after_stamp(text)?.strip_prefix(' ')?
    };
    let (source, text) = rest.split_once("]: ").or_else(|| Some((rest.strip_suffix("]:")?, "")))?;
    let (process, number) = source.rsplit_once('[')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || process.matches(' ').count() > 1 || process.contains('"') {
        return None;
    }
    Some(Stripped { text, lane: Some(Cow::Borrowed(source)), ..Stripped::default() })
}

/// `2026-11-20T08:15:03.123000+00:00 0e1f2a3b-… text`, also with a name and a slash before the UUID.
fn cloud_watch(text: &str) -> Option<Stripped<'_>> {
    const UUID: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    let rest = after_stamp(text)?.strip_prefix(' ')?;
    let (stream, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let id = stream.rsplit('/').next()?;
    let fits = |(want, have): (u8, u8)| match want {
        b'x' => have.is_ascii_hexdigit(),
        _ => want == have,
    };
    let is_stream = id.len() == UUID.len() && UUID.bytes().zip(id.bytes()).all(fits);
    is_stream.then(|| Stripped { text, lane: Some(Cow::Borrowed(stream)), ..Stripped::default() })
}

fn stamp(text: &str) -> Option<Stripped<'_>> {
    after_one_blank(after_stamp(text)?).map(Stripped::text)
}

/// Takes off the blank that separates; the end of the line is as good.
fn after_one_blank(rest: &str) -> Option<&str> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
}

fn clock(text: &str) -> Option<Stripped<'_>> {
    if !starts_with_digit(text) {
        return None;
    }
    let rest = after_fraction(after_shape(text, "dd:dd:dd")?);
    let rest = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(' '));
    rest.map(Stripped::text)
}

/// `08:11:20.451 STDOUT [orgs/dev] terraform: text`; unit and tool may be missing.
fn terragrunt(text: &str) -> Option<Stripped<'_>> {
    const LEVELS: [&str; 7] = ["STDOUT", "STDERR", "INFO", "WARN", "ERROR", "DEBUG", "TRACE"];
    let rest = clock(text)?.text;
    let rest = LEVELS.iter().find_map(|level| rest.strip_prefix(level))?.strip_prefix(' ')?;
    let rest = rest.trim_start_matches(' ');
    let (unit, rest) = match rest.strip_prefix('[').and_then(|inner| inner.split_once("] ")) {
        Some((unit, rest)) => (Some(plain_unit(unit)), rest),
        None => (None, rest),
    };
    let text = after_tool(rest).unwrap_or(rest);
    Some(Stripped { text, unit, ..Stripped::default() })
}

/// `[2026-11-20T08:15:03.260Z] text`, `[08:15:03] text`, `[08:15:03]W:    text`, `[08:15:03] :    text`.
fn bracketed_stamp(text: &str) -> Option<Stripped<'_>> {
    let inner = text.strip_prefix('[')?;
    let rest = after_stamp(inner)
        .or_else(|| after_shape(inner, "dd:dd:dd").map(after_fraction))?
        .strip_prefix(']')?;
    let marks = ["i:", "w:", "W:", "E:", "F:", " :", ":"];
    let marked = marks.iter().find_map(|mark| rest.strip_prefix(mark));
    let text = match marked {
        Some(rest) => rest.trim_start_matches([' ', '\t']),
        None => rest.strip_prefix(' ').unwrap_or(rest),
    };
    Some(Stripped::text(text))
}

/// `[Step 1/2] text`.
fn teamcity_step(text: &str) -> Option<Stripped<'_>> {
    let (step, rest) = text.strip_prefix("[Step ")?.split_once("] ")?;
    let is_step = step.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/');
    is_step.then(|| Stripped::text(rest))
}

/// `[deploy : apply] text`.
fn tekton(text: &str) -> Option<Stripped<'_>> {
    let (names, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (task, step) = names.split_once(" : ")?;
    let is_name = |name: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !name.is_empty() && name.bytes().all(fits)
    };
    let text = after_one_blank(rest).filter(|_| is_name(task) && is_name(step))?;
    Some(Stripped { text, lane: Some(Cow::Borrowed(names)), ..Stripped::default() })
}

/// `[orgs/dev] text`, `[tofu]: text`. A word with a slash is a unit, any other only a lane; so is
/// `[pod/NAME/CONTAINER]` of `kubectl logs --prefix`.
fn bracketed(text: &str) -> Option<Stripped<'_>> {
    let (word, rest) = text.strip_prefix('[')?.split_once(']')?;
    let is_level = ["INFO", "WARN", "ERROR", "DEBUG", "TRACE"].contains(&word);
    if word.is_empty() || is_level || word.contains([' ', '"', '[']) {
        return None;
    }
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let text = after_one_blank(rest)?;
    let is_unit = word.contains('/') && !word.starts_with("pod/");
    let unit = is_unit.then(|| plain_unit(word));
    Some(Stripped { text, unit, lane: Some(Cow::Borrowed(word)), ..Stripped::default() })
}

/// `##[error]text`, `##[group]text`.
fn hash_command(text: &str) -> Option<Stripped<'_>> {
    let (word, rest) = text.strip_prefix("##[")?.split_once(']')?;
    let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word.then(|| Stripped::text(rest))
}

/// `::error title=x::text`, `::group::text`.
fn colon_command(text: &str) -> Option<Stripped<'_>> {
    let rest = text.strip_prefix("::")?;
    let is_word = rest.starts_with(|char: char| char.is_ascii_lowercase());
    let (_, text) = rest.split_once("::").filter(|_| is_word)?;
    Some(Stripped::text(text))
}

fn job_and_step(text: &str) -> Option<Stripped<'_>> {
    let (_, rest) = text.split_once('\t')?;
    let (_, rest) = rest.split_once('\t')?;
    stamp(rest.strip_prefix('\u{feff}').unwrap_or(rest))
}

/// `Step #1 - "apply": text`, `Step #1: text`; a step's name may hold anything.
fn cloud_build(text: &str) -> Option<Stripped<'_>> {
    let rest = text.strip_prefix("Step #")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let end = match rest[digits..].strip_prefix(" - \"") {
        Some(name) => rest.len() - name.len() + name.find("\": ")? + 1,
        None => digits,
    };
    let (step, text) = rest.split_at(end);
    let text = text.strip_prefix(": ")?;
    Some(Stripped { text, lane: Some(Cow::Borrowed(step)), ..Stripped::default() })
}

/// The word before the first blank, and what follows that blank.
fn first_word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once(' ')?;
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!word.is_empty() && word.bytes().all(is_of_word)).then_some((word, rest))
}

/// `terraform-1  | text`.
fn compose(text: &str) -> Option<Stripped<'_>> {
    let (word, rest) = first_word(text)?;
    let rest = rest.trim_start_matches(' ').strip_prefix('|')?;
    let text = rest.strip_prefix(' ').unwrap_or(rest);
    Some(Stripped { text, lane: Some(Cow::Borrowed(word)), ..Stripped::default() })
}

/// `apply-7xk2p: text`, `apply-terraform-2875634541: text`. A pod's name ends in a part that was
/// made, with a digit in it; a word of prose before a colon does not.
fn argo(text: &str) -> Option<Stripped<'_>> {
    let (word, text) = text.split_once(' ').unwrap_or((text, ""));
    let pod = word.strip_suffix(':')?;
    let (_, made) = pod.rsplit_once('-')?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_made = (5..=10).contains(&made.len()) && made.bytes().any(|byte| byte.is_ascii_digit());
    (is_made && pod.bytes().all(fits)).then(|| Stripped {
        text,
        lane: Some(Cow::Borrowed(pod)),
        ..Stripped::default()
    })
}

fn after_tool(text: &str) -> Option<&str> {
    let rest = ["terraform", "tofu"].iter().find_map(|tool| text.strip_prefix(tool))?;
    let rest = rest.strip_prefix(".exe").unwrap_or(rest);
    let rest = [":", ">", " :"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    after_one_blank(rest)
}

fn tool(text: &str) -> Option<Stripped<'_>> {
    after_tool(text).map(Stripped::text)
}

/// `stack  text`; further lines of the text stand below it. Only before a box or a line of progress,
/// since prose may look like it.
fn cdktf(text: &str) -> Option<Stripped<'_>> {
    let (word, rest) = first_word(text)?;
    let text = rest.strip_prefix(' ')?.trim_start_matches(' ');
    let width = word.len() + 1 + rest.len() - text.len();
    let is_progress = || {
        [": Creat", ": Still ", ": Modif", ": Destr"].iter().any(|sign| text.contains(sign))
            && text.starts_with(|char: char| char.is_ascii_alphabetic())
    };
    if !(text.starts_with(['╷', '│', '╵']) || is_progress()) {
        return None;
    }
    Some(Stripped { text, unit: Some(word), column: Some(width), ..Stripped::default() })
}

fn quotation(text: &str) -> Option<Stripped<'_>> {
    text.strip_prefix("> ").map(Stripped::text)
}

/// Whatever stands before the rule of a box; digits count as equal, since stamps change.
fn before_rule(text: &str) -> Option<Stripped<'_>> {
    if text.is_ascii() {
        return None;
    }
    let place = text.find(['╷', '│', '╵'])?;
    let (prefix, text) = text.split_at(place);
    let word = prefix.trim();
    if word.is_empty()
        || place > 120
        || !prefix.ends_with(' ')
        || prefix.contains("Error: ")
        || prefix.contains('"')
    {
        return None;
    }
    let lane = word.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    Some(Stripped { text, lane: Some(Cow::Owned(lane)), ..Stripped::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_custom_is_taken_off() {
        for (layer, line, text, unit) in [
            (
                "GitHub Actions, Azure DevOps: stamp",
                "2026-11-20T08:15:03.2604977Z   with a.b,",
                "  with a.b,",
                None,
            ),
            (
                "Terragrunt: clock, level, unit, tool",
                "08:11:20.451 STDOUT [./orgs/dev] terraform: │ x",
                "│ x",
                Some("orgs/dev"),
            ),
            (
                "Terragrunt: clock, level, unit, tool",
                "08:11:22.310 ERROR  2 errors occurred:",
                "2 errors occurred:",
                None,
            ),
            (
                "syslog, journalctl: stamp, host, process",
                "Nov  2 08:15:03 host terraform[17]:   with a.b,",
                "  with a.b,",
                None,
            ),
            (
                "syslog, journalctl: stamp, host, process",
                "Nov 20 08:15:03 terraform[17]:",
                "",
                None,
            ),
            (
                "syslog, journalctl: stamp, host, process",
                "2026-11-20T08:15:03+0000 host terraform[17]: Error: x",
                "Error: x",
                None,
            ),
            (
                "CloudWatch: stamp, stream",
                "2026-11-20T08:15:03.123000+00:00 0e1f2a3b-0e1f-0e1f-0e1f-0e1f2a3b4c5d   with a.b,",
                "  with a.b,",
                None,
            ),
            (
                "CloudWatch: stamp, stream",
                "2026-11-20T08:15:03+00:00 apply/0e1f2a3b-0e1f-0e1f-0e1f-0e1f2a3b4c5d",
                "",
                None,
            ),
            ("Tekton: task and step", "[deploy : apply-1]   with a.b,", "  with a.b,", None),
            ("Argo Workflows: pod", "apply-7xk2p:   with a.b,", "  with a.b,", None),
            ("Argo Workflows: pod", "apply-tf-2875634541:", "", None),
            ("Jenkins: clock", "08:15:03  Error: x", "Error: x", None),
            (
                "Jenkins, TeamCity: stamp in brackets",
                "[2026-11-20T08:15:03.260Z] Error: x",
                "Error: x",
                None,
            ),
            ("Jenkins, TeamCity: stamp in brackets", "[08:15:03]i:\t [Step 1/2] x", "x", None),
            ("TeamCity: step", "[08:15:03] :     [Step 1/2]   with a.b,", "  with a.b,", None),
            (
                "Terragrunt, Jenkins branches, wrappers: word in brackets",
                "[08:15:03]W:         [docker] x",
                "x",
                None,
            ),
            (
                "Terragrunt, Jenkins branches, wrappers: word in brackets",
                "[pod/tf-1/apply] x",
                "x",
                None,
            ),
            (
                "Terragrunt, Jenkins branches, wrappers: word in brackets",
                "[orgs/dev] Error: x",
                "Error: x",
                Some("orgs/dev"),
            ),
            ("Terragrunt, Jenkins branches, wrappers: word in brackets", "[tofu]: x", "x", None),
            ("Azure DevOps, GitHub Actions: ##[command]", "##[error]╷", "╷", None),
            ("GitHub Actions: ::command::", "::error title=a b::Error: x", "Error: x", None),
            (
                "gh run view: job, step, stamp",
                "apply\tRun terraform\t2026-11-20T08:15:03.2604977Z x",
                "x",
                None,
            ),
            (
                "Google Cloud Build: step",
                "Step #1 - \"tf: apply\":   with a.b,",
                "  with a.b,",
                None,
            ),
            ("Docker Compose: service", "terraform-1  | x", "x", None),
            ("wrappers, PowerShell: tool and colon", "terraform: x", "x", None),
            ("CDKTF: stack", "orgs   │ x", "│ x", Some("orgs")),
            ("CDKTF: stack", "orgs  a.b: Creating...", "a.b: Creating...", Some("orgs")),
            ("Markdown: quotation", "> Error: x", "Error: x", None),
            ("anything before the rule of a box", "Nov 25 03:02:07 runner[17]: │ x", "│ x", None),
        ] {
            let stripped = strip(line);
            assert_eq!((stripped.text, stripped.unit), (text, unit), "{line:?}");
            let is_known = LAYERS.iter().any(|(name, _)| *name == layer);
            assert!(is_known, "{layer}");
        }
    }

    #[test]
    fn each_layer_alone_takes_off_something_of_the_examples() {
        let examples = [
            "Nov 20 08:15:03 host a[1]: x",
            "2026-11-20T08:15:03Z 0e1f2a3b-0e1f-0e1f-0e1f-0e1f2a3b4c5d x",
            "2026-11-20T08:15:03Z x",
            "08:11:20.451 INFO x",
            "08:15:03 x",
            "[08:15:03] x",
            "[Step 1/2] x",
            "[a : b] x",
            "[tofu]: x",
            "##[error]x",
            "::error::x",
            "a\tb\t2026-11-20T08:15:03Z x",
            "Step #1: x",
            "a | x",
            "a-7xk2p: x",
            "tofu: x",
            "orgs  ╷",
            "> x",
            "a │ x",
        ];
        for ((name, strip), example) in LAYERS.iter().zip(examples) {
            assert!(strip(example).is_some(), "{name} on {example:?}");
        }
        assert_eq!(LAYERS.len(), examples.len());
    }

    #[test]
    fn terraforms_own_lines_stay_whole() {
        for line in [
            "genesyscloud_auth_division.eng: Creating...",
            "a.b[\"x │ y\"]: Creation complete after 1s [id=1]",
            "      + name = \"Engineering\"",
            "[INFO]  provider.terraform-provider-genesyscloud: x",
            "Error: Failed to create division A │ B error: API Error: 409 - x (1)",
            "│ {\"a\":1}",
            "  with genesyscloud_auth_division.eng,",
            "Plan: 3 to add,  0 to change",
            "self-managed: text of a message",
            "random_pet.a-12345: Creating...",
            "[a message : with more] text",
            "May be [17]: text",
            "[command]/opt/terraform apply",
            "",
        ] {
            let expected = Stripped { text: line, ..Stripped::default() };
            assert_eq!(strip(line), expected, "{line:?}");
        }
    }

    #[test]
    fn the_lane_of_an_unknown_prefix_does_not_change_with_its_stamp() {
        let lane = |line| strip(line).lane.map(Cow::into_owned);
        assert_eq!(lane("Nov 25 03:02:07 a: │ x"), lane("Nov 25 03:02:08 a: ╵"));
    }
}
