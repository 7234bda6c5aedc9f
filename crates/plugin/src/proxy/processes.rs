//! The provider processes of one proxy: one that is never configured, and one per Configure.
//!
//! Knows no create and no advice. Invariant: a process is configured once, with one request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    protocol: Protocol,
    /// Answers schema and validation calls; never configured.
    base: tokio::sync::Mutex<Arc<Child>>,
    /// All others, the dead ones too.
    kept: Mutex<Vec<Arc<Child>>>,
    schema: OnceCell<Bytes>,
    /// What was asked of the schema, by type: it is large, and each adoption asks.
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    data_sources: HashMap<String, Option<Arc<Block>>>,
    resources: HashMap<String, Arc<ResourceSchema>>,
}

/// What an adoption has to know of a resource type's schema.
#[derive(Debug, Default)]
pub(crate) struct ResourceSchema {
    /// The attributes that the provider fills.
    pub(crate) computed: Vec<String>,
    /// Attributes and blocks that are sensitive, or hold what is.
    pub(crate) sensitive: Vec<String>,
}

impl ResourceSchema {
    fn of(block: Block) -> Self {
        let nested = block.block_types.iter();
        let nested = nested.filter(|nested| nested.block.as_ref().is_some_and(holds_sensitive));
        let nested: Vec<_> = nested.map(|nested| nested.type_name.clone()).collect();
        let sensitive = block.attributes.iter().filter(|one| one.sensitive);
        let sensitive = sensitive.map(|one| one.name.clone()).chain(nested).collect();
        let computed = block.attributes.into_iter().filter(|one| one.computed);
        Self { computed: computed.map(|one| one.name).collect(), sensitive }
    }
}

fn holds_sensitive(block: &Block) -> bool {
    let mut nested = block.block_types.iter().filter_map(|nested| nested.block.as_ref());
    block.attributes.iter().any(|one| one.sensitive) || nested.any(holds_sensitive)
}

impl Processes {
    /// Starts the provider once, to see that it is one.
    pub(crate) async fn start(launch: Launch) -> Result<Self, Error> {
        let base = launch.start().await?;
        Ok(Self::around(launch, Arc::new(base)))
    }

    /// Stands around a provider that runs inside a test, and can start no other.
    #[cfg(test)]
    pub(crate) fn of(base: Arc<Child>) -> Self {
        let launch = Launch {
            program: "/nowhere".into(),
            leash: Vec::new(),
            environment: Vec::new(),
            socket_directory: "/nowhere".into(),
            transport: divvy_os::sockets::DEFAULT,
        };
        Self::around(launch, base)
    }

    fn around(launch: Launch, base: Arc<Child>) -> Self {
        Self {
            launch,
            protocol: base.client.protocol(),
            base: base.into(),
            kept: Mutex::default(),
            schema: OnceCell::new(),
            asked: Mutex::default(),
        }
    }

    /// The process that is never configured; one that is gone is replaced, since it has done nothing
    /// that a fresh one would have to know.
    pub(crate) async fn base(&self) -> Arc<Child> {
        let mut base = self.base.lock().await;
        if base.client.is_closed() {
            match self.launch.start().await {
                Ok(fresh) => {
                    let gone = std::mem::replace(&mut *base, Arc::new(fresh));
                    self.keep(gone);
                }
                Err(error) => tracing::warn!(%error, "a provider that is gone was not replaced"),
            }
        }
        Arc::clone(&base)
    }

    /// Keeps a process to the end: for its last words, and to end it.
    fn keep(&self, child: Arc<Child>) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push(child);
        }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Starts a process and configures it with this request; returns it with its answer.
    pub(crate) async fn configure(&self, request: Bytes) -> Result<(Arc<Child>, Bytes), Status> {
        let child = Arc::new(self.launch.start().await?);
        self.keep(Arc::clone(&child));
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
            self.base().await.client.raw(Method::GetProviderSchema, request).await
        };
        Ok(self.schema.get_or_try_init(ask).await.cloned()?)
    }

    async fn decoded_schema(&self) -> Result<ProviderSchema, Status> {
        Ok(ProviderSchema::decode(self.schema().await?).map_err(Error::from)?)
    }

    /// The block of a data source; none if the provider has no such data source.
    pub(crate) async fn data_source(&self, type_name: &str) -> Result<Option<Arc<Block>>, Status> {
        if let Some(block) = self.asked().data_sources.get(type_name) {
            return Ok(block.clone());
        }
        let mut schema = self.decoded_schema().await?;
        let block = schema.data_source_schemas.remove(type_name).and_then(block).map(Arc::new);
        self.asked().data_sources.insert(type_name.to_owned(), block.clone());
        Ok(block)
    }

    /// What an adoption has to know of a resource type.
    pub(crate) async fn resource(&self, type_name: &str) -> Result<Arc<ResourceSchema>, Status> {
        if let Some(known) = self.asked().resources.get(type_name) {
            return Ok(Arc::clone(known));
        }
        let mut schema = self.decoded_schema().await?;
        let block = schema.resource_schemas.remove(type_name).and_then(block);
        let resource = Arc::new(block.map(ResourceSchema::of).unwrap_or_default());
        self.asked().resources.insert(type_name.to_owned(), Arc::clone(&resource));
        Ok(resource)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last part of what all processes wrote to standard error.
    pub(crate) async fn output(&self) -> String {
        let kept = self.kept.lock().map_or_else(|_| Vec::new(), |all| all.clone());
        let base = self.base.lock().await;
        kept.iter().chain([&*base]).map(|child| child.output().text()).collect()
    }

    /// Ends every process.
    pub(crate) async fn stop(&self) {
        let kept =
            self.kept.lock().map_or_else(|_| Vec::new(), |mut all| std::mem::take(&mut *all));
        let base = self.base.lock().await;
        let all = kept.iter().chain([&*base]);
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
