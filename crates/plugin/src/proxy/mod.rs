//! A provider between Terraform and the real one.
//!
//! Terraform finds it through `TF_REATTACH_PROVIDERS`. Everything is handed on byte for byte; opened
//! are only the calls that tell of creates and of what is managed. Invariants: one child process per
//! Configure (the official provider keeps its client in globals, so two aliases in one process would
//! mix orgs); nothing is ever sent that the advisor did not decide.

mod adopt;
mod advisor;
mod connection;
mod inquiry;
mod instances;
mod processes;
mod sending;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use divvy_os::sockets::{Listener, Place};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::advisor::{
    Adopt, Advice, AliasToken, Create, CreateAdvisor, Difference, Differences, ProviderConfigure,
    Refusal, Settled,
};
use self::connection::Connection;
pub use self::inquiry::{Inquirer, Inquiry};
use self::processes::Processes;
use self::shared::Shared;
use crate::child::REATTACH_PROVIDERS;
pub use crate::child::{Launch, Output};
use crate::error::Error;
use crate::handshake::network;
use crate::listen::converse;

/// A proxy that listens until it is stopped or dropped.
pub struct Proxy<A> {
    shared: Arc<Shared<A>>,
    place: Place,
    done: DropGuard,
    listening: JoinHandle<()>,
}

impl<A: CreateAdvisor> Proxy<A> {
    /// Starts the provider once, to see that it is one, and listens for Terraform.
    ///
    /// Must be called on a tokio runtime; everything runs as tasks of it.
    ///
    /// # Errors
    /// If the binary is no provider, or the socket cannot be made.
    pub async fn start(launch: Launch, advisor: A) -> Result<Self, Error> {
        let socket = launch.socket_directory.join("proxy");
        let transport = launch.transport;
        let processes = Arc::new(Processes::start(launch).await?);
        let listener = Listener::bind(transport, &socket)
            .await
            .map_err(Error::io(format!("listening on {}", socket.display())))?;
        let place = listener.place();
        let shared = Arc::new(Shared::new(processes, advisor));
        let done = CancellationToken::new();
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared), done.clone()));
        Ok(Self { shared, place, done: done.drop_guard(), listening })
    }

    /// Returns the advisor.
    pub fn advisor(&self) -> &A {
        &self.shared.advisor
    }

    /// Tells the proxy of instances that the state or a plan file holds: (resource type, id). Their
    /// ids are never adopted.
    pub fn add_managed(&self, instances: impl IntoIterator<Item = (String, String)>) {
        for (type_name, id) in instances {
            self.shared.saw_managed(&type_name, &id);
        }
    }

    /// Returns name and value of the variable that makes Terraform use the proxy for these provider
    /// addresses. A value that the user has set already is kept for all other addresses.
    ///
    /// Never set it for `init`, `get`, `providers lock` or `providers mirror`: they would leave the
    /// provider out of the lock file.
    ///
    /// # Errors
    /// If the user's own value cannot be read.
    pub fn reattach_variable<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a str>,
        existing: Option<&str>,
    ) -> Result<(&'static str, String), Error> {
        let mut providers: serde_json::Map<String, serde_json::Value> = match existing {
            None | Some("") => serde_json::Map::new(),
            Some(text) => serde_json::from_str(text)
                .map_err(|error| Error::Value(format!("{REATTACH_PROVIDERS}: {error}")))?,
        };
        let (network, place) = network(&self.place);
        for address in addresses {
            // Not in test mode Terraform would kill the process with this id, which is ours.
            let provider = serde_json::json!({
                "Protocol": "grpc",
                "ProtocolVersion": self.shared.processes.protocol().number(),
                "Pid": std::process::id(),
                "Test": true,
                "Addr": {"Network": network, "String": place},
            });
            providers.insert(address.to_owned(), provider);
        }
        Ok((REATTACH_PROVIDERS, serde_json::Value::Object(providers).to_string()))
    }

    /// Returns the last part of what the provider processes wrote to standard error: Terraform
    /// cannot show a panic of a provider that it did not start.
    pub async fn provider_output(&self) -> String {
        self.shared.processes.output().await
    }

    /// Ends the provider processes and stops listening; call it when Terraform has ended.
    pub async fn stop(self) {
        drop(self.done);
        if let Err(error) = self.listening.await {
            tracing::debug!(%error, "the proxy's listener ended badly");
        }
        self.shared.processes.stop().await;
    }
}

async fn listen<A: CreateAdvisor>(
    listener: Listener,
    shared: Arc<Shared<A>>,
    done: CancellationToken,
) {
    for number in 0.. {
        let stream = tokio::select! {
            () = done.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%error, "the proxy could not accept a connection");
                    continue;
                }
            },
        };
        let connection = Arc::new(Connection::new(Arc::clone(&shared), number));
        let done = done.clone();
        tokio::spawn(async move {
            let answer = |request| Arc::clone(&connection).handle(request);
            converse(TokioIo::new(stream), &done, answer).await;
        });
    }
}
