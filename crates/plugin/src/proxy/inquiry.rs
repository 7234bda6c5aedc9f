//! Questions to the provider on a process of their own, configured as Terraform configured its own.
//!
//! Reads only. The process is not Terraform's: the official provider keeps what its data sources
//! have listed, so a question there could change a later answer to Terraform. Invariant: whoever
//! drops a question takes it back; the provider hears of it and stops asking.

use std::sync::Arc;

use bytes::Bytes;

use super::processes::Processes;
use crate::child::Child;
use crate::error::Error;
use crate::messages::{
    Block, Diagnostic, ImportRequest, ImportResponse, Nesting, ReadDataRequest, ReadDataResponse,
    ReadRequest, ReadResponse,
};
use crate::method::Method;
use crate::value::Value;

/// Begins inquiries under one provider configuration. Holds its secrets.
#[derive(Clone)]
pub struct Inquirer {
    processes: Arc<Processes>,
    configure: Bytes,
}

impl Inquirer {
    pub(crate) fn new(processes: Arc<Processes>, configure: Bytes) -> Self {
        Self { processes, configure }
    }

    /// Starts a process and configures it.
    ///
    /// # Errors
    /// The reason, for the user, if the provider does not start or does not take its configuration.
    pub async fn begin(&self) -> Result<Inquiry, String> {
        let child = self.processes.configure_again(self.configure.clone()).await?;
        Ok(Inquiry { processes: Arc::clone(&self.processes), child })
    }
}

/// A configured process that nobody else asks. It lives until it is ended, or the proxy is.
pub struct Inquiry {
    processes: Arc<Processes>,
    child: Arc<Child>,
}

impl Inquiry {
    /// Reads a data source; all arguments that are not given are null.
    ///
    /// # Errors
    /// The reason, for the user, if the provider has no such data source or answers with an error.
    pub async fn data_source(
        &self,
        type_name: &str,
        arguments: &[(&str, &str)],
    ) -> Result<Value, String> {
        let block = self.processes.data_source(type_name).await.map_err(|status| status.message)?;
        let block = block.ok_or_else(|| format!("The provider has no data source {type_name}."))?;
        let mut config = unset(&block);
        for (name, value) in arguments {
            config.set(name, Value::from(*value));
        }
        let request =
            ReadDataRequest { type_name: type_name.to_owned(), config: Some(config.write()) };
        let answer: ReadDataResponse =
            self.child.client.unary(Method::ReadDataSource, &request).await.map_err(said)?;
        no_error(&answer.diagnostics)?;
        Value::read(answer.state.as_ref()).map_err(said)
    }

    /// Reads the object with this import id, as an import would take it into the state.
    ///
    /// # Errors
    /// The reason, for the user, if the provider does not find it.
    pub async fn resource(&self, type_name: &str, id: &str) -> Result<Value, String> {
        let read = import(&self.child, type_name, id).await?;
        Value::read(read.new_state.as_ref()).map_err(said)
    }

    /// Ends the process.
    pub async fn end(&self) {
        self.child.stop().await;
    }
}

/// Makes the value of a block in which nothing is written. The protocol wants every attribute and
/// every nested block to be there.
fn unset(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|one| (one.name.clone(), Value::Null));
    let blocks = block.block_types.iter().map(|nested| {
        let value = match nested.nesting() {
            Nesting::Invalid | Nesting::Single => Value::Null,
            Nesting::List | Nesting::Set => Value::List(Vec::new()),
            Nesting::Map => Value::object::<String>([]),
            Nesting::Group => nested.block.as_ref().map_or(Value::Null, unset),
        };
        (nested.type_name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

/// Imports one object and reads it, as Terraform does. The read is needed: an import alone may tell
/// the id and nothing else, and its private data holds a marker that only a read removes.
pub(crate) async fn import(
    child: &Child,
    type_name: &str,
    id: &str,
) -> Result<ReadResponse, String> {
    let request = ImportRequest { type_name: type_name.to_owned(), id: id.to_owned() };
    let import: ImportResponse =
        child.client.unary(Method::ImportResourceState, &request).await.map_err(said)?;
    no_error(&import.diagnostics)?;
    let mut imported = import.imported_resources.into_iter();
    let (Some(imported), None) = (imported.next(), imported.next()) else {
        return Err("The provider did not import exactly one object.".to_owned());
    };
    if imported.type_name != type_name {
        return Err(format!("The provider imported a {}.", imported.type_name));
    }
    let request = ReadRequest {
        type_name: imported.type_name,
        current_state: imported.state,
        private: imported.private,
        current_identity: imported.identity,
    };
    let read: ReadResponse =
        child.client.unary(Method::ReadResource, &request).await.map_err(said)?;
    no_error(&read.diagnostics)?;
    Ok(read)
}

pub(crate) fn no_error(diagnostics: &[Diagnostic]) -> Result<(), String> {
    match diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
        None => Ok(()),
        Some(error) => Err(format!("The provider says: {}", error.summary)),
    }
}

pub(crate) fn said(error: impl Into<Error>) -> String {
    error.into().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::{Attribute, NestedBlock};

    #[test]
    fn an_unwritten_block_has_a_value_for_each_of_its_parts() {
        let attribute = Attribute { name: "name".to_owned(), ..Attribute::default() };
        let inner = Block { attributes: vec![attribute], block_types: Vec::new() };
        let nested = |name: &str, nesting: Nesting| NestedBlock {
            type_name: name.to_owned(),
            block: Some(inner.clone()),
            nesting: nesting.into(),
            ..NestedBlock::default()
        };
        let block = Block {
            block_types: vec![
                nested("single", Nesting::Single),
                nested("list", Nesting::List),
                nested("set", Nesting::Set),
                nested("map", Nesting::Map),
                nested("group", Nesting::Group),
            ],
            ..inner.clone()
        };
        let expected = json!({
            "name": null, "single": null, "list": [], "set": [], "map": {},
            "group": { "name": null },
        });
        assert_eq!(unset(&block), Value::from(expected));
    }
}
