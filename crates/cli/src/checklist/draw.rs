//! How the checklist looks.
//!
//! Never reads a key. Invariants: everything that colour says is said in words too; an address and a
//! value are cut in the list only, and whole in the details.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::model::{Change, Checklist, Mode, Row};
use crate::render::text::{columns, cut, cut_inside, wrapped};

/// From how many columns on the details are beside the list.
const WIDE: u16 = 110;

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, list: &Checklist, is_colored: bool) {
    let look = Look { is_colored };
    let width = usize::from(frame.area().width);
    let head: Vec<Line<'_>> = list
        .head
        .iter()
        .flat_map(|line| wrapped(line, width))
        .map(|line| Line::styled(line, BOLD))
        .collect();
    let head_height = u16::try_from(head.len()).unwrap_or(1).min(frame.area().height / 3);
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(head_height),
        Constraint::Min(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(head), top);
    let [rows, details] = if frame.area().width >= WIDE {
        Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(middle)
    } else {
        Layout::vertical([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(middle)
    };
    draw_rows(frame, rows, list, look);
    draw_details(frame, details, list, look);
    frame.render_widget(Paragraph::new(cut(&footer(list), width)).style(DIM), bottom);
    if let Mode::Asking(question) = &list.mode {
        draw_question(frame, question);
    }
}

/// What colour adds.
#[derive(Clone, Copy)]
struct Look {
    is_colored: bool,
}

impl Look {
    fn of(self, color: Color) -> Style {
        if self.is_colored { Style::new().fg(color) } else { Style::new() }
    }
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);

fn footer(list: &Checklist) -> String {
    let (marked, all) = list.counts();
    match &list.mode {
        _ if !list.notice.is_empty() => list.notice.clone(),
        Mode::Filtering => format!("Show what contains: {}▏  Enter done  Esc all", list.filter),
        Mode::Asking(_) => "y yes  n back to the list  q leave everything as it is".to_owned(),
        Mode::Marking => {
            let filter = if list.filter.is_empty() {
                String::new()
            } else {
                format!("  \"{}\" (Esc all)", list.filter)
            };
            format!(
                "{marked} of {all} marked{filter}  space mark  a group  / filter  Enter go on  q quit"
            )
        }
    }
}

fn draw_rows(frame: &mut Frame<'_>, area: Rect, list: &Checklist, look: Look) {
    let width = usize::from(area.width.saturating_sub(2));
    let visible = list.visible();
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut current = 0;
    let mut group = None;
    for (at, number) in visible.iter().enumerate() {
        let row = &list.rows[*number];
        if group != Some(&row.group) {
            group = Some(&row.group);
            let count =
                visible.iter().filter(|other| list.rows[**other].group == row.group).count();
            lines.push(Line::styled(format!("{} ({count})", row.group), BOLD));
        }
        let is_current = at == list.at;
        if is_current {
            current = lines.len();
        }
        lines.push(row_line(row, is_current, width, look));
    }
    if lines.is_empty() {
        lines.push(Line::from(format!("Nothing contains \"{}\".", list.filter)));
    }
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    // What is current is in the middle, as far as there is something on both sides.
    let first = current.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    let shown: Vec<_> = lines.into_iter().skip(first).take(height).collect();
    frame.render_widget(Paragraph::new(shown).block(Block::new().borders(Borders::ALL)), area);
}

fn row_line(row: &Row, is_current: bool, width: usize, look: Look) -> Line<'static> {
    let mark = match (row.choices.is_empty(), row.chosen) {
        (true, _) => "   ",
        (false, Some(_)) => "[x]",
        (false, None) => "[ ]",
    };
    let pointer = if is_current { '>' } else { ' ' };
    // What is marked is named where there was something to choose.
    let chosen = row.chosen.filter(|_| row.choices.len() > 1).and_then(|at| row.choices.get(at));
    let behind = chosen.map_or_else(|| row.name.clone(), |choice| format!("-> {choice}"));
    let room = width.saturating_sub(6);
    let title =
        cut_inside(&row.title, room.min(room / 2 + room.saturating_sub(columns(&behind)) / 2));
    let behind = cut(&behind, room.saturating_sub(columns(&title) + 2));
    let text = format!("{pointer} {mark} {title}  {behind}");
    let style = match row.chosen {
        Some(_) => look.of(Color::Yellow),
        None if row.choices.is_empty() => DIM,
        None => Style::new(),
    };
    Line::styled(text, if is_current { style.add_modifier(Modifier::REVERSED) } else { style })
}

fn draw_details(frame: &mut Frame<'_>, area: Rect, list: &Checklist, look: Look) {
    let width = usize::from(area.width.saturating_sub(2));
    let lines = list.current().map(|row| details(row, width, look)).unwrap_or_default();
    frame.render_widget(Paragraph::new(lines).block(Block::new().borders(Borders::ALL)), area);
}

fn details(row: &Row, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut paragraph = |indent: usize, text: &str, style: Style| {
        for line in broken(text, width.saturating_sub(indent)) {
            lines.push(Line::styled(format!("{:indent$}{line}", ""), style));
        }
    };
    paragraph(0, &format!("{}  {}", row.title, row.place), BOLD);
    paragraph(0, &row.verdict, DIM);
    paragraph(0, &row.message, Style::new());
    for Change { attribute, before, after } in &row.changes {
        paragraph(0, attribute, BOLD);
        paragraph(2, &format!("org            {before}"), look.of(Color::Red));
        paragraph(2, &format!("configuration  {after}"), look.of(Color::Green));
    }
    for (number, choice) in row.choices.iter().enumerate() {
        let mark = if row.chosen == Some(number) { "[x]" } else { "[ ]" };
        paragraph(0, &format!("{} {mark} {choice}", number + 1), Style::new());
    }
    for hint in &row.hints {
        paragraph(0, &format!("> {hint}"), DIM);
    }
    lines
}

/// Breaks a text at blanks, and inside of words that are wider than the room there is.
fn broken(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for line in wrapped(text, width) {
        let mut rest = line.as_str();
        while columns(rest) > width {
            let mut end = 0;
            for (at, letter) in rest.char_indices() {
                if at > 0 && columns(&rest[..at + letter.len_utf8()]) > width {
                    break;
                }
                end = at + letter.len_utf8();
            }
            let (begin, more) = rest.split_at(end);
            lines.push(begin.to_owned());
            rest = more;
        }
        lines.push(rest.to_owned());
    }
    lines
}

fn draw_question(frame: &mut Frame<'_>, question: &[String]) {
    let area = frame.area();
    let width = area.width.saturating_sub(4).min(100);
    let inner = usize::from(width.saturating_sub(4));
    let mut lines: Vec<_> = question.iter().flat_map(|line| broken(line, inner)).collect();
    let most = usize::from(area.height.saturating_sub(6)).max(1);
    // The question is its end.
    if lines.len() > most {
        lines.drain(..=lines.len() - most);
        lines.insert(0, "  … (all that is marked in the list)".to_owned());
    }
    lines.push("y yes, n no".to_owned());
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let popup = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, popup);
    let lines: Vec<Line<'_>> =
        lines.into_iter().map(|line| Line::from(format!(" {line}"))).collect();
    let block = Block::new().borders(Borders::ALL).border_style(BOLD);
    frame.render_widget(Paragraph::new(lines).block(block), popup);
}

/// The same as a text, where nothing draws.
#[cfg(test)]
fn pictured(list: &Checklist, width: u16, height: u16) -> String {
    let backend = ratatui::backend::TestBackend::new(width, height);
    let mut terminal = ratatui::Terminal::new(backend).expect("a test terminal");
    terminal.draw(|frame| draw(frame, list, false)).expect("a test terminal");
    let text = terminal.backend().to_string();
    // What the backend says of wide letters is no part of the picture.
    let lines = text.lines().map(|line| line.split("\" Hidden by").next().unwrap_or(line));
    let lines = lines.map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::model::Key;
    use super::*;

    fn row(group: &str, title: &str, name: &str) -> Row {
        Row {
            group: group.to_owned(),
            title: format!("genesyscloud_auth_division.{title}"),
            name: format!("\"{name}\""),
            verdict: "DVY101 adopt".to_owned(),
            place: "main.tf:12".to_owned(),
            message: format!("\"{name}\" exists as id-1."),
            choices: vec!["Import it".to_owned()],
            goes_with_others: true,
            chosen: (group == "Will be adopted").then_some(0),
            ..Row::default()
        }
    }

    fn list() -> Checklist {
        let drifted = Row {
            verdict: "DVY102 adopt_with_drift".to_owned(),
            message: "\"Support\" exists as id-2, but differs: an apply after the import changes its description.".to_owned(),
            changes: vec![Change {
                attribute: "description".to_owned(),
                before: "\"Owned by IT\"".to_owned(),
                after: "none".to_owned(),
            }],
            hints: vec!["description = \"Owned by IT\"".to_owned()],
            choices: vec![
                "Import it and leave Genesys Cloud as it is".to_owned(),
                "Import it and update it in Genesys Cloud".to_owned(),
            ],
            chosen: Some(1),
            ..row("Needs you", "support", "Support")
        };
        let alone = Row {
            choices: Vec::new(),
            chosen: None,
            ..row("For the apply to create", "new", "New")
        };
        let mut rows: Vec<Row> = (1..=5)
            .map(|n| row("Will be adopted", &format!("team[\"{n}\"]"), &format!("Team {n}")))
            .collect();
        rows.extend([drifted, alone]);
        Checklist::new(vec!["genesyscloud: org \"Contoso\", eu-central-1".to_owned()], rows)
    }

    #[test]
    fn the_list_at_80_and_at_120_columns() {
        let mut list = list();
        for _ in 0..5 {
            let _ = list.press(Key::Down);
        }
        insta::assert_snapshot!("checklist_80", pictured(&list, 80, 24));
        insta::assert_snapshot!("checklist_120", pictured(&list, 120, 24));
        list.ask(vec!["  a: \"A\" (id)".to_owned(), "Import this division?".to_owned()]);
        insta::assert_snapshot!("checklist_question", pictured(&list, 80, 24));
    }

    #[test]
    fn every_row_can_be_seen_whatever_the_size_and_nothing_is_wider_than_the_screen() {
        let mut list = list();
        let long = format!("team[\"{}\"]", "東京".repeat(60));
        list.rows.extend((0..200).map(|n| row("Left alone", &format!("{long}{n}"), "x")));
        for (width, height) in [(60, 15), (80, 24), (120, 40)] {
            let _ = list.press(Key::Home);
            for at in 0..list.rows.len() {
                assert_eq!(list.at, at);
                let shown = pictured(&list, width, height);
                assert!(
                    shown.lines().any(|line| line.contains("> [") || line.contains(">    ")),
                    "{shown}"
                );
                assert!(shown.lines().all(|line| columns(line) <= usize::from(width)), "{shown}");
                let _ = list.press(Key::Down);
            }
        }
        list.filter = "no such thing".to_owned();
        assert!(pictured(&list, 80, 24).contains("Nothing contains \"no such thing\"."));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let list = list();
        let drawn = |is_colored| {
            let backend = ratatui::backend::TestBackend::new(100, 30);
            let mut terminal = ratatui::Terminal::new(backend).expect("a test terminal");
            terminal.draw(|frame| draw(frame, &list, is_colored)).expect("a test terminal");
            (terminal.backend().to_string(), terminal.backend().buffer().clone())
        };
        let (plain, colored) = (drawn(false), drawn(true));
        assert_eq!(plain.0, colored.0);
        assert_ne!(plain.1, colored.1);
        assert!(plain.1.content.iter().all(|cell| cell.fg == Color::Reset));
    }
}
