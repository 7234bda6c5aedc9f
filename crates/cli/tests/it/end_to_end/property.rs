//! The end-to-end property: what `fix` adopted, Terraform leaves alone for good.

use serde_json::Value;

use crate::world::World;

/// One `fix`, and everything that must hold afterwards.
pub(crate) struct Proof<'w> {
    world: &'w World,
    flags: Vec<&'w str>,
    variables: Vec<&'w str>,
    exit: i32,
}

impl<'w> Proof<'w> {
    /// `fix --yes` in this world, ending with 0.
    pub(crate) fn of(world: &'w World) -> Self {
        Self { world, flags: vec!["fix", "--yes", "-o", "json"], variables: Vec::new(), exit: 0 }
    }

    /// With further flags.
    pub(crate) fn with(mut self, flags: &[&'w str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// With `-var` and `-var-file`, which Terraform gets from the test and through divvy's `--`.
    pub(crate) fn variables(mut self, variables: &[&'w str]) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Ending otherwise.
    pub(crate) fn ending(mut self, exit: i32) -> Self {
        self.exit = exit;
        self
    }

    /// Runs `fix` and holds Terraform, the state and the org to the property. Returns the report.
    #[track_caller]
    pub(crate) fn holds(self, adopted: &[(&str, &str)]) -> Value {
        let before = self.world.divisions_of_org(0);
        let report = self.fix(self.exit);
        assert_eq!(imports(&report), sorted(adopted), "{report:#}");
        assert_eq!(self.world.divisions_of_org(0), before, "fix changed the org");
        for (address, id) in adopted {
            assert_eq!(self.world.id_at(address).as_deref(), Some(*id), "{address}");
        }
        assert_eq!(self.world.litter(), Vec::<String>::new());

        self.plan_leaves_alone(adopted);
        let state = self.world.state();
        let again = self.fix(self.exit);
        assert_eq!(imports(&again), [], "a second fix found something to adopt: {again:#}");
        assert_eq!(self.world.state(), state, "a second fix changed the state");

        let _ = self.terraform("apply", &["-auto-approve"]).ended(0);
        let plan = self.terraform("plan", &["-detailed-exitcode"]).ended(0);
        assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
        let after = self.world.divisions_of_org(0);
        for (_, id) in adopted {
            assert_eq!(after[*id], before[*id], "{id} was changed in the org");
        }
        report
    }

    fn fix(&self, exit: i32) -> Value {
        let mut arguments = self.flags.clone();
        if !self.variables.is_empty() {
            arguments.push("--");
            arguments.extend(&self.variables);
        }
        self.world.divvy(&arguments).ended(exit).json()
    }

    fn terraform(&self, subcommand: &str, flags: &[&str]) -> crate::world::Ran {
        let mut arguments = vec![subcommand, "-input=false"];
        arguments.extend(flags);
        arguments.extend(&self.variables);
        self.world.terraform(&arguments)
    }

    /// A plain plan has no action on an adopted address.
    #[track_caller]
    fn plan_leaves_alone(&self, adopted: &[(&str, &str)]) {
        let file = self.world.beside().join("proof.tfplan");
        let file = file.to_str().expect("a path in UTF-8");
        let _ = self.terraform("plan", &["-out", file]).ended(0);
        let plan = self.world.terraform(&["show", "-json", file]).ended(0).json();
        let changes = plan["resource_changes"].as_array().expect("resource changes");
        for (address, _) in adopted {
            let change = changes.iter().find(|change| change["address"] == *address);
            let change = change.unwrap_or_else(|| panic!("the plan lacks {address}"));
            assert_eq!(change["change"]["actions"], serde_json::json!(["no-op"]), "{change:#}");
            assert!(change["change"].get("importing").is_none(), "{change:#}");
        }
    }
}

/// What a report says was imported: address and id, sorted.
pub(crate) fn imports(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().expect("findings");
    let mut found: Vec<_> = findings
        .iter()
        .filter(|finding| finding["action"]["do"] == "import")
        .map(|finding| (text(&finding["address"]), text(&finding["action"]["id"])))
        .collect();
    found.sort();
    found
}

fn sorted(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
    pairs.sort();
    pairs
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
