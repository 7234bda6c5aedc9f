//! Lists as tools, spreadsheets and people write them.

use std::path::Path;

use super::*;

fn stdin() -> &'static Path {
    Path::new("-")
}

fn names(text: &str) -> Vec<(String, String)> {
    let rows = read(text.as_bytes(), stdin()).unwrap().rows;
    rows.into_iter().map(|row| (row.place, row.name.unwrap_or_default())).collect()
}

fn pair(place: &str, name: &str) -> (String, String) {
    (place.to_owned(), name.to_owned())
}

#[test]
fn the_five_files_of_a_spreadsheet_read_alike() {
    let wanted = [
        ("Zürich Support", Some("Swiss desk")),
        ("Sales, Direct", Some("says \"hi\"")),
        ("Field Service", None),
    ];
    for file in ["comma-bom", "semicolon-bom", "semicolon-cp1252", "sep-line", "tab-utf16"] {
        let path = format!(
            "{}/../../fixtures/cases/20-csv-from-a-spreadsheet/divisions-{file}.csv",
            env!("CARGO_MANIFEST_DIR")
        );
        let list = read(&std::fs::read(&path).unwrap(), Path::new(&path)).unwrap();
        let rows: Vec<_> = list
            .rows
            .iter()
            .map(|row| (row.name.as_deref().unwrap(), row.description.as_deref()))
            .collect();
        assert_eq!(rows, wanted, "{file}");
    }
}

#[test]
fn plain_lines_are_names_with_commas_and_brackets() {
    let wanted = [
        pair("line 1", "Sales, Direct"),
        pair("line 3", "Claims [old]; 1,000 seats"),
        pair("line 4", "R&D: #1 (50%) 🎧"),
    ];
    let text = "Sales, Direct\r\n\r\nClaims [old]; 1,000 seats\nR&D: #1 (50%) 🎧\n";
    assert_eq!(names(text), wanted);
    assert_eq!(names(""), []);
}

#[test]
fn a_json_list_holds_texts_or_objects() {
    let list = read(br#"[ "A", {"name": "B", "description": null, "id": "x"}]"#, stdin()).unwrap();
    assert_eq!(list.rows[0].name.as_deref(), Some("A"));
    assert_eq!(list.rows[1].place, "entry 2");
    assert_eq!(list.rows[1].description, None);
    assert!(
        read(br#"["A", 3]"#, stdin()).unwrap_err().problems[0].contains("entry 2: 3 is a number")
    );
}

#[test]
fn columns_stand_in_any_order_and_others_are_named() {
    let list = read(b"Path;owner;NAME\n/A;x;A\n/B;;\n", stdin()).unwrap();
    assert_eq!(list.unused_columns, ["owner"]);
    assert_eq!(list.rows[0].path.as_deref(), Some("/A"));
    assert_eq!((&list.rows[1].name, list.rows[1].path.as_deref()), (&None, Some("/B")));
}

#[test]
fn lines_are_counted_through_quoted_line_breaks_and_the_separator_line() {
    let text = "sep=;\r\nname;description\r\nA;\"two\r\nlines\"\r\nB;\r\n";
    let list = read(text.as_bytes(), stdin()).unwrap();
    assert_eq!(list.rows[0].description.as_deref(), Some("two\r\nlines"));
    assert_eq!(list.rows[1].place, "line 5");
}

#[test]
fn every_bad_row_is_told() {
    let told =
        read(b"name,description\nSales, Direct, x\nA,b\nB,c,d\n", stdin()).unwrap_err().problems;
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("line 2: 3 cells") && told[1].starts_with("line 4"), "{told:?}");
    let told = read(b"name\n\"A\nB\nC\n", stdin()).unwrap_err().problems;
    assert_eq!(told, ["line 2: a quote is opened and never closed"]);
    let told = read(b"title,owner\nA,b\n", Path::new("x.CSV")).unwrap_err().problems;
    assert!(told[0].contains("`title`, `owner`"), "{told:?}");
    assert!(read(b"\xff\xfeA", stdin()).is_err());
}

#[test]
fn utf16_without_a_mark_is_read_in_both_orders() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = "name\nBüro".encode_utf16().flat_map(order).collect();
        assert_eq!(read(&bytes, stdin()).unwrap().rows[0].name.as_deref(), Some("Büro"));
    }
}
proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        text in "(sep=;\\PC?\n)?(name[,;\t]path\r?\n)?([\"\\[;,\t\r\nÄa{}]|\\PC){0,60}",
        ending in 0_usize..5,
    ) {
        let file = Path::new(["-", "a.csv", "a.tsv", "a.json", "a.ndjson"][ending]);
        if let Ok(list) = read(text.as_bytes(), file) {
            assert!(list.rows.iter().all(|row| !row.place.is_empty()));
        }
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).skip(1).collect();
        let _ = read(&utf16, file);
    }
}

fn case_31(file: &str) -> Vec<(String, String)> {
    let path = format!(
        "{}/../../fixtures/cases/31-lists-as-tools-print-them/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    names(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn what_jq_prints_is_read_as_the_json_that_it_is() {
    let wanted = [pair("line 1", "Engineering"), pair("line 2", "Sales")];
    assert_eq!(case_31("jq-c.ndjson"), wanted);
    assert_eq!(case_31("jq-without-r.txt"), wanted);
}

#[test]
fn an_entity_listing_in_any_layout_gives_its_names() {
    let listing = |names: &[&str]| {
        let entities: Vec<_> =
            names.iter().map(|name| serde_json::json!({"id": "x", "name": name})).collect();
        serde_json::json!({"entities": entities, "total": 3})
    };
    let pages = [listing(&["A", "B"]), listing(&["C"])];
    let pretty: String = pages.iter().map(|page| format!("{page:#}\n")).collect();
    let close: String = pages.iter().map(ToString::to_string).collect();
    for text in [pretty, close] {
        let found: Vec<String> = names(&text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, ["A", "B", "C"], "{text}");
    }
    assert_eq!(names(r#" {"divisions": [{"name": "A"}, "B"]} "#).len(), 2);
    assert_eq!(names("[\n \"A\"\n]\n[\"B\"]")[1], pair("line 4, entry 1", "B"));
}

/// Every text here would have made a division that nobody meant.
#[test]
fn a_list_in_another_format_is_refused_with_its_line_and_what_to_type() {
    let one = |line: &str| format!("Engineering\n{line}\nSales");
    let lines = [
        r#"{"id":"1","name":"Engineering"}"#,
        r#"["Engineering"]"#,
        "}",
        "},",
        "[",
        r#"resource "genesyscloud_auth_division" "eng" {"#,
        r#""Sales""#,
        r#""Sales","#,
        "'Sales'",
        "“Sales”",
        "Sales,",
        "- Sales",
        "* Sales",
        "+ Sales",
        "• Sales",
        "1. Sales",
        "2) Sales",
        "- name: Sales",
        "d7f1c1a0-8a51-4d5b-9a55-0c9a1fd40b36 Sales",
        "Sales (d7f1c1a0-8a51-4d5b-9a55-0c9a1fd40b36)",
        "d7f1c1a0-8a51-4d5b-9a55-0c9a1fd40b36",
        "name = \"Sales\"",
        "name: Sales",
        "Name:Sales",
        "Name : Sales",
        "NAME=Sales",
        "divisions:",
        "---",
        "-----",
        "+----+----+",
        "| Sales | x |",
        "│ Sales │",
        "Sales\tx",
        "Sales   x",
        "Sales,x",
        "id;label",
        "<li>Sales</li>",
        "<!DOCTYPE html>",
        "Sales</td>",
        "R&amp;D",
        "# Sales",
        "// Sales",
        "; Sales",
        "${var.name}",
        "{{ name }}",
        "Z\\u00fcrich",
        "ZÃ¼rich",
        "Sales%20EMEA",
        "null",
        "(2 rows)",
        "> Sales",
        "$ jq . x",
        "curl: (6) Could not resolve host",
        "jq: error: syntax",
        "INSERT INTO divisions VALUES ('Sales');",
        "insert into divisions (name) values (1)",
        "SELECT name FROM divisions",
        "COMMIT;",
        "print(\"Sales\")",
        "ensure('Sales')",
        "main()",
        "echo Sales",
        "export DIVISION",
        "const names",
        "let sales",
        "x := Sales",
        "a => b",
        "const names = [\"Sales\"]",
        "2026-11-28T11:19:44Z Sales",
        "Nov 28 11:19:44 host Sales",
        "ERROR: Sales",
        "INFO Sales created",
        "https://example.com/divisions",
        "sales@example.com",
        "17",
        "1,000",
        "-Sales",
        "+Sales",
        "@@ -1,2 +1,2 @@",
        "%YAML 1.2",
        "!!str Sales",
        "&anchor Sales",
        "? Sales",
        "=Sales",
        "**Sales**",
        "_Sales_",
        "[Sales](https://example.com)",
        "[divisions]",
        "[[division]]",
        "Sales | x",
        "DIVISION_1=Sales",
    ];
    for line in lines {
        let refusal = read(one(line).as_bytes(), stdin()).expect_err(line);
        assert!(refusal.problems[0].starts_with("line 2: "), "{line}: {refusal:?}");
        assert!(refusal.hints.iter().any(|hint| hint.contains("divvy ensure --new")), "{line}");
        assert!(
            read(line.as_bytes(), stdin()).is_err() || line.starts_with(['"', '[', '{']),
            "{line} alone"
        );
    }
}

#[test]
fn a_whole_document_of_another_format_is_refused() {
    for text in [
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        "divisions:\n  - Engineering\n",
        "---\n- Engineering\n",
        "# Divisions\n\n| name |\n|------|\n| Sales |\n",
        "id,displayName\n1,Sales\n",
        "Engineering, The engineers\nSales, The sellers\n",
        "a|b\nc|d\n",
        " id | name \n----+------\n 1  | Sales\n(1 row)\n",
        r#"{"message": "Unauthorized", "status": 401}"#,
        r#"[{"id": "1"}]"#,
        r#"[["A"]]"#,
        "[null]",
        r#"["A"] trailing"#,
        r#"["A""#,
        r#"{"name": 3}"#,
        r#"{"name": "A", "entities": []"#,
        "[old] Claims",
        "Bezeichnung\nSales\n",
        "Division\nSales\n",
        "Nom\nVentes\n",
        "Bezeichnung\tBeschreibung\nSales\tx\n",
        "nom;description\nVentes;x\n",
        "1\n2\n3\n",
        r#"{"name": "A", "name": "B"}"#,
        r#"[{"id": "1", "name": "A", "id": "2"}]"#,
        r#"{"entities": [{"name": "A"}], "entities": []}"#,
        r#"{"entities": [{"name": "A"}], "pageCount": 3, "pageNumber": 1}"#,
        r#"{"entities": [{"name": "A"}], "total": 3, "pageCount": 1}"#,
        "{\"entities\": [{\"name\": \"A\"}], \"total\": 3}\n{\"entities\": [{\"name\": \"B\"}], \"total\": 3}",
        "PK\u{3}\u{4}\u{14}\u{0}",
    ] {
        assert!(read(text.as_bytes(), stdin()).is_err(), "{text}");
    }
}

#[test]
fn an_ending_is_never_contradicted_by_how_the_file_is_read() {
    let is_read = |file: &str, text: &str| read(text.as_bytes(), Path::new(file)).is_ok();
    for file in ["a.json", "a.ndjson", "a.JSONL", "a.tf.json"] {
        assert!(!is_read(file, "Engineering\n") && is_read(file, "\"Engineering\"\n"), "{file}");
    }
    assert!(!is_read("a.json", "") && is_read("a.ndjson", ""));
    assert!(!is_read("a.csv", r#"["Engineering"]"#) && !is_read("a.tsv", "name;path\nA;/A"));
    for file in
        ["a.yaml", "a.yml", "a.tf", "a.tfvars", "a.md", "a.html", "a.xml", "a.toml", "a.xlsx"]
    {
        assert!(!is_read(file, "Engineering\n"), "{file}");
    }
    assert!(is_read("names.txt", "Engineering\n") && is_read("names", "Engineering\n"));
}

#[test]
fn a_table_without_a_header_is_a_list_only_where_it_has_one_column() {
    let csv = |text: &str| read(text.as_bytes(), Path::new("a.csv"));
    let found = csv("\"Engineering\"\nSales\n").unwrap().rows;
    assert_eq!(
        (found[0].name.as_deref(), found[1].place.as_str()),
        (Some("Engineering"), "line 2")
    );
    for text in [
        "Sales,The sellers\n",
        "Division\nSales\n",
        "Division Name\nSales",
        "id\n1\n",
        "name,name\na,b",
    ] {
        assert!(csv(text).is_err(), "{text}");
    }
    assert_eq!(csv("\r\n\r\nname\r\nSales\r\n").unwrap().rows[0].place, "line 4");
}

#[test]
fn names_with_signs_of_their_own_are_names() {
    let names = [
        "Sales, Direct",
        "R&D (EMEA)",
        "Claims [old]",
        "24/7 Support",
        "Level 3",
        "A/B",
        "C++ & .NET",
        "Field Service: North",
        "Team-1",
        "São Paulo",
        "Let Me Help",
        "Use Cases",
        "Information",
        "Order desk",
        "Copyright",
        "3rd party",
        "50% Team",
        "O'Brien",
        "“Gold” desk",
        "Imports",
        "Division 0001",
        "Name 2",
    ];
    for name in names {
        assert_eq!(self::names(name), [pair("line 1", name)], "{name}");
    }
}

#[test]
fn a_listing_that_is_not_whole_says_how_much_is_missing() {
    let told = |text: &str| read(text.as_bytes(), stdin()).unwrap_err().problems.remove(0);
    let page = |more: &str| format!(r#"{{"entities": [{{"name": "A"}}], {more}}}"#);
    assert_eq!(
        told(&page(r#""total": 61, "pageCount": 3"#)),
        "the listing has 61 entities, and 1 of them are here"
    );
    assert_eq!(told(&page(r#""pageCount": 3"#)), "the listing has 3 pages, and 1 is here");
    let twice = told("[{\"name\": \"A\"},\n {\"name\": \"B\", \"name\": \"C\"}]");
    assert!(twice.contains("`name` is there twice") && twice.contains("line 2"), "{twice}");
}
