//! What a run did before it failed: operations begun and ended, ids of what it created, names in
//! the plan that it printed.
//!
//! Never guesses an address. Invariant: memory is bounded by [`Budget`].

use std::collections::HashMap;

use divvy_core::failure::Operation;
use divvy_core::{Address, EntityId};

/// Bytes that may still be kept; shared by all that grows with the log.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(16 << 20)
    }
}

impl Budget {
    /// Takes what texts of this length cost; false if nothing is left.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        const PER_ENTRY: usize = 256;
        let cost = 2 * bytes + PER_ENTRY;
        let fits = cost <= self.0;
        if fits {
            self.0 -= cost;
        }
        fits
    }
}

/// An instance within a log: unit and address as text.
pub(super) type Place = (Option<String>, String);

fn place(unit: Option<&str>, address: &str) -> Place {
    (unit.map(str::to_owned), address.to_owned())
}

/// What the log has told of a run so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Begun and not ended.
    pub(super) in_flight: HashMap<Place, Operation>,
    /// With the rank in the order of the log.
    created: HashMap<Place, (usize, Option<EntityId>)>,
    completions: usize,
    names: HashMap<Place, String>,
    /// Per unit, the entry of the plan that is being printed, and its indentation.
    plan_entries: Vec<(Option<String>, String, usize)>,
}

/// Lines of progress: what stands after the address (a colon first), what began, or else ended.
const SIGNS: [(&str, Operation, bool); 6] = [
    (": Creating...", Operation::Create, true),
    (": Modifying...", Operation::Update, true),
    (": Destroying...", Operation::Delete, true),
    (": Creation complete after ", Operation::Create, false),
    (": Modifications complete after ", Operation::Update, false),
    (": Destruction complete after ", Operation::Delete, false),
];

/// Endings of a plan entry's heading, `# ADDRESS will be created`.
const PLAN_HEADINGS: [&str; 4] = [
    " will be created",
    " must be replaced",
    " will be updated in-place",
    " will be replaced, as requested",
];

/// Entries of a plan printed at the same time by units; more are not told apart.
const MOST_PLAN_ENTRIES: usize = 64;

/// True for a line of progress.
pub(super) fn is_progress(text: &str) -> bool {
    sign_of(text).is_some()
}

/// A line of progress.
pub(super) struct Sign<'a> {
    /// Where the address begins.
    at: usize,
    address: &'a str,
    operation: Operation,
    begins: bool,
    /// What follows the words.
    rest: &'a str,
}

/// Splits a line of progress; `None` for any other.
pub(super) fn sign_of(text: &str) -> Option<Sign<'_>> {
    // A key may hold such a sign too: the last one counts.
    for at in memchr::memrchr_iter(b':', text.as_bytes()) {
        let sign = SIGNS.iter().find(|(sign, ..)| text[at..].starts_with(sign));
        if let Some((sign, operation, begins)) = sign {
            let address = address_at_end(&text[..at])?;
            return Some(Sign {
                at: at - address.len(),
                address,
                operation: *operation,
                begins: *begins,
                rest: &text[at + sign.len()..],
            });
        }
    }
    None
}

/// Finds the address that ends a text, behind whatever stands before it.
fn address_at_end(text: &str) -> Option<&str> {
    const LONGEST: usize = 2048;
    const BEFORE: [char; 7] = [' ', '\t', '|', ']', ':', '>', '\''];
    if text.len() > LONGEST {
        return None;
    }
    let starts = std::iter::once(0).chain(text.match_indices(BEFORE).map(|(at, _)| at + 1));
    starts.map(|start| &text[start..]).find(|rest| Address::is_spelled(rest))
}

/// Returns where the address of a line of progress begins.
pub(super) fn address_in(line: &str) -> Option<usize> {
    sign_of(line).map(|sign| sign.at)
}

/// Returns where the heading of a plan's entry begins, with its indentation.
pub(super) fn heading_in(line: &str) -> Option<usize> {
    const INDENT: usize = 2;
    const MARK: &str = "# ";
    // Of every line this is asked, and a byte is found faster than a word.
    let mut marks = memchr::memchr_iter(b'#', line.as_bytes());
    let at = marks.find(|at| line[*at..].starts_with(MARK))?;
    let (before, heading) = (&line[..at], line[at + MARK.len()..].trim_end());
    let address = PLAN_HEADINGS.iter().find_map(|end| heading.strip_suffix(end))?;
    let indent = before.len() - before.trim_end_matches(' ').len();
    Address::is_spelled(address).then(|| before.len() - indent.min(INDENT))
}

impl Progress {
    /// Takes in a line of progress; false if it could not be kept.
    pub(super) fn take_in(
        &mut self,
        unit: Option<&str>,
        sign: &Sign<'_>,
        budget: &mut Budget,
    ) -> bool {
        let Sign { address, operation, begins, rest, .. } = *sign;
        if begins {
            return self.started(unit, address, operation, budget);
        }
        let id = rest.split_once("[id=").and_then(|(_, id)| id.trim_end().strip_suffix(']'));
        self.completed(unit, address, operation, id, budget)
    }

    /// An operation began; false if it could not be kept.
    pub(super) fn started(
        &mut self,
        unit: Option<&str>,
        address: &str,
        operation: Operation,
        budget: &mut Budget,
    ) -> bool {
        let place = place(unit, address);
        if let Some(known) = self.in_flight.get_mut(&place) {
            *known = operation;
            return true;
        }
        let fits = budget.take(address.len());
        if fits {
            self.in_flight.insert(place, operation);
        }
        fits
    }

    /// An operation ended well; false if it could not be kept.
    pub(super) fn completed(
        &mut self,
        unit: Option<&str>,
        address: &str,
        operation: Operation,
        id: Option<&str>,
        budget: &mut Budget,
    ) -> bool {
        let place = place(unit, address);
        self.in_flight.remove(&place);
        if operation == Operation::Delete {
            self.created.remove(&place);
        }
        if operation != Operation::Create {
            return true;
        }
        let fits = budget.take(address.len() + id.map_or(0, str::len));
        if fits {
            self.completions += 1;
            self.created.insert(place, (self.completions, id.map(EntityId::new)));
        }
        fits
    }

    /// What was being done at an address when it failed.
    pub(super) fn operation_at(&self, unit: Option<&str>, address: &str) -> Option<Operation> {
        self.in_flight.get(&place(unit, address)).copied()
    }

    /// The name that the printed plan wants at an address.
    pub(super) fn name_at(&self, unit: Option<&str>, address: &str) -> Option<&str> {
        self.names.get(&place(unit, address)).map(String::as_str)
    }

    /// What was created, in the order of the log.
    pub(super) fn into_created(self) -> Vec<(Option<String>, Address, Option<EntityId>)> {
        let mut created: Vec<_> = self.created.into_iter().collect();
        created.sort_by_key(|(_, (rank, _))| *rank);
        created
            .into_iter()
            .filter_map(|((unit, address), (_, id))| Some((unit, Address::parse(&address)?, id)))
            .collect()
    }

    /// Follows the plan that Terraform prints: `# ADDRESS will be created`, then `+ name = "…"`;
    /// false if a name could not be kept.
    pub(super) fn look_at_plan(
        &mut self,
        unit: Option<&str>,
        text: &str,
        budget: &mut Budget,
    ) -> bool {
        const ATTRIBUTE_INDENT: usize = 4;
        let line = text.trim_start();
        let indent = text.len() - line.len();
        if let Some(heading) = line.strip_prefix("# ") {
            let Some(address) =
                PLAN_HEADINGS.iter().find_map(|end| heading.trim_end().strip_suffix(end))
            else {
                return true;
            };
            self.plan_entries.retain(|(known, ..)| known.as_deref() != unit);
            if self.plan_entries.len() < MOST_PLAN_ENTRIES && address.len() < 4096 {
                self.plan_entries.push((unit.map(str::to_owned), address.to_owned(), indent));
            }
            return true;
        }
        let Some(rest) = ["+ name ", "~ name "].iter().find_map(|sign| line.strip_prefix(sign))
        else {
            return true;
        };
        let entry = self.plan_entries.iter().find(|(known, ..)| known.as_deref() == unit);
        let Some((_, address, heading_indent)) = entry else {
            return true;
        };
        let value = rest
            .trim_start()
            .strip_prefix("= ")
            .filter(|_| indent == heading_indent + ATTRIBUTE_INDENT);
        let Some(name) = value.and_then(wanted_value) else {
            return true;
        };
        let fits = budget.take(address.len() + name.len());
        if fits {
            self.names.insert(place(unit, address), name);
        }
        fits
    }
}

/// Reads `"new"` or `"old" -> "new"`, quoted as in HCL.
fn wanted_value(value: &str) -> Option<String> {
    let value = value.trim_end();
    let value = value.rsplit_once("\" -> ").map_or(value, |(_, new)| new);
    let value = value.strip_suffix(" # forces replacement").unwrap_or(value);
    // HCL's quoting is JSON's, and `$${` and `%%{` for `${` and `%{`.
    let json = value.replace("$${", "${").replace("%%{", "%{");
    serde_json::from_str(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(progress: &mut Progress, line: &str, budget: &mut Budget) -> bool {
        match sign_of(line) {
            Some(sign) => progress.take_in(None, &sign, budget),
            None => progress.look_at_plan(None, line, budget),
        }
    }

    fn progress(lines: &[&str]) -> Progress {
        let mut progress = Progress::default();
        let mut budget = Budget::default();
        for line in lines {
            assert!(look(&mut progress, line, &mut budget));
        }
        progress
    }

    #[test]
    fn a_completed_creation_gives_its_id_and_is_no_longer_in_flight() {
        let progress = progress(&[
            "a.b[\"x: Creating...\"]: Creating...",
            "a.c: Creating...",
            "a.b[\"x: Creating...\"]: Creation complete after 1s [id=17]",
        ]);
        assert_eq!(progress.in_flight.len(), 1);
        assert_eq!(progress.operation_at(None, "a.c"), Some(Operation::Create));
        let created = progress.into_created();
        assert_eq!(created[0].1.as_str(), "a.b[\"x: Creating...\"]");
        assert_eq!(created[0].2, Some(EntityId::new("17")));
    }

    #[test]
    fn the_printed_plan_gives_names_as_they_are_quoted() {
        let progress = progress(&[
            "  # a.b[\"k\"] will be created",
            "  + resource \"a\" \"b\" {",
            "      + id   = (known after apply)",
            "      + name = \"A  \\\"B\\\" $${c}\"",
            "      + nested {",
            "          + name = \"not this\"",
            "  # a.c will be updated in-place",
            "      ~ name = \"old\" -> \"new\"",
            "  # a.d will be created",
            "      + name = (known after apply)",
        ]);
        assert_eq!(progress.name_at(None, "a.b[\"k\"]"), Some("A  \"B\" ${c}"));
        assert_eq!(progress.name_at(None, "a.c"), Some("new"));
        assert_eq!(progress.name_at(None, "a.d"), None);
    }

    #[test]
    fn what_was_created_comes_in_the_order_of_the_log() {
        let created = progress(&[
            "a.z: Creation complete after 1s [id=1]",
            "a.z: Creation complete after 1s [id=2]",
            "a.y: Creation complete after 1s [id=3]",
            "a.x: Creation complete after 1s",
        ])
        .into_created();
        let addresses: Vec<&str> = created.iter().map(|(_, address, _)| address.as_str()).collect();
        assert_eq!(addresses, ["a.z", "a.y", "a.x"]);
        assert_eq!(created[0].2, Some(EntityId::new("2")));
    }

    #[test]
    fn nothing_is_kept_beyond_the_budget() {
        let mut progress = Progress::default();
        let mut budget = Budget(600);
        assert!(look(&mut progress, "a.b: Creating...", &mut budget));
        assert!(look(&mut progress, "a.b: Creating...", &mut budget));
        assert!(look(&mut progress, "a.c: Creating...", &mut budget));
        assert!(!look(&mut progress, "a.d: Creating...", &mut budget));
        assert_eq!(progress.in_flight.len(), 2);
    }
}
