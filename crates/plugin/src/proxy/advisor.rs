//! The questions that the proxy asks, and the answers it understands.
//!
//! The proxy knows neither what a conflict is nor what exists in the org; whoever implements
//! [`CreateAdvisor`] does. Invariant: an advisor decides, the proxy carries out and may only refuse.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::inquiry::Inquirer;
use crate::child::Output;
use crate::messages::Diagnostic;
use crate::value::Value;

/// One provider configuration (alias), told apart by what its block says: the plugin protocol does
/// not tell an alias's name. Two aliases with equal blocks are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AliasToken(String);

impl AliasToken {
    /// Makes the token of an evaluated provider block, from its encoded form.
    pub fn of(encoded_block: &[u8]) -> Self {
        let hash = Sha256::digest(encoded_block);
        Self(URL_SAFE_NO_PAD.encode(&hash[..9]))
    }
}

impl fmt::Display for AliasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A provider that was configured. The block holds secrets: do not print it.
#[derive(Clone)]
pub struct ProviderConfigure {
    /// Which provider configuration.
    pub alias: AliasToken,
    /// The evaluated provider block.
    pub block: Value,
    /// The version of Terraform that asks.
    pub terraform_version: String,
    /// The way to ask the provider itself under this configuration.
    pub inquirer: Inquirer,
}

/// An instance that is about to be created. Its values may be secrets: `Debug` shows none.
#[derive(Clone)]
pub struct Create {
    /// Which provider configuration.
    pub alias: AliasToken,
    /// Resource type.
    pub type_name: String,
    /// The block as written; unknown parts are [`Value::Unknown`] during plan.
    pub config: Value,
    /// What the provider planned.
    pub planned: Value,
    /// The id of the object that this one is to replace, where the plan shows that: Terraform plans an
    /// instance that it replaces twice, as a change and then as a create.
    pub replaces: Option<String>,
}

impl fmt::Debug for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Create")
            .field("alias", &self.alias)
            .field("type_name", &self.type_name)
            .finish_non_exhaustive()
    }
}

/// A create that left nothing in the state.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What the provider said. Empty if it said nothing: it created something and could not read
    /// it back, which leaves an orphan.
    pub diagnostics: Vec<Diagnostic>,
    /// True if the provider gave no answer: it died, or its stream broke. It may have created
    /// something; `diagnostics` is what Terraform is to be told.
    pub is_unanswered: bool,
    /// The last part of what the provider process has written to standard error by the time one looks:
    /// its log tells whether an earlier try of the same create had been answered.
    pub provider_log: Output,
}

/// What is to be done about a create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    Pass,
    /// Say something.
    Warn {
        /// First line; names the thing, since Terraform folds equal summaries.
        summary: String,
        /// Body.
        detail: String,
    },
    /// Fail.
    Refuse {
        /// First line.
        summary: String,
        /// Body.
        detail: String,
    },
    /// Take what exists. During plan this only says so.
    Adopt(Adopt),
}

/// The object to take instead of creating one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopt {
    /// Its import id.
    pub id: String,
    /// First line of the warning.
    pub summary: String,
    /// Body of the warning.
    pub detail: String,
    /// The attributes, as paths such as `config.0.name`, in which it must equal what was planned, read
    /// from the provider right before it is taken; usually the key, `name`.
    pub must_match: Vec<String>,
    /// What is to be said behind the names of the attributes that differ; none if that is known and told
    /// already. Where it is not, the object is read while the plan is made, and the advisor is asked anew.
    pub if_it_differs: Option<String>,
    /// Bring its other attributes to the configuration at once. Otherwise they stay, and the next
    /// plan shows an update.
    pub accept_drift: bool,
}

/// An attribute in which an object and the configuration differ. The values may be secrets.
#[derive(Clone, PartialEq)]
pub struct Difference {
    /// Its name.
    pub attribute: String,
    /// What the object has.
    pub before: Value,
    /// What the configuration wants.
    pub after: Value,
    /// True if the provider's schema marks it, or something in it, as sensitive.
    pub is_sensitive: bool,
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference").field("attribute", &self.attribute).finish_non_exhaustive()
    }
}

/// What an apply after an adoption would do to the object, by the provider's own plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// What it would change.
    pub all: Vec<Difference>,
    /// The attributes for which it would delete the object and make another.
    pub replacing: Vec<String>,
}

/// How a create ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Something new exists.
    Created {
        /// Its id.
        id: String,
    },
    /// Something new exists, and what followed failed: Terraform marks the instance as tainted, and
    /// the next apply will delete and re-create it.
    Tainted {
        /// Its id.
        id: String,
    },
    /// Something that existed is handed to Terraform for its state.
    Adopted {
        /// Its id.
        id: String,
        /// The attributes in which it differed from the configuration.
        differing: Vec<String>,
        /// Whether they were brought to the configuration.
        updated: bool,
    },
    /// The advice was to adopt, and it could not be followed.
    NotAdopted {
        /// The id that was to be adopted.
        id: String,
        /// Why not.
        reason: String,
    },
    /// The provider's answer stands: nothing is in the state.
    Failed,
}

/// Decides about creates. All methods are called on the proxy's runtime, several at a time.
pub trait CreateAdvisor: Send + Sync + 'static {
    /// A provider is about to be configured: the time to start what takes a while.
    fn configuring(&self, _configure: &ProviderConfigure) {}

    /// A provider was configured without an error; once per walk (plan, apply) and alias.
    fn configured(&self, configure: &ProviderConfigure) -> impl Future<Output = ()> + Send;

    /// An instance is being planned as a create; once per walk, so twice in an apply.
    fn before_create(&self, create: &Create) -> impl Future<Output = Advice> + Send;

    /// What was to be adopted was read while the plan is made: what an apply would change about it, or
    /// why it could not be read. The answer takes the place of the advice.
    fn compared(
        &self,
        _create: &Create,
        adopt: Adopt,
        _differences: Result<Differences, String>,
    ) -> Advice {
        Advice::Adopt(adopt)
    }

    /// What is being adopted was read: what an apply would change about it.
    fn differs(&self, _create: &Create, _id: &str, _differences: &Differences) {}

    /// An instance is about to be created. Only [`Advice::Adopt`] is heard: then nothing is created,
    /// unless the object turns out not to be there any more.
    fn before_apply(&self, _create: &Create) -> impl Future<Output = Advice> + Send {
        std::future::ready(Advice::Pass)
    }

    /// A create left nothing in the state.
    fn after_refusal(
        &self,
        create: &Create,
        refusal: &Refusal,
    ) -> impl Future<Output = Advice> + Send;

    /// Returns whether what one create meets may be what another one has just made: an adoption then
    /// waits for that one's answer.
    fn may_meet(&self, _create: &Create, _other: &Create) -> bool {
        true
    }

    /// Returns the id that an import of an instance takes, from what the state holds of it: of some
    /// types the state has less.
    fn import_id(&self, _type_name: &str, state: &Value) -> Option<String> {
        state.get("id").as_str().map(str::to_owned)
    }

    /// An instance is in the state already, or was imported by this run.
    fn saw_managed(&self, type_name: &str, id: &str);

    /// An object is about to be deleted.
    fn deletes(&self, _type_name: &str, _id: &str) {}

    /// Terraform asks the provider to stop: somebody has interrupted it.
    fn stopping(&self) {}

    /// A create is about to be answered to Terraform, which waits for this.
    fn settled(&self, create: &Create, settled: &Settled) -> impl Future<Output = ()> + Send;
}
