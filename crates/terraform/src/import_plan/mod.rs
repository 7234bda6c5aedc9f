//! Adoption through Terraform itself: a plan that imports and does nothing else.
//!
//! Import blocks are written, planned, judged by the plan's JSON, and that very plan file is
//! applied. Never changes an object unless told so for its address. Where no such plan can be made,
//! `terraform import` follows, address by address; it never writes to the org either.

mod adoption;
mod blocks_file;
mod dependencies;
mod judge;
mod work;

use std::collections::BTreeSet;

use divvy_core::{Address, Consent};

pub use self::adoption::{Adoption, Import, Imported, LeftOut, Reason, Way, WhenDrifted};
pub use self::blocks_file::{LeftOver, left_over as left_over_imports};
use self::work::Work;
use crate::error::Error;
use crate::working_directory::WorkingDirectory;

/// The first Terraform with import blocks.
const FIRST_WITH_BLOCKS: (u64, u64) = (1, 5);

impl WorkingDirectory {
    /// Adopts objects. `created` are the instances that an apply would create beside them, as far as that
    /// is known: no plan takes what waits for one. `run` is a word that makes the name of the blocks file
    /// unique; `terraform_version` comes from a plan's JSON (unknown counts as new).
    ///
    /// One address that cannot be adopted is a [`LeftOut`], never an error.
    ///
    /// # Errors
    /// As every run; the blocks file is removed first.
    pub async fn adopt(
        &self,
        consent: &Consent,
        imports: &[Import],
        created: &BTreeSet<Address>,
        run: &str,
        terraform_version: Option<&str>,
    ) -> Result<Adoption, Error> {
        let runs_before = self.terraform_runs();
        self.remove_left_over_blocks(consent)?;
        let mut work = Work::new(self, consent, run, imports);
        if terraform_version.is_none_or(knows_import_blocks) {
            work.by_plans(created).await?;
        }
        work.by_commands().await?;
        let mut adoption = work.adoption;
        adoption.terraform_runs = self.terraform_runs() - runs_before;
        Ok(adoption)
    }

    /// Plans imports and does nothing else: what would be `imported` without a change, what would be
    /// `left_out` and why, with what Terraform would change after the import; in neither is what cannot be
    /// planned. The blocks file is there for as long as that takes.
    ///
    /// # Errors
    /// As every run; the blocks file is removed first.
    pub async fn preview_imports(
        &self,
        consent: &Consent,
        imports: &[Import],
        run: &str,
        terraform_version: Option<&str>,
    ) -> Result<Adoption, Error> {
        let mut work = Work::new(self, consent, run, imports);
        if terraform_version.is_none_or(knows_import_blocks) {
            work.preview().await?;
        }
        Ok(work.adoption)
    }

    /// Names the blocks files that killed runs have left: every plan would import again.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn left_over_blocks(&self) -> Result<LeftOver, Error> {
        blocks_file::find(self.path())
    }

    /// Removes the blocks files that killed runs have left, and names them.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove_left_over_blocks(
        &self,
        _consent: &Consent,
    ) -> Result<Vec<std::path::PathBuf>, Error> {
        let found = self.left_over_blocks()?.ours;
        for path in &found {
            blocks_file::remove(path, self.terraform().observer())?;
        }
        Ok(found)
    }
}

fn knows_import_blocks(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= FIRST_WITH_BLOCKS,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_blocks_came_with_1_5() {
        for (version, knows) in [
            ("1.4.7", false),
            ("1.5.0", true),
            ("1.11.4", true),
            ("2.0.0", true),
            ("1.5.0-beta1", true),
            ("?", true),
        ] {
            assert_eq!(knows_import_blocks(version), knows, "{version}");
        }
    }
}
