//! Addresses for import lines: the configuration's own where it names a division, else made ones.
//!
//! Invariant: one list of names and one configuration always give the
//! same addresses, and no made address is that of a block which wants another name.

use std::collections::BTreeMap;

use divvy_core::label::{Style, labels};
use divvy_core::name::nfc;
use divvy_core::{Address, Kind};
use divvy_terraform::NamedInstance;

/// Which addresses names get.
pub(crate) struct Addresses {
    kind: &'static Kind,
    /// Text that stands before every address: empty, or `module.org.`.
    prefix: String,
    style: Style,
    /// Address of each division that the configuration wants, by name.
    configured: BTreeMap<String, String>,
}

impl Addresses {
    /// Knows no configuration yet; `prefix` is a module's address.
    pub(crate) fn new(kind: &'static Kind, prefix: Option<&str>, style: Style) -> Self {
        let prefix = prefix.map_or_else(String::new, |prefix| format!("{prefix}."));
        Self { kind, prefix, style, configured: BTreeMap::new() }
    }

    /// Adds what a configuration wants. Where two want one name, the address nearest to the root is
    /// the likelier one.
    pub(crate) fn add(&mut self, instances: Vec<NamedInstance>) {
        let depth = |address: &str| Address::parse(address).map(|found| found.module_path().len());
        for (address, name) in instances {
            if !address.starts_with(&self.prefix) {
                continue;
            }
            let rank = |address: &str| (depth(address), address.to_owned());
            let configured = self.configured.entry(nfc(&name)).or_insert_with(|| address.clone());
            if rank(&address) < rank(configured) {
                *configured = address;
            }
        }
    }

    /// Returns whether the configuration wants every one of these.
    pub(crate) fn know<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> bool {
        names.all(|name| self.configured.contains_key(&nfc(name)))
    }

    /// Returns the address of each name.
    pub(crate) fn of(&self, names: &[&str]) -> Vec<String> {
        let made = format!("{}{}.", self.prefix, self.kind.terraform_type);
        let taken: Vec<String> = (self.configured.values())
            .filter_map(|address| address.strip_prefix(&made).map(str::to_owned))
            .collect();
        let is_new = |name: &&&str| !self.configured.contains_key(&nfc(name));
        let to_label: Vec<String> = taken
            .iter()
            .cloned()
            .chain(names.iter().filter(is_new).map(|name| (*name).to_owned()))
            .collect();
        let mut labels = labels(&to_label, self.style).into_iter().skip(taken.len());
        let address = |name: &&str| match self.configured.get(&nfc(name)) {
            Some(address) => address.clone(),
            None => format!("{made}{}", labels.next().unwrap_or_default()),
        };
        names.iter().map(address).collect()
    }
}

/// Returns whether a text is the address of a module, such as `module.org["emea"]`.
pub(crate) fn is_module(prefix: &str) -> bool {
    Address::parse(&format!("{prefix}.a.b")).is_some_and(|address| address.module() == prefix)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use divvy_core::kinds::division::DIVISION;
    use divvy_terraform::Blocks;

    use super::*;

    fn addresses(files: &[(&str, &str)], prefix: Option<&str>, names: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let blocks = Blocks::read(directory.path(), Path::new(".terraform")).unwrap();
        let mut addresses = Addresses::new(&DIVISION, prefix, Style::Lower);
        addresses.add(blocks.named_instances(DIVISION.terraform_type));
        let of = addresses.of(names).into_iter();
        of.map(|address| address.replace("genesyscloud_auth_division.", "")).collect()
    }

    const CONFIGURATION: &str = r#"
        resource "genesyscloud_auth_division" "eng" { name = "Engineering" }
        resource "genesyscloud_auth_division" "sales" { name = "Sales EMEA" }
        resource "genesyscloud_auth_division" "each" {
            for_each = toset(["Claims"])
            name     = "Claims"
        }
        resource "genesyscloud_auth_division" "computed" { name = var.name }
        module "org" { source = "./org" }
        module "many" {
            source = "./org"
            count  = 2
        }"#;
    const MODULE: &str = r#"resource "genesyscloud_auth_division" "ops" { name = "Ops" }"#;
    const MODULES: &str = r#"{"Modules": [{"Key": "", "Dir": "."}, {"Key": "org", "Dir": "org"},
        {"Key": "many", "Dir": "org"}]}"#;

    #[test]
    fn a_made_label_is_the_tutorials() {
        assert_eq!(addresses(&[], None, &["Engineering"]), ["engineering"]);
        assert_eq!(addresses(&[], None, &["Contact Centre 1"]), ["contact_centre_1"]);
        assert_eq!(addresses(&[], Some("module.x"), &["A"]), ["module.x.a"]);
    }

    #[test]
    fn the_block_that_wants_the_name_gives_the_address() {
        let files = [
            ("main.tf", CONFIGURATION),
            ("org/main.tf", MODULE),
            (".terraform/modules/modules.json", MODULES),
        ];
        let names = ["Engineering", "Sales EMEA", "Claims", "Ops"];
        assert_eq!(addresses(&files, None, &names), ["eng", "sales", "claims", "module.org.ops"]);
        let within = addresses(&files, Some("module.org"), &["Engineering", "Ops"]);
        assert_eq!(within, ["module.org.engineering", "module.org.ops"]);
    }

    #[test]
    fn of_two_that_want_a_name_the_nearest_to_the_root_counts_whatever_the_order() {
        let instance =
            |address: &str| (format!("{address}.genesyscloud_auth_division.x"), "A".to_owned());
        let mut all =
            vec![instance("module.a.module.b"), instance("module.z"), instance("module.y[\"k\"]")];
        for _ in 0..all.len() {
            all.rotate_left(1);
            let mut addresses = Addresses::new(&DIVISION, None, Style::Lower);
            addresses.add(all.clone());
            assert_eq!(addresses.of(&["A"]), ["module.y[\"k\"].genesyscloud_auth_division.x"]);
            assert!(addresses.know(["A"].into_iter()) && !addresses.know(["A", "B"].into_iter()));
        }
    }

    #[test]
    fn a_made_label_is_never_that_of_a_block_with_another_name() {
        let made = addresses(&[("main.tf", CONFIGURATION)], None, &["Sales"]);
        assert!(made[0].starts_with("sales_") && made[0].len() == 26, "{made:?}");
    }

    #[test]
    fn twins_get_addresses_of_their_own() {
        let made = addresses(&[], None, &["Sales EMEA", "Sales/EMEA"]);
        assert!(made[0] == "sales_emea" && made[1].starts_with("sales_emea_"), "{made:?}");
    }

    #[test]
    fn a_prefix_is_the_address_of_a_module() {
        assert!(is_module("module.a") && is_module("module.a[\"x.y\"].module.b"));
        for text in ["", "a", "module", "module.a.", "module.a.t.n", "data.x", "module.a b"] {
            assert!(!is_module(text), "{text}");
        }
    }
}
