//! docs/kinds.md: what divvy does with each type, written from the table.

use std::fmt::Write as _;

use divvy_core::Kind;
use divvy_core::kind::{Adoption, Paging, Scope};
use divvy_core::kinds::{Gap, Row, of_terraform_type, rows};

use crate::render_docs::assert_generated;

const HEAD: &str = "# Resource types\n\n<!-- Generated from crates/core/kinds.json: UPDATE_DOCS=1 cargo test -p divvy --test it kinds_docs -->\n\nWhat `check`, `fix`, `explain` and `run` do with each resource type of the provider. The facts, with their\nsources, are in `crates/core/kinds.json`; whoever finds one wrong mends it there.\n";

const FOUND: &str = "\n## Found by their key\n\nAn object of the org is the one of a block if its key is the same, in every part and letter for letter.\nWhere the scope is a division, an object in another division than `division_id` is another object, and\nthat a listing lacks one proves nothing. What is below a parent is looked up once the parent's id is\nknown: in a later round of `fix`, or later in the same apply under `run`, if the parent is adopted by it;\nsince no plan announced it then, `run` adopts it only with `--on-conflict adopt`, or in the next apply. Of\nwhat an import finds different only the description of a division is predicted; of all other types `fix`\nshows it before anything is imported, and `run` while the plan is made.\n\n| type | key | scope | read by | `terraform import` takes | a change replaces the object |\n|---|---|---|---|---|---|\n";

const MADE: &str = "\n## Made of a name\n\nA create of these needs no more than a name, so `divvy ensure --type TYPE NAME` gets or creates them\nwithout Terraform. `divvy list --type TYPE` lists these and every other type above that is not below a\nparent.\n\n";

const UPDATED: &str = "\n## Nothing to adopt\n\nThe create updates or takes over what exists, so it meets no taken name. Nothing is looked up.\n\n";

const LEFT: &str = "\n## Left alone\n\nThese are not looked up; their failures are reported as what they are.\n\n| type | why |\n|---|---|\n";

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.map(code).collect::<Vec<_>>().join(", ")
}

fn found(kind: &Kind) -> String {
    let list = kind.list.expect("what is found by its key is read");
    let scope = match kind.scope {
        Scope::Org => "org",
        Scope::Division => "division",
        Scope::Parent => "parent",
    };
    let method = if list.is_query { "POST" } else { "GET" };
    let pages = match (list.is_item, list.paging) {
        (true, _) => "one request each",
        (_, Paging::Numbered) => "numbered pages",
        (_, Paging::Cursor(_) | Paging::NextPage) => "cursor",
        (_, Paging::NextUri) => "links",
        (_, Paging::Whole) => "one page",
    };
    let key = kind.key.iter().map(|part| match part.or {
        Some(or) => format!("{} or else {}", code(part.terraform), code(or)),
        None => code(part.terraform),
    });
    let key = key.collect::<Vec<_>>().join(", ");
    let replacing = joined(kind.replacing.iter().copied());
    format!(
        "| {} | {key} | {scope} | {} ({pages}) | {} | {replacing} |\n",
        code(kind.terraform_type),
        code(&format!("{method} {}", list.path)),
        code(kind.import_id.0),
    )
}

fn why(row: Row) -> String {
    match row.kind() {
        Ok(_) => String::new(),
        Err(Gap::NothingToAdopt) => "nothing in an org has its key".to_owned(),
        Err(Gap::KeyPart(part)) => {
            format!("nobody knows where a listing shows {}", code(part))
        }
        Err(Gap::List) => "nobody knows how it is listed".to_owned(),
        Err(Gap::ImportId) => "nobody knows what an import takes".to_owned(),
    }
}

#[test]
fn the_page_of_types_is_what_the_table_says() {
    let mut page = format!("{HEAD}{FOUND}");
    let kinds: Vec<&Kind> =
        rows().iter().filter_map(|row| of_terraform_type(row.terraform_type)).collect();
    for kind in kinds.iter().filter(|kind| kind.adoption == Adoption::ByKey) {
        page += &found(kind);
    }
    page += MADE;
    for kind in kinds.iter().filter(|kind| kind.is_made_of_key) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "- {}", code(kind.terraform_type));
    }
    page += UPDATED;
    for kind in kinds.iter().filter(|kind| kind.adoption == Adoption::NotNeeded) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "- {}", code(kind.terraform_type));
    }
    page += LEFT;
    for row in rows() {
        let name = row.terraform_type;
        if of_terraform_type(name).is_none() {
            let _ = writeln!(page, "| {} | {} |", code(name), why(row));
        }
    }
    assert_generated("kinds.md", &page);
}
