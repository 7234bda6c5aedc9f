//! Reads which source file of a crate leans on which, from its paths.
//!
//! Never compiles anything, and knows no macro. Invariant: a `mod` line is no arrow, a re-export
//! that its own file does not use is none either, and what is compiled for tests only does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::tokens::{Tokens, is_identifier, tokens};

/// A module's place: the names from the crate's root.
type Place = Vec<String>;

/// The source files of one crate: which module is where, and which path occurs where.
#[derive(Default)]
pub(super) struct Sources {
    modules: BTreeMap<Place, Module>,
    mentions: Vec<Mention>,
    /// All tokens by file, without what is compiled for tests only.
    files: BTreeMap<String, Tokens>,
    root: PathBuf,
}

#[derive(Default)]
struct Module {
    file: String,
    /// What its `use` lines bring in, by the name that it has here.
    names: BTreeMap<String, Vec<String>>,
    /// What is brought in by `*`.
    globs: Vec<Vec<String>>,
    /// What is defined here.
    items: BTreeSet<String>,
}

/// A path that is written somewhere.
struct Mention {
    at: Place,
    path: Vec<String>,
    /// The name under which a `pub use` hands it on.
    exported_as: Option<String>,
}

impl Sources {
    /// Reads the library or program that begins at `root` (`src/lib.rs`).
    pub(super) fn read(root: &Path) -> Self {
        let directory = root.parent().expect("a file is in a directory").to_owned();
        let mut sources = Self { root: directory.clone(), ..Self::default() };
        sources.file(root, &directory, &Vec::new());
        sources
    }

    /// Returns, for each file, the other files that it leans on.
    pub(super) fn arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut arrows: BTreeMap<_, BTreeSet<_>> =
            self.files.keys().map(|file| (file.clone(), BTreeSet::new())).collect();
        for Mention { at, path, exported_as } in &self.mentions {
            let from = &self.modules[at].file;
            let is_only_handed_on =
                exported_as.as_ref().is_some_and(|name| !self.is_used_in(from, name));
            let to = self.resolve(at, path, 0);
            if let Some(to) = to.filter(|to| to != from && !is_only_handed_on) {
                arrows.entry(from.clone()).or_default().insert(to);
            }
        }
        arrows
    }

    /// Reads a file as the module at `place`; its children's files are in `directory`.
    fn file(&mut self, path: &Path, directory: &Path, place: &Place) {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(&self.root).expect("below the root").display().to_string();
        let tokens = tokens(&text);
        self.files.insert(name.clone(), tokens.clone());
        self.modules.insert(place.clone(), Module { file: name, ..Module::default() });
        self.module(&tokens, directory, place);
    }

    /// Reads a module's tokens.
    fn module(&mut self, tokens: &[String], directory: &Path, place: &Place) {
        let mut at = 0;
        let token = |at: usize| tokens.get(at).map_or("", String::as_str);
        while at < tokens.len() {
            match token(at) {
                "mod" if is_identifier(token(at + 1)) => {
                    let name = token(at + 1).to_owned();
                    let child = [place.as_slice(), std::slice::from_ref(&name)].concat();
                    if token(at + 2) == "{" {
                        let end = closing(tokens, at + 2);
                        let file = self.modules[place].file.clone();
                        self.modules.insert(child.clone(), Module { file, ..Module::default() });
                        self.module(&tokens[at + 3..end], &directory.join(name), &child);
                        at = end;
                    } else {
                        let flat = directory.join(format!("{name}.rs"));
                        let inner = directory.join(&name);
                        let path = if flat.exists() { flat } else { inner.join("mod.rs") };
                        self.file(&path, &inner, &child);
                        at += 2;
                    }
                }
                // `use<'a>` of a type captures; it is no `use` line.
                "use" if token(at + 1) != "<" => {
                    let end = (at..tokens.len()).find(|end| token(*end) == ";");
                    let end = end.unwrap_or(tokens.len());
                    let is_exported = is_public(tokens, at);
                    self.used(&tokens[at + 1..end], &[], place, is_exported);
                    at = end;
                }
                "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" => {
                    let module = self.modules.get_mut(place).expect("inserted before it is read");
                    module.items.insert(token(at + 1).to_owned());
                }
                first if is_identifier(first) && token(at + 1) == "::" => {
                    let begins = !matches!(at.checked_sub(1).map(token), Some("::" | "."));
                    let mut path = vec![first.to_owned()];
                    while token(at + 1) == "::" && is_identifier(token(at + 2)) {
                        path.push(token(at + 2).to_owned());
                        at += 2;
                    }
                    if begins {
                        self.mention(place, path, None);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Takes a `use` tree apart.
    fn used(&mut self, tree: &[String], before: &[String], place: &Place, is_exported: bool) {
        let mut path = before.to_vec();
        let mut alias = None;
        let mut at = 0;
        while let Some(token) = tree.get(at) {
            match token.as_str() {
                "{" => {
                    let end = closing(tree, at);
                    let mut start = at + 1;
                    let mut depth = 0;
                    let inside = tree.iter().enumerate().take(end + 1).skip(at + 1);
                    for (inner, token) in inside {
                        match token.as_str() {
                            "{" => depth += 1,
                            "}" if depth > 0 => depth -= 1,
                            "," | "}" if depth == 0 => {
                                if inner > start {
                                    self.used(&tree[start..inner], &path, place, is_exported);
                                }
                                start = inner + 1;
                            }
                            _ => {}
                        }
                    }
                    return;
                }
                "*" => {
                    let module = self.modules.get_mut(place).expect("inserted before it is read");
                    module.globs.push(path.clone());
                    if !is_exported {
                        self.mention(place, path, None);
                    }
                    return;
                }
                "as" => {
                    alias = tree.get(at + 1).cloned();
                    break;
                }
                "::" => {}
                // `use super::log::{self, …}` is the module itself.
                "self" if !path.is_empty() => {}
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        let Some(name) = alias.or_else(|| path.last().cloned()) else { return };
        let module = self.modules.get_mut(place).expect("inserted before it is read");
        module.names.insert(name.clone(), path.clone());
        self.mention(place, path, is_exported.then_some(name));
    }

    fn mention(&mut self, at: &Place, path: Vec<String>, exported_as: Option<String>) {
        self.mentions.push(Mention { at: at.clone(), path, exported_as });
    }

    /// Finds the file that defines what a path names; `None` if that is no file of this crate.
    fn resolve(&self, from: &Place, path: &[String], depth: usize) -> Option<String> {
        let mut place = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                place.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            _ => {
                let child = [from.as_slice(), &rest[..1]].concat();
                if !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        while rest.first().is_some_and(|name| name == "super") {
            place.pop()?;
            rest = &rest[1..];
        }
        while let Some((name, after)) = rest.split_first() {
            let child = [place.as_slice(), std::slice::from_ref(name)].concat();
            if !self.modules.contains_key(&child) {
                break;
            }
            place = child;
            rest = after;
        }
        let module = self.modules.get(&place)?;
        let Some((name, after)) = rest.split_first() else {
            return Some(module.file.clone());
        };
        if module.items.contains(name) || depth > 16 {
            return Some(module.file.clone());
        }
        if let Some(target) = module.names.get(name) {
            let onward = [target.as_slice(), after].concat();
            return self.resolve(&place, &onward, depth + 1);
        }
        let globs = module.globs.iter().map(|glob| [glob.as_slice(), rest].concat());
        let mut found = globs.filter_map(|path| {
            let (name, module) = path.split_last()?;
            let file = self.resolve(&place, module, depth + 1)?;
            let defines =
                |(_, known): (&Place, &Module)| known.file == file && known.items.contains(name);
            self.modules.iter().any(defines).then_some(file)
        });
        found.next_back().or_else(|| Some(module.file.clone()))
    }

    /// Returns whether a file uses a name, its `use` lines aside.
    fn is_used_in(&self, file: &str, name: &str) -> bool {
        let mut in_use = false;
        self.files[file].iter().any(|token| {
            match token.as_str() {
                "use" => in_use = true,
                ";" => in_use = false,
                _ => {}
            }
            !in_use && token == name
        })
    }
}

/// Returns whether `pub` or `pub(…)` is before a token.
fn is_public(tokens: &[String], at: usize) -> bool {
    let before = &tokens[..at];
    match before.last().map(String::as_str) {
        Some("pub") => true,
        Some(")") => {
            let open = before.iter().rposition(|token| token == "(");
            open.and_then(|open| before.get(open.checked_sub(1)?)).is_some_and(|t| t == "pub")
        }
        _ => false,
    }
}

/// Returns where the bracket closes that is opened at `open`.
fn closing(tokens: &[String], open: usize) -> usize {
    super::tokens::closing(tokens, open).expect("what compiles closes its brackets")
}

/// Returns every circle: files of which each leads to each, two or more of them.
pub(super) fn circles(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = arrows
        .keys()
        .map(|start| {
            let mut reached = BTreeSet::new();
            let mut open: Vec<_> = arrows[start].iter().collect();
            while let Some(file) = open.pop() {
                if reached.insert(file) {
                    open.extend(arrows.get(file).into_iter().flatten());
                }
            }
            (start, reached)
        })
        .collect();
    let circle = |file: &String| -> BTreeSet<String> {
        let mates = reached[file].iter().filter(|other| reached[**other].contains(file));
        mates.map(|other| (*other).clone()).collect()
    };
    let found: BTreeSet<_> = reached.keys().map(|file| circle(file)).collect();
    found.into_iter().filter(|circle| circle.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate of these files, whose first is its root.
    fn arrows_of(files: &[(&str, &str)]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let sources = Sources::read(&directory.path().join(files[0].0));
        let arrows = sources.arrows().into_iter();
        let pairs =
            arrows.flat_map(|(from, to)| to.into_iter().map(move |to| format!("{from} -> {to}")));
        pairs.collect()
    }

    #[test]
    fn use_lines_and_paths_are_arrows_and_mod_lines_are_none() {
        let lib = ("lib.rs", "mod a; mod b; pub mod c { pub mod d; }");
        let a = ("a.rs", "use crate::b::{self, B as C, inner::{X}}; use std::fmt;");
        let b =
            ("b.rs", "pub mod inner; pub struct B; fn f() { let s = \"crate::a\"; } // crate::a");
        let inner = ("b/inner.rs", "pub struct X; fn f() -> super::B { super::super::c::d::y() }");
        let d = ("c/d.rs", "pub fn y() {} #[cfg(test)] mod tests { use crate::a::A; }");
        assert_eq!(
            arrows_of(&[lib, a, b, inner, d]),
            ["a.rs -> b.rs", "a.rs -> b/inner.rs", "b/inner.rs -> b.rs", "b/inner.rs -> c/d.rs"]
        );
    }

    #[test]
    fn a_re_export_leads_to_the_file_that_defines() {
        let lib = ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use a::*; pub use b::B;");
        let a = ("a.rs", "pub struct A; pub fn f() {}");
        let b = ("b.rs", "pub struct B(crate::A); fn g() { crate::f() }");
        assert_eq!(arrows_of(&[lib, a, b]), ["b.rs -> a.rs"]);
        let used = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B; struct Both(A, u8);");
        let b = ("b.rs", "pub struct B;");
        assert_eq!(arrows_of(&[used, a, b]), ["lib.rs -> a.rs"]);
    }

    #[test]
    fn a_circle_is_found_whole_and_a_chain_is_none() {
        let arrows = |pairs: &[(&str, &str)]| {
            let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (from, to) in pairs {
                arrows.entry((*from).to_owned()).or_default().insert((*to).to_owned());
                arrows.entry((*to).to_owned()).or_default();
            }
            circles(&arrows)
        };
        assert!(arrows(&[("a", "b"), ("b", "c"), ("a", "c")]).is_empty());
        let found = arrows(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a")]);
        assert_eq!(found, [["a", "b", "c"].map(str::to_owned).into()]);
    }
}
