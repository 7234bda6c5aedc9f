//! What a file of the configuration says, as it is written: blocks, arguments, places.
//!
//! Never evaluates anything. Invariant: no literal value shows in `Debug` or in a place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::expression::{Step, steps};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the working directory.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The bytes of the file; empty where only the line is known (`.tf.json`).
    pub bytes: (usize, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One `import` block.
#[derive(Clone, Debug)]
pub struct ImportBlock {
    /// Its `to`, as written.
    pub to: String,
    /// Where it stands.
    pub place: Place,
    pub(crate) body: Written,
}

impl ImportBlock {
    /// Returns the type that it imports, as far as its `to` can be read.
    pub fn terraform_type(&self) -> Option<String> {
        let steps = steps(&self.to)?.into_iter();
        let mut names = steps.filter_map(|step| match step {
            Step::Name(name) => Some(name),
            Step::Key(_) => None,
        });
        loop {
            match names.next()? {
                name if name == "module" => names.next(),
                name => return Some(name),
            };
        }
    }
}

/// The arguments of a block as written.
#[derive(Clone, Default)]
pub(crate) struct Written {
    pub(crate) arguments: BTreeMap<String, Argument>,
    /// Nested blocks in their order, with their names.
    pub(crate) blocks: Vec<(String, Written)>,
    /// Names of blocks that a `dynamic` block may make.
    pub(crate) dynamic: Vec<String>,
    /// Each argument as an expression on one line, where it can be written so.
    pub(crate) sources: BTreeMap<String, String>,
}

impl Written {
    /// Lays an override over this: its arguments win, its blocks replace those of the same name.
    pub(super) fn merge(&mut self, later: Self) {
        self.sources.retain(|name, _| !later.arguments.contains_key(name));
        self.arguments.extend(later.arguments);
        self.sources.extend(later.sources);
        let replaced: Vec<&String> = later.blocks.iter().map(|(name, _)| name).collect();
        self.blocks.retain(|(name, _)| !replaced.contains(&name));
        self.blocks.extend(later.blocks);
        self.dynamic.extend(later.dynamic);
    }

    /// Returns whether an argument is there, in whatever form.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.arguments.contains_key(name) || self.sources.contains_key(name)
    }

    /// Returns the `provider` of a block, as written.
    pub(crate) fn provider_named(&self) -> Option<String> {
        match &self.arguments.get("provider")?.form {
            Form::Literal(named) | Form::Expression(named) => Some(named.clone()),
            Form::Null | Form::Opaque => None,
        }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.arguments.keys()).finish()
    }
}

/// One argument as written.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) place: Place,
    pub(crate) form: Form,
}

/// How an argument is written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Null, as good as not written.
    Null,
    /// A constant, as text.
    Literal(String),
    /// An expression, by its source text.
    Expression(String),
    /// Something that cannot be carried over as one expression.
    Opaque,
}

impl Form {
    pub(super) fn says_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Literal(text) => text.is_empty(),
            Self::Expression(_) | Self::Opaque => false,
        }
    }

    pub(super) fn is_plain_text(&self) -> bool {
        matches!(self, Self::Literal(text) if !text.is_empty())
    }
}

/// One block that has a name: `module`, `variable`.
pub(super) struct NamedBlock {
    pub(super) name: String,
    pub(super) body: Written,
}

impl NamedBlock {
    pub(super) fn new(name: impl Into<String>, body: Written) -> Self {
        Self { name: name.into(), body }
    }
}

/// One `resource` block.
pub(super) struct ResourceBlock {
    pub(super) terraform_type: String,
    pub(super) label: String,
    pub(super) place: Place,
    pub(super) body: Written,
}

/// What one file, or all files, say.
#[derive(Default)]
pub(super) struct Found {
    pub(super) resources: Vec<ResourceBlock>,
    pub(super) providers: Vec<(String, Option<String>, Place, Written)>,
    pub(super) modules: Vec<NamedBlock>,
    pub(super) variables: Vec<NamedBlock>,
    pub(super) locals: Written,
    pub(super) imports: Vec<ImportBlock>,
    pub(super) backend: Option<String>,
    pub(super) required_providers: BTreeMap<String, String>,
    pub(super) required_versions: Vec<(String, String)>,
}

/// Turns byte offsets into places.
pub(super) struct Lines<'a> {
    file: &'a Path,
    pub(super) text: &'a str,
    /// Bytes that stood before `text`: a byte order mark.
    before: usize,
    /// Where each line but the first begins.
    begin: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Counts the lines of a file; a byte order mark is none of its text.
    pub(super) fn of(file: &'a Path, content: &'a str) -> Self {
        let text = content.strip_prefix('\u{feff}').unwrap_or(content);
        let begin = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Self { file, text, before: content.len() - text.len(), begin }
    }

    pub(super) fn place(&self, bytes: Range<usize>) -> Place {
        Place {
            file: self.file.to_owned(),
            line: 1 + self.begin.partition_point(|begin| *begin <= bytes.start),
            bytes: (bytes.start + self.before, bytes.end + self.before),
        }
    }
}
