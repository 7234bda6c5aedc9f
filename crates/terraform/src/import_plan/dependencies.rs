//! Which blocks wait for which, as `terraform graph` draws it: with locals, variables and outputs on the
//! way (up to 1.6, OpenTofu), or of resources alone (since 1.7).
//!
//! Never guesses from the text of a configuration. Invariant: a node is known by the address of its
//! block, without instance keys.

use std::collections::{BTreeSet, HashMap, HashSet};

use divvy_core::Address;

/// What each node leads to.
#[derive(Debug, Default)]
pub(crate) struct Dependencies(HashMap<String, Vec<String>>);

impl Dependencies {
    /// Reads the drawing, line by line; whatever is no arrow between two nodes does not matter.
    pub(crate) fn read(drawing: &str) -> Self {
        let mut arrows: HashMap<String, Vec<String>> = HashMap::new();
        for line in drawing.lines() {
            let ends = line.trim().trim_end_matches(';').split_once("\" -> \"");
            let Some((from, to)) = ends else { continue };
            let (from, to) = (from.trim_start_matches('"'), to.trim_end_matches('"'));
            arrows.entry(block(from)).or_default().push(block(to));
        }
        Self(arrows)
    }

    /// Returns those of the addresses whose blocks wait for the block of one of `others`.
    pub(crate) fn waiting<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a Address>,
        others: &BTreeSet<Address>,
    ) -> Vec<&'a Address> {
        let others: HashSet<String> = others.iter().map(block_of).collect();
        let mut known: HashMap<String, bool> = HashMap::new();
        let waits = |address: &&Address| {
            let own = block_of(address);
            *known.entry(own).or_insert_with_key(|own| self.leads(own, &others))
        };
        addresses.into_iter().filter(waits).collect()
    }

    fn leads(&self, from: &str, to: &HashSet<String>) -> bool {
        let (mut seen, mut open) = (HashSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            for next in self.0.get(node).into_iter().flatten() {
                if to.contains(next) {
                    return true;
                }
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        false
    }
}

/// Takes the graph's own words off a node.
fn block(node: &str) -> String {
    let node = node.strip_prefix("[root] ").unwrap_or(node);
    node.strip_suffix(" (expand)").unwrap_or(node).to_owned()
}

/// Returns the address of an instance's block, without instance keys.
pub(super) fn block_of(address: &Address) -> String {
    let modules = address.module_path().into_iter().map(|name| format!("module.{name}."));
    let modules: String = modules.collect();
    format!("{modules}{}.{}", address.terraform_type(), address.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_RESOURCES: &str = r#"digraph G {
  rankdir = "RL";
  "a.first" [label="a.first"];
  subgraph "cluster_module.m" {
    "module.m.a.y" [label="a.y"];
  }
  "a.z" -> "module.m.a.y";
  "module.m.a.y" -> "a.first";
}"#;

    const OF_EVERYTHING: &str = r#"digraph {
	subgraph "root" {
		"[root] a.z (expand)" [label = "a.z", shape = "box"]
		"[root] local.x (expand)" -> "[root] a.first (expand)"
		"[root] module.m.var.v (expand)" -> "[root] local.x (expand)"
		"[root] module.m.a.y (expand)" -> "[root] module.m.var.v (expand)"
		"[root] a.z (expand)" -> "[root] module.m.a.y (expand)"
		"[root] a.first (expand)" -> "[root] provider[\"a\"]"
		"[root] a.other (expand)" -> "[root] provider[\"a\"]"
	}
}"#;

    #[test]
    fn what_waits_for_another_block_is_known_through_modules_and_instances() {
        let address = |text: &str| Address::parse(text).unwrap();
        let first = BTreeSet::from([address("a.first[\"k\"]")]);
        let asked = ["a.other", "a.z[0]", "module.m[\"k\"].a.y"].map(address);
        for drawing in [OF_RESOURCES, OF_EVERYTHING] {
            let waiting = Dependencies::read(drawing).waiting(&asked, &first);
            assert_eq!(waiting, [&asked[1], &asked[2]], "{drawing}");
        }
        assert!(Dependencies::read("no drawing").waiting(&asked, &first).is_empty());
    }
}
