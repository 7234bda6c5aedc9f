//! What the checklist holds, and what each key does to it.
//!
//! Pure: never draws, reads no terminal. Invariants: what is marked is one of a row's choices; the only
//! way to a [`Yes`] is the key `y` while what it does is shown.

use std::collections::BTreeSet;

/// The witness that a person said yes to what a checklist showed.
#[derive(Debug)]
pub(crate) struct Yes(());

/// A value before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Of what.
    pub(crate) attribute: String,
    /// What the org has.
    pub(crate) before: String,
    /// What the configuration says.
    pub(crate) after: String,
}

/// One finding, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The heading that it is below.
    pub(crate) group: String,
    /// Its address.
    pub(crate) title: String,
    /// Its name, in quotes.
    pub(crate) name: String,
    /// Code and verdict.
    pub(crate) verdict: String,
    /// Where its block is.
    pub(crate) place: String,
    /// What it means.
    pub(crate) message: String,
    /// What an apply would change in the org.
    pub(crate) changes: Vec<Change>,
    /// What to type or change instead.
    pub(crate) hints: Vec<String>,
    /// What can be done about it, the most harmless first; nothing where a list cannot help.
    pub(crate) choices: Vec<String>,
    /// Whether the first choice may be marked together with those of other rows.
    pub(crate) goes_with_others: bool,
    /// Which choice is marked.
    pub(crate) chosen: Option<usize>,
}

impl Row {
    fn matches(&self, filter: &str) -> bool {
        let filter = filter.to_lowercase();
        let texts = [&self.title, &self.name, &self.verdict, &self.place, &self.group];
        texts.iter().any(|text| text.to_lowercase().contains(&filter))
    }
}

/// What is going on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Keys move and mark.
    #[default]
    Marking,
    /// Letters filter.
    Filtering,
    /// What a yes does is shown; the answer is awaited.
    Asking(Vec<String>),
}

/// A key, as far as the checklist knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    Interrupt,
    Letter(char),
}

/// What follows from a key.
#[derive(Debug)]
pub(crate) enum Step {
    /// The list goes on.
    Stay,
    /// What a yes would do is to be shown: see [`Checklist::ask`].
    Review,
    /// A person said yes to what was shown.
    Yes(Yes),
    /// Nothing is to be done.
    No,
    /// Ctrl-C.
    Interrupt,
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checklist {
    /// What the whole list is about.
    pub(crate) head: Vec<String>,
    /// The findings, group by group.
    pub(crate) rows: Vec<Row>,
    /// What rows have to contain to be shown.
    pub(crate) filter: String,
    pub(crate) mode: Mode,
    /// Which of the rows that are shown the keys are about.
    pub(crate) at: usize,
    /// What the last key could not do.
    pub(crate) notice: String,
}

impl Checklist {
    const PAGE: usize = 10;

    pub(crate) fn new(head: Vec<String>, rows: Vec<Row>) -> Self {
        Self { head, rows, ..Self::default() }
    }

    /// Returns the rows that are shown, by their number.
    pub(crate) fn visible(&self) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.matches(&self.filter)).map(|(number, _)| number).collect()
    }

    /// Returns the row that the keys are about.
    pub(crate) fn current(&self) -> Option<&Row> {
        self.visible().get(self.at).map(|number| &self.rows[*number])
    }

    /// Returns how many rows are marked, and how many can be.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let marked = self.rows.iter().filter(|row| row.chosen.is_some()).count();
        (marked, self.rows.iter().filter(|row| !row.choices.is_empty()).count())
    }

    /// Returns what is marked, for each row.
    pub(crate) fn marks(&self) -> Vec<Option<usize>> {
        self.rows.iter().map(|row| row.chosen).collect()
    }

    /// Shows what a yes does, and waits for it; nothing is no question.
    pub(crate) fn ask(&mut self, question: Vec<String>) {
        if question.is_empty() {
            "Nothing is marked: space marks a row, q leaves everything as it is."
                .clone_into(&mut self.notice);
        } else {
            self.mode = Mode::Asking(question);
        }
    }

    /// Takes a key.
    pub(crate) fn press(&mut self, key: Key) -> Step {
        self.notice.clear();
        if key == Key::Interrupt {
            return Step::Interrupt;
        }
        match self.mode {
            Mode::Marking => self.press_in_list(key),
            Mode::Filtering => {
                self.press_in_filter(key);
                Step::Stay
            }
            Mode::Asking(_) => self.answer(key),
        }
    }

    fn answer(&mut self, key: Key) -> Step {
        match key {
            Key::Letter('y' | 'Y') => return Step::Yes(Yes(())),
            Key::Letter('q') => return Step::No,
            Key::Letter('n' | 'N') | Key::Escape | Key::Enter => self.mode = Mode::Marking,
            _ => {}
        }
        Step::Stay
    }

    fn press_in_filter(&mut self, key: Key) {
        match key {
            Key::Letter(letter) => self.filter.push(letter),
            Key::Backspace => {
                self.filter.pop();
            }
            Key::Escape => {
                self.filter.clear();
                self.mode = Mode::Marking;
            }
            Key::Enter | Key::Up | Key::Down => self.mode = Mode::Marking,
            _ => {}
        }
        self.move_to(0);
    }

    fn press_in_list(&mut self, key: Key) -> Step {
        match key {
            Key::Enter => return Step::Review,
            Key::Letter('q') => return Step::No,
            Key::Escape if self.filter.is_empty() => return Step::No,
            Key::Escape => {
                self.filter.clear();
                self.move_to(0);
            }
            Key::Up | Key::Letter('k') => self.move_to(self.at.saturating_sub(1)),
            Key::Down | Key::Letter('j') => self.move_to(self.at + 1),
            Key::PageUp => self.move_to(self.at.saturating_sub(Self::PAGE)),
            Key::PageDown => self.move_to(self.at + Self::PAGE),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(usize::MAX),
            Key::Letter('/') => self.mode = Mode::Filtering,
            Key::Letter(' ') => self.mark_next(),
            Key::Letter('a') => self.mark_group(),
            Key::Letter(digit @ '1'..='9') => self.mark(digit as usize - '1' as usize),
            Key::Letter(_) | Key::Backspace | Key::Interrupt => {}
        }
        Step::Stay
    }

    fn move_to(&mut self, at: usize) {
        self.at = at.min(self.visible().len().saturating_sub(1));
    }

    fn current_mut(&mut self) -> Option<&mut Row> {
        let number = *self.visible().get(self.at)?;
        self.rows.get_mut(number)
    }

    /// Goes from unmarked through every choice and back.
    fn mark_next(&mut self) {
        let Some(row) = self.current_mut() else { return };
        let next = row.chosen.map_or(0, |chosen| chosen + 1);
        row.chosen = (next < row.choices.len()).then_some(next);
        if row.choices.is_empty() {
            "Nothing can be marked here: see what to do below.".clone_into(&mut self.notice);
        }
    }

    /// Marks one choice, or takes its mark away.
    fn mark(&mut self, choice: usize) {
        let Some(row) = self.current_mut() else { return };
        if choice < row.choices.len() {
            row.chosen = (row.chosen != Some(choice)).then_some(choice);
        }
    }

    /// Marks the group of the current row as far as it is shown, or takes its marks away. What needs a
    /// choice between things is chosen row by row.
    fn mark_group(&mut self) {
        let Some(group) = self.current().map(|row| row.group.clone()) else { return };
        let visible: BTreeSet<usize> = self.visible().into_iter().collect();
        let rows = self.rows.iter_mut().enumerate().filter(|(number, row)| {
            visible.contains(number) && row.group == group && row.goes_with_others
        });
        let mut rows: Vec<&mut Row> = rows.map(|(_, row)| row).collect();
        if rows.is_empty() {
            "Nothing here can be marked together: choose row by row.".clone_into(&mut self.notice);
        }
        let are_all_marked = rows.iter().all(|row| row.chosen.is_some());
        for row in &mut rows {
            if are_all_marked {
                row.chosen = None;
            } else if row.chosen.is_none() {
                row.chosen = Some(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, title: &str, choices: &[&str]) -> Row {
        let choices: Vec<_> = choices.iter().map(ToString::to_string).collect();
        Row {
            group: group.to_owned(),
            title: title.to_owned(),
            goes_with_others: choices.first().is_some_and(|first| first == "import"),
            chosen: (group == "Will be adopted").then_some(0),
            choices,
            ..Row::default()
        }
    }

    fn list() -> Checklist {
        let rows = vec![
            row("Will be adopted", "a.one", &["import"]),
            row("Will be adopted", "a.two", &["import"]),
            row("Needs you", "a.drifted", &["import", "update"]),
            row("Needs you", "a.near", &["take x", "new"]),
            row("Left alone", "a.alone", &[]),
        ];
        Checklist::new(Vec::new(), rows)
    }

    fn typed(list: &mut Checklist, keys: &str) {
        for key in keys.chars() {
            let _ = list.press(match key {
                '↓' => Key::Down,
                '↑' => Key::Up,
                '⏎' => Key::Enter,
                '⎋' => Key::Escape,
                '⌫' => Key::Backspace,
                letter => Key::Letter(letter),
            });
        }
    }

    #[test]
    fn space_goes_through_the_choices_of_a_row_and_back_to_none() {
        let mut list = list();
        for (keys, expected) in [
            ("", [Some(0), Some(0), None, None, None]),
            (" ", [None, Some(0), None, None, None]),
            ("↓↓ ", [None, Some(0), Some(0), None, None]),
            (" ", [None, Some(0), Some(1), None, None]),
            (" ", [None, Some(0), None, None, None]),
            ("2", [None, Some(0), Some(1), None, None]),
            ("29", [None, Some(0), None, None, None]),
            ("↓2↓ 1", [None, Some(0), None, Some(1), None]),
        ] {
            typed(&mut list, keys);
            assert_eq!(list.marks(), expected, "{keys}");
        }
    }

    #[test]
    fn a_group_is_marked_as_far_as_it_is_shown_and_never_where_there_is_a_choice() {
        let mut list = list();
        typed(&mut list, "a");
        assert_eq!(list.marks(), [None; 5]);
        typed(&mut list, "/two⏎a⎋");
        assert_eq!(list.marks(), [None, Some(0), None, None, None]);
        typed(&mut list, "↓↓a");
        assert_eq!(list.marks(), [None, Some(0), Some(0), None, None], "a near name is chosen");
    }

    #[test]
    fn a_filter_shows_what_contains_it_and_escape_takes_it_back_before_it_ends_the_list() {
        let mut list = list();
        typed(&mut list, "/NEARx⌫");
        assert_eq!((list.visible(), list.mode.clone()), (vec![3], Mode::Filtering));
        typed(&mut list, "⏎q");
        let mut list = self::list();
        typed(&mut list, "/needs⏎");
        assert_eq!(list.visible(), [2, 3]);
        assert!(matches!(list.press(Key::Escape), Step::Stay));
        assert_eq!(list.visible().len(), 5);
        assert!(matches!(list.press(Key::Escape), Step::No));
    }

    #[test]
    fn only_y_below_the_question_is_a_yes() {
        let mut list = list();
        for key in ['y', 'Y', 'x', ' '] {
            assert!(!matches!(list.press(Key::Letter(key)), Step::Yes(_)), "{key}");
        }
        assert!(matches!(list.press(Key::Enter), Step::Review));
        list.ask(Vec::new());
        assert!(!list.notice.is_empty() && list.mode == Mode::Marking, "nothing is no question");
        for key in [Key::Enter, Key::Escape, Key::Letter('n')] {
            list.ask(vec!["Import these?".to_owned()]);
            assert!(matches!(list.press(key), Step::Stay), "{key:?}");
            assert_eq!(list.mode, Mode::Marking, "{key:?}");
        }
        list.ask(vec!["Import these?".to_owned()]);
        assert!(matches!(list.press(Key::Letter(' ')), Step::Stay), "asked still");
        assert!(matches!(list.press(Key::Letter('y')), Step::Yes(_)));
        for mode in [Mode::Marking, Mode::Filtering, Mode::Asking(vec!["?".to_owned()])] {
            list.mode = mode;
            assert!(matches!(list.press(Key::Interrupt), Step::Interrupt));
        }
    }

    #[test]
    fn no_key_leaves_the_list() {
        let mut list = list();
        let _ = list.press(Key::PageDown);
        typed(&mut list, "↓↓");
        assert_eq!(list.current().map(|row| row.title.as_str()), Some("a.alone"));
        typed(&mut list, " ");
        assert!(!list.notice.is_empty());
        let _ = list.press(Key::Home);
        typed(&mut list, "↑");
        assert_eq!(list.current().map(|row| row.title.as_str()), Some("a.one"));
        typed(&mut list, "/no such thing⏎ ↓a5");
        assert_eq!(list.current(), None);
    }
}
