//! What states and a saved plan hold, read beside Terraform.
//!
//! Reads only. Invariant: an id that anything here holds is never adopted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use divvy_core::survey::{Planned, Tracked, TrackedInstance};
use divvy_core::{Address, Attributes, EntityId};
use divvy_terraform::{Error, WorkingDirectory};

use crate::run::subcommand::{Flow, TerraformCommand};

/// What the state and, if there is one, the plan file hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    /// Everything that some address holds.
    pub(crate) tracked: Tracked,
    /// Addresses that are created before they are destroyed, as the state has it.
    pub(crate) create_first: BTreeSet<Address>,
    /// What a plan file would make, at the addresses that it tells.
    pub(crate) planned: Vec<Planned>,
    /// Which of the tracked instances hold an id.
    holding: HashMap<EntityId, Vec<usize>>,
}

/// What is held, once it is read.
pub(crate) type Held = Result<Arc<Holdings>, String>;

impl Holdings {
    fn of(tracked: Tracked, create_first: BTreeSet<Address>) -> Self {
        let mut holdings = Self { create_first, ..Self::default() };
        let instances = tracked.instances;
        holdings.tracked = Tracked { instances: Vec::with_capacity(instances.len()), ..tracked };
        for instance in instances {
            holdings.add(instance);
        }
        holdings
    }

    /// Holdings of these instances alone.
    #[cfg(test)]
    pub(crate) fn holding(instances: impl Iterator<Item = TrackedInstance>) -> Self {
        let tracked = Tracked { instances: instances.collect(), ..Tracked::default() };
        Self::of(tracked, BTreeSet::new())
    }

    fn add(&mut self, instance: TrackedInstance) {
        let all = &mut self.tracked.instances;
        self.holding.entry(instance.id.clone()).or_default().push(all.len());
        all.push(instance);
    }

    /// Returns the instances that hold an id.
    pub(crate) fn with_id(&self, id: &EntityId) -> impl Iterator<Item = &TrackedInstance> {
        let positions = self.holding.get(id).into_iter().flatten();
        positions.map(|at| &self.tracked.instances[*at])
    }
}

/// Reads what the state holds, and what those state files hold that the command names; with it, which
/// addresses are created before they are destroyed.
pub(crate) async fn tracked(
    directory: &WorkingDirectory,
    named: &[PathBuf],
) -> Result<(Tracked, BTreeSet<Address>), Error> {
    let state = directory.state().await?;
    let (mut tracked, mut create_first) = (state.tracked()?, state.created_first()?);
    let mut known: HashSet<EntityId> =
        tracked.instances.iter().map(|instance| instance.id.clone()).collect();
    for file in named {
        let Some(state) = directory.state_file(file)? else { continue };
        create_first.extend(state.created_first()?);
        for instance in state.tracked()?.instances {
            if known.insert(instance.id.clone()) {
                tracked.instances.push(instance);
            }
        }
    }
    Ok((tracked, create_first))
}

/// Reads what states and a saved plan hold: those ids are never adopted.
pub(crate) async fn read_held(directory: &WorkingDirectory, command: &TerraformCommand) -> Held {
    let told = |error: Error| error.to_string();
    let state = async {
        let (tracked, create_first) = tracked(directory, &command.states).await.map_err(told)?;
        Ok(Holdings::of(tracked, create_first))
    };
    let Flow::ApplyPlan { file } = &command.flow else { return state.await.map(Arc::new) };
    let plan = async {
        let plan = directory.read_plan_file(&directory.path().join(file)).await;
        plan.and_then(|plan| plan.desired()).map_err(told)
    };
    let (state, plan) = tokio::join!(state, plan);
    let (mut held, planned) = (state?, plan?.planned);
    for planned in &planned {
        let before = planned.before.as_ref().and_then(|before| before.get("id")?.as_str());
        let ids = before.map(EntityId::new).into_iter().chain(planned.import_id.clone());
        for id in ids {
            if !held.holding.contains_key(&id) {
                held.add(TrackedInstance {
                    address: planned.address.clone(),
                    kind: planned.kind,
                    provider_alias: None,
                    id,
                    attributes: Attributes::new(),
                    sensitive: planned.sensitive.clone(),
                    is_tainted: false,
                    is_deposed: false,
                });
            }
        }
    }
    held.planned = planned;
    Ok(Arc::new(held))
}
