//! Stores of logs that give the newest entry first: puts the entries in the order of their time.
//!
//! Never sorts: what does not fall from entry to entry stays as it is. Invariant: no more than
//! [`MOST_BYTES`] are held.

use serde_json::Value;

const MOST_BYTES: usize = 8 << 20;
/// What an entry costs beside its text.
const PER_ENTRY: usize = 512;

/// What tells when an entry was made: everything in it that may be a time.
pub(super) type Times = Vec<String>;

/// Which way the times of entries go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Unknown,
    NewestFirst,
    AsItIs,
}

/// Holds entries until their order is known.
#[derive(Debug)]
pub(super) struct Order<P> {
    way: Way,
    last: Option<Times>,
    held: Vec<(P, Value)>,
    bytes: usize,
}

impl<P> Default for Order<P> {
    fn default() -> Self {
        Self { way: Way::Unknown, last: None, held: Vec::new(), bytes: 0 }
    }
}

impl<P> Order<P> {
    /// Takes in an entry, and returns those that may be read now.
    pub(super) fn push(&mut self, place: P, entry: Value) -> Vec<(P, Value)> {
        if self.way == Way::AsItIs {
            return vec![(place, entry)];
        }
        let times = times_of(&entry);
        let way = self.last.as_ref().map_or(Way::Unknown, |last| way_of(last, &times));
        self.last = Some(times);
        self.bytes += length_of(&entry) + PER_ENTRY;
        self.held.push((place, entry));
        match (self.way, way) {
            (_, Way::AsItIs) => {
                self.way = Way::AsItIs;
                self.release()
            }
            (_, Way::NewestFirst) => {
                self.way = Way::NewestFirst;
                self.release_if_full()
            }
            _ => self.release_if_full(),
        }
    }

    fn release_if_full(&mut self) -> Vec<(P, Value)> {
        if self.bytes < MOST_BYTES { Vec::new() } else { self.release() }
    }

    /// Returns what is held.
    pub(super) fn release(&mut self) -> Vec<(P, Value)> {
        self.bytes = 0;
        let mut held = std::mem::take(&mut self.held);
        if self.way == Way::NewestFirst {
            held.reverse();
        }
        held
    }
}

/// How much text an entry holds.
fn length_of(entry: &Value) -> usize {
    match entry {
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(length_of).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + length_of(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// True if the entries of a list have times that fall.
pub(super) fn is_newest_first(entries: &[Value]) -> bool {
    let times: Vec<Times> = entries.iter().map(times_of).collect();
    let mut ways = times.windows(2).map(|pair| way_of(&pair[0], &pair[1])).peekable();
    let mut falls = false;
    ways.all(|way| {
        falls |= way == Way::NewestFirst;
        way != Way::AsItIs
    }) && falls
}

fn way_of(before: &Times, after: &Times) -> Way {
    if before.len() != after.len() || before.is_empty() {
        return Way::AsItIs;
    }
    match before.iter().zip(after).find(|(before, after)| before != after) {
        Some((before, after)) if before > after => Way::NewestFirst,
        Some(_) => Way::AsItIs,
        None => Way::Unknown,
    }
}

/// Finds what may be a time: a date, or a number since 1970, in whatever unit.
fn times_of(entry: &Value) -> Times {
    const DEEPEST: usize = 4;
    let mut times = Vec::new();
    collect(entry, DEEPEST, &mut times);
    times
}

fn collect(value: &Value, depth: usize, times: &mut Times) {
    match value {
        Value::String(text) if is_time(text) => times.push(text.clone()),
        Value::Number(number) => {
            let text = number.to_string();
            if is_time(&text) {
                times.push(text);
            }
        }
        Value::Array(all) if depth > 0 => {
            all.iter().take(2).for_each(|value| collect(value, depth - 1, times));
        }
        Value::Object(fields) if depth > 0 => {
            fields.values().for_each(|value| collect(value, depth - 1, times));
        }
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    const SECONDS: usize = 10;
    const LONGEST: usize = 40;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let like = |shape: &[u8], part: &[u8]| {
        shape.iter().zip(part).all(|(want, have)| match want {
            b'd' => have.is_ascii_digit(),
            _ => want == have,
        })
    };
    let bytes = text.as_bytes();
    let is_date = bytes.windows(6).any(|part| like(b":dd:dd", part))
        || bytes.len() >= 10 && like(b"dddd-dd-dd", bytes);
    let is_number = digits >= SECONDS
        && text.starts_with(['1', '2'])
        && bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    text.len() <= LONGEST && (is_date || is_number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ordered(times: &[&str]) -> Vec<usize> {
        let mut order = Order::default();
        let mut given = Vec::new();
        for (place, time) in times.iter().enumerate() {
            given.extend(order.push(place, json!({"t": time, "log": "x"})));
        }
        given.extend(order.release());
        given.into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn only_times_that_fall_all_along_are_turned_around() {
        let day = |second: &str| format!("2026-11-28T11:19:{second}Z");
        let [one, two, three] = ["01", "02", "03"].map(day);
        assert_eq!(ordered(&[&three, &two, &two, &one]), [3, 2, 1, 0]);
        assert_eq!(ordered(&[&one, &two, &three]), [0, 1, 2]);
        assert_eq!(ordered(&[&two, &two, &two]), [0, 1, 2]);
        assert_eq!(ordered(&["b", "a"]), [0, 1]);
        assert_eq!(ordered(&["1764328784000", "1764328783999"]), [1, 0]);
        assert!(is_newest_first(&[json!([&two, "x"]), json!([&one, "y"])]));
        assert!(!is_newest_first(&[json!([&two, "x"]), json!([&one, "y"]), json!([&three, "z"])]));
        assert!(!is_newest_first(&[json!("x"), json!("y")]));
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        let mut order = Order::default();
        let mut given = 0;
        for number in 0..100 {
            let log = "x".repeat(MOST_BYTES / 10);
            given += order.push((), json!({"t": "2026-11-28", "log": log})).len();
            assert!(number + 1 - given < 11);
        }
    }
}
