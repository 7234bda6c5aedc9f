//! The provider processes of one proxy: one that is never configured, and one per Configure.
//!
//! Knows no create and no advice. Invariant: a process is configured once, with one request.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::Message as _;
use tokio::sync::OnceCell;

use crate::child::{Child, Launch};
use crate::error::Error;
use crate::frame::Status;
use crate::messages::{Block, Diagnostic, DiagnosticsResponse, Empty, ProviderSchema, Schema};
use crate::method::{Method, Protocol};

/// Starts processes, and ends all of them together.
pub(crate) struct Processes {
    launch: Launch,
    /// Answers schema and validation calls; never configured.
    base: Arc<Child>,
    configured: Mutex<Vec<Arc<Child>>>,
    schema: OnceCell<Bytes>,
}

impl Processes {
    /// Starts the provider once, to see that it is one.
    pub(crate) async fn start(launch: Launch) -> Result<Self, Error> {
        let base = Arc::new(launch.start().await?);
        Ok(Self { launch, base, configured: Mutex::default(), schema: OnceCell::new() })
    }

    /// Stands around a provider that runs inside a test, and can start no other.
    #[cfg(test)]
    pub(crate) fn of(base: Arc<Child>) -> Self {
        let launch = Launch {
            program: "/nowhere".into(),
            leash: Vec::new(),
            environment: Vec::new(),
            socket_directory: "/nowhere".into(),
        };
        Self { launch, base, configured: Mutex::default(), schema: OnceCell::new() }
    }

    pub(crate) fn base(&self) -> &Arc<Child> {
        &self.base
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.base.client.protocol()
    }

    /// Starts a process and configures it with this request; returns it with its answer.
    pub(crate) async fn configure(&self, request: Bytes) -> Result<(Arc<Child>, Bytes), Status> {
        let child = Arc::new(self.launch.start().await?);
        if let Ok(mut configured) = self.configured.lock() {
            configured.push(Arc::clone(&child));
        }
        let schema = self.decoded_schema().await?;
        if !schema.server_capabilities.is_some_and(|can| can.get_provider_schema_optional) {
            // Terraform takes the schema from the cache, but this process wants to be asked first.
            let request = Empty {}.encode_to_vec().into();
            child.client.raw(Method::GetProviderSchema, request).await?;
        }
        let answer = child.client.raw(Method::ConfigureProvider, request).await?;
        Ok((child, answer))
    }

    /// As [`Processes::configure`], with a request that was taken before; the error is the reason
    /// why it is not taken now.
    pub(crate) async fn configure_again(&self, request: Bytes) -> Result<Arc<Child>, String> {
        let (child, answer) = self.configure(request).await.map_err(|status| status.message)?;
        match first_error(answer)? {
            None => Ok(child),
            Some(error) => {
                child.stop().await;
                Err(error.summary)
            }
        }
    }

    /// The provider's answer to `GetProviderSchema`, asked for once.
    pub(crate) async fn schema(&self) -> Result<Bytes, Status> {
        let ask = || async {
            let request = Empty {}.encode_to_vec().into();
            self.base.client.raw(Method::GetProviderSchema, request).await
        };
        Ok(self.schema.get_or_try_init(ask).await.cloned()?)
    }

    async fn decoded_schema(&self) -> Result<ProviderSchema, Status> {
        Ok(ProviderSchema::decode(self.schema().await?).map_err(Error::from)?)
    }

    /// The block of a data source; none if the provider has no such data source.
    pub(crate) async fn data_source(&self, type_name: &str) -> Result<Option<Block>, Status> {
        let mut schema = self.decoded_schema().await?;
        Ok(schema.data_source_schemas.remove(type_name).and_then(block))
    }

    /// The attributes of a resource type that the provider fills.
    pub(crate) async fn computed_attributes(&self, type_name: &str) -> Result<Vec<String>, Status> {
        let mut schema = self.decoded_schema().await?;
        let block = schema.resource_schemas.remove(type_name).and_then(block);
        let attributes = block.map(|block| block.attributes).unwrap_or_default();
        Ok(attributes.into_iter().filter(|one| one.computed).map(|one| one.name).collect())
    }

    /// The last part of what all processes wrote to standard error.
    pub(crate) fn output(&self) -> String {
        let configured = self.configured.lock().map_or_else(|_| Vec::new(), |all| all.clone());
        configured.iter().chain([&self.base]).map(|child| child.output()).collect()
    }

    /// Ends every process.
    pub(crate) async fn stop(&self) {
        let configured =
            self.configured.lock().map_or_else(|_| Vec::new(), |mut all| std::mem::take(&mut *all));
        let all = configured.iter().chain([&self.base]);
        futures_util::future::join_all(all.map(|child| child.stop())).await;
    }
}

fn block(schema: Schema) -> Option<Block> {
    schema.block
}

/// Finds the error in an answer that holds nothing but diagnostics.
fn first_error(answer: Bytes) -> Result<Option<Diagnostic>, String> {
    let answer = DiagnosticsResponse::decode(answer).map_err(|error| error.to_string())?;
    Ok(answer.diagnostics.into_iter().find(Diagnostic::is_error))
}
