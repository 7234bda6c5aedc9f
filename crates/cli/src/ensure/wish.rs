//! Wishes: from rows and arguments to the divisions that are to exist, and the parents they need.
//!
//! Never asks an org. Invariant: a wish under the pathed dialect has a full path, and no two wishes
//! are the same division.

use std::collections::HashMap;

use divvy_core::entities::exact_form;
use divvy_core::name::visible;
use divvy_core::shell::word;
use divvy_core::{Key, Kind};
use divvy_genesys::dialect::{last_segment, parent_path};
use divvy_genesys::{Dialect, NewEntity};

use super::list::{Row, is_guid};

/// The field of a description in the API's JSON.
const DESCRIPTION: &str = "description";

/// How names are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    /// What the names are of; under the pathed dialect its divisions.
    pub(crate) kind: &'static Kind,
    pub(crate) dialect: Dialect,
    /// `--levels`: what parts a name into levels.
    pub(crate) levels: Option<&'a str>,
    /// `--description`: for whoever has none of its own.
    pub(crate) description: Option<&'a str>,
}

/// Returns what tells an entity from all others of its kind: its key on the NFC form.
pub(crate) fn identity(key: &Key) -> Key {
    exact_form(key)
}

/// Shows something that is to exist: its name, and its path where it has one.
pub(crate) fn shown(new: &NewEntity) -> String {
    shown_key(&new.key)
}

/// Shows a key as [`shown`] does.
pub(crate) fn shown_key(key: &Key) -> String {
    match key.parts() {
        [name, path] => format!("{} at path {}", visible(name), visible(path)),
        parts => visible(&parts.join(" / ")),
    }
}

impl Reading<'_> {
    /// Makes wishes of rows, each division once, in their order.
    ///
    /// # Errors
    /// One sentence for every row that is no division, with its place.
    pub(crate) fn wishes(self, rows: &[Row]) -> Result<Vec<NewEntity>, Vec<String>> {
        let mut wishes: Vec<NewEntity> = Vec::new();
        let mut seen: HashMap<Key, (usize, &str)> = HashMap::new();
        let mut problems = Vec::new();
        for row in rows {
            let told = |problem: String| match row.place.as_str() {
                "" => problem,
                place => format!("{place}: {problem}"),
            };
            let wish = match self.wish(row) {
                Ok(wish) => wish,
                Err(problem) => {
                    problems.push(told(problem));
                    continue;
                }
            };
            match seen.get(&identity(&wish.key)) {
                Some((index, _)) if wishes[*index].description == wish.description => {}
                Some((_, earlier)) => problems.push(told(format!(
                    "{} has another description than at {earlier}",
                    shown(&wish)
                ))),
                None => {
                    seen.insert(identity(&wish.key), (wishes.len(), &row.place));
                    wishes.push(wish);
                }
            }
        }
        if problems.is_empty() { Ok(wishes) } else { Err(problems) }
    }

    /// Returns the parent that a wish needs, if it needs one.
    pub(crate) fn parent(self, new: &NewEntity) -> Option<NewEntity> {
        match (new.path(), self.levels) {
            (Some(path), _) => {
                let parent = parent_path(path)?;
                Some(NewEntity::new(last_segment(parent)).with_path(parent))
            }
            (None, Some(separator)) => {
                let (parent, _) = new.name().rsplit_once(separator)?;
                let parent = parent.trim_end();
                (!parent.is_empty()).then(|| NewEntity::new(parent))
            }
            (None, None) => None,
        }
    }

    /// Counts the parents, grandparents and so on that a wish needs.
    pub(crate) fn levels_above(self, new: &NewEntity) -> usize {
        std::iter::successors(self.parent(new), |parent| self.parent(parent)).count()
    }

    /// Makes one wish.
    fn wish(self, row: &Row) -> Result<NewEntity, String> {
        let text = |cell: &Option<String>| cell.clone().filter(|text| !text.is_empty());
        let (name, path) = match self.dialect {
            Dialect::Published => (self.published(text(&row.name), text(&row.path))?, None),
            Dialect::Pathed => {
                let (name, path) = self.pathed(text(&row.name), text(&row.path))?;
                (name, Some(path))
            }
        };
        is_name(&name, !row.place.is_empty())?;
        let new = NewEntity::new(name);
        let mut new = path.into_iter().fold(new, NewEntity::with_path);
        new.description = text(&row.description).or(self.description.map(str::to_owned));
        let plural = self.kind.words.plural;
        if new.description.is_some()
            && self.kind.drifting().iter().all(|one| one.api != DESCRIPTION)
        {
            return Err(format!(
                "{}: {plural} are created without a description",
                visible(new.name())
            ));
        }
        Ok(new)
    }

    fn published(self, name: Option<String>, path: Option<String>) -> Result<String, String> {
        if let Some(path) = path {
            return Err(format!(
                "path {}: {} have no path in the published API (they are flat); leave it out, or \
                 say --dialect pathed",
                visible(&path),
                self.kind.words.plural
            ));
        }
        let name = name.ok_or("there is no name")?;
        if let Some(separator) = self.levels {
            levels(&name, separator)?;
        }
        Ok(name)
    }

    fn pathed(
        self,
        name: Option<String>,
        path: Option<String>,
    ) -> Result<(String, String), String> {
        let (name, path) = match (name, path, self.levels) {
            (name, Some(path), _) => (name, path),
            (Some(path), None, _) if path.starts_with('/') => (None, path),
            (Some(name), None, Some(separator)) => {
                let levels = levels(&name, separator)?;
                if let Some(level) = levels.iter().find(|level| level.contains('/')) {
                    return Err(format!("level {} holds a slash", visible(level)));
                }
                (None, format!("/{}", levels.join("/")))
            }
            (Some(name), None, None) if name.contains('/') => {
                return Err(format!(
                    "{}: is the slash part of the name or does it part levels? Begin with / for \
                     a path, say --path, or --levels /",
                    visible(&name)
                ));
            }
            (Some(name), None, None) => (Some(name.clone()), format!("/{name}")),
            (None, None, _) => return Err("there is neither name nor path".to_owned()),
        };
        let path = path.strip_suffix('/').unwrap_or(&path).to_owned();
        let segments = path.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>());
        if segments.is_none_or(|segments| segments.iter().any(|segment| segment.trim().is_empty()))
        {
            return Err(format!("{} is no path like /Engineering/Backend", visible(&path)));
        }
        Ok((name.unwrap_or_else(|| last_segment(&path).to_owned()), path))
    }
}

/// Parts a name into levels, without the blanks around them.
fn levels<'n>(name: &'n str, separator: &str) -> Result<Vec<&'n str>, String> {
    let levels: Vec<&str> = name.split(separator).map(str::trim).collect();
    if levels.iter().any(|level| level.is_empty()) {
        return Err(format!("{} has an empty level", visible(name)));
    }
    Ok(levels)
}

/// Refuses what is surely a slip: in a list also blanks at the ends of a name, which nobody sees,
/// and what is an id, a rule of a table or an empty value rather than a name.
fn is_name(name: &str, is_from_list: bool) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err(format!("{} is no name", visible(name)));
    }
    if name.contains(char::is_control) {
        return Err(format!("{} holds a line break or another control character", visible(name)));
    }
    let length = name.chars().count();
    if length > LONGEST {
        let start: String = name.chars().take(20).collect();
        let shown = visible(&start);
        return Err(format!(
            "a name of {length} characters ({shown}…) is longer than any that the API takes ({LONGEST})"
        ));
    }
    if !is_from_list {
        return Ok(());
    }
    let is_table = |c: char| c.is_ascii_punctuation() || c.is_whitespace();
    let slip = match () {
        () if name.trim() != name => "begins or ends with a blank",
        () if is_guid(name) => "is an id, no name",
        () if name.chars().all(is_table) => "has neither letters nor digits",
        () if name.eq_ignore_ascii_case("null") => "is an empty value",
        () if name.contains('\u{fffd}') => "was damaged where it was decoded",
        () => return Ok(()),
    };
    Err(format!("{} {slip}; if that is meant: divvy ensure --new {}", visible(name), word(name)))
}

/// Characters that no name of a division exceeds (a wiki of users names 500; ten times that surely
/// is none).
const LONGEST: usize = 5_000;

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use divvy_core::kinds::division::DIVISION;

    use super::*;

    static PATHED: LazyLock<Reading<'_>> = LazyLock::new(|| reading(Dialect::Pathed));
    static PUBLISHED: LazyLock<Reading<'_>> = LazyLock::new(|| reading(Dialect::Published));

    fn reading(dialect: Dialect) -> Reading<'static> {
        Reading { kind: dialect.row(&DIVISION), dialect, levels: None, description: None }
    }

    fn row(name: &str, path: &str) -> Row {
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Row { name: cell(name), path: cell(path), ..Row::default() }
    }

    fn wish(reading: Reading<'_>, name: &str, path: &str) -> Result<String, String> {
        reading
            .wishes(&[row(name, path)])
            .map(|wishes| shown(&wishes[0]))
            .map_err(|told| told.join("; "))
    }

    #[test]
    fn under_pathed_every_way_of_saying_it_is_name_and_full_path() {
        let levels = Reading { levels: Some(">"), ..*PATHED };
        let backend = Ok("\"Backend\" at path \"/Engineering/Backend\"".to_owned());
        assert_eq!(wish(*PATHED, "/Engineering/Backend", ""), backend);
        assert_eq!(wish(*PATHED, "", "/Engineering/Backend/"), backend);
        assert_eq!(wish(*PATHED, "Backend", "/Engineering/Backend"), backend);
        assert_eq!(wish(levels, "Engineering > Backend", ""), backend);
        assert_eq!(wish(*PATHED, "Sales", "").unwrap(), "\"Sales\" at path \"/Sales\"");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for (name, path) in
            [("EMEA/Sales", ""), ("", "Sales"), ("", "//Sales"), ("/", ""), ("", "/a//b"), ("", "")]
        {
            assert!(wish(*PATHED, name, path).is_err(), "{name:?} {path:?}");
        }
        let levels = Reading { levels: Some(">"), ..*PATHED };
        assert!(wish(levels, "a/b > c", "").is_err());
        assert!(wish(levels, "a >", "").is_err());
    }

    #[test]
    fn under_published_a_slash_is_a_character_and_a_path_is_refused() {
        assert_eq!(wish(*PUBLISHED, "EMEA/Sales", "").unwrap(), "\"EMEA/Sales\"");
        assert!(wish(*PUBLISHED, "Sales", "/Sales").unwrap_err().contains("flat"));
        let new = NewEntity::new("EMEA / Sales / North");
        assert_eq!(PUBLISHED.parent(&new), None);
        let levels = Reading { levels: Some("/"), ..*PUBLISHED };
        let parent = levels.parent(&new).unwrap();
        assert_eq!(parent, NewEntity::new("EMEA / Sales"));
        assert_eq!(levels.parent(&parent), Some(NewEntity::new("EMEA")));
        assert_eq!(levels.parent(&NewEntity::new("EMEA")), None);
    }

    #[test]
    fn a_division_named_twice_is_one_wish_unless_the_rows_contradict_each_other() {
        let described = |place: &str, name: &str, description: &str| Row {
            place: place.to_owned(),
            description: Some(description.to_owned()),
            ..row(name, "")
        };
        let rows = [described("line 1", "Zürich", "x"), described("line 2", "Zu\u{308}rich", "x")];
        assert_eq!(PUBLISHED.wishes(&rows).unwrap().len(), 1);
        let rows = [
            described("line 1", "A", "x"),
            described("line 2", "A", "y"),
            described("line 3", " B", ""),
            described("line 4", "\u{7}", ""),
        ];
        let told = PUBLISHED.wishes(&rows).unwrap_err();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("line 2: \"A\" has another description than at line 1"));
    }

    #[test]
    fn an_argument_keeps_the_blanks_that_a_list_may_not_have() {
        assert_eq!(wish(*PUBLISHED, " Sales", "").unwrap(), "\"␣Sales\"");
    }

    #[test]
    fn a_description_for_all_fills_only_gaps() {
        let reading = Reading { description: Some("for all"), ..*PUBLISHED };
        let own = Row { description: Some("own".to_owned()), ..row("A", "") };
        let wishes = reading.wishes(&[own, row("B", "")]).unwrap();
        let descriptions: Vec<_> = wishes.iter().map(|wish| wish.description.as_deref()).collect();
        assert_eq!(descriptions, [Some("own"), Some("for all")]);
    }
}
