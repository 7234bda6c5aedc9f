//! A trivial advisor, and Terraform behind a proxy that asks it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use divvy_plugin::Value;
use divvy_plugin::proxy::{
    Adopt, Advice, Create, CreateAdvisor, Launch, ProviderConfigure, Proxy, Refusal, Settled,
};
use divvy_sandbox::emulator::Handle;

use super::ADDRESS;
use crate::provider::org::{Org, find, port_of};
use crate::provider::workspace::{Ended, STAND_IN, Workspace};

/// Adopts whatever has the planned name, in the org that the provider block's port names.
#[derive(Default)]
pub(super) struct Adopter {
    orgs: Vec<Handle>,
    refuse: bool,
    accept_drift: bool,
    aliases: Mutex<Vec<(String, u16)>>,
    pub(super) managed: Arc<Mutex<Vec<String>>>,
    settled: Mutex<Vec<(String, Settled)>>,
}

fn name_of(create: &Create) -> String {
    create.planned.get("name").as_str().unwrap_or_default().to_owned()
}

impl Adopter {
    pub(super) fn of(orgs: &[&Org]) -> Self {
        let orgs = orgs.iter().map(|org| org.handle()).collect();
        Self { orgs, ..Self::default() }
    }

    pub(super) fn refusing(self) -> Self {
        Self { refuse: true, ..self }
    }

    pub(super) fn accepting_drift(self) -> Self {
        Self { accept_drift: true, ..self }
    }

    fn advise(&self, create: &Create) -> Advice {
        let name = name_of(create);
        let alias = create.alias.to_string();
        let aliases = self.aliases.lock().unwrap();
        let port = aliases.iter().find(|(known, _)| *known == alias).map(|(_, port)| *port);
        let mut orgs = self.orgs.iter();
        let org = orgs.find(|org| Some(port_of(org)) == port).unwrap();
        let Some(found) = find(org, &name) else {
            return Advice::Pass;
        };
        let summary = format!("\"{name}\" already exists in the org");
        let detail = "It will be adopted.".to_owned();
        if self.refuse {
            return Advice::Refuse { summary, detail };
        }
        Advice::Adopt(Adopt {
            id: found.id,
            summary,
            detail,
            must_match: vec!["name".to_owned()],
            if_it_differs: None,
            accept_drift: self.accept_drift,
        })
    }
}

impl CreateAdvisor for Adopter {
    async fn configured(&self, configure: &ProviderConfigure) {
        let gateway = &configure.block.get("gateway").elements()[0];
        let port = gateway.get("port").as_str().unwrap().parse().unwrap();
        self.aliases.lock().unwrap().push((configure.alias.to_string(), port));
    }

    async fn before_create(&self, create: &Create) -> Advice {
        self.advise(create)
    }

    async fn after_refusal(&self, create: &Create, refusal: &Refusal) -> Advice {
        let is_conflict = refusal.diagnostics.iter().any(|diagnostic| {
            let detail = Value::from_json_bytes(diagnostic.detail.as_bytes()).unwrap_or_default();
            detail.get("statusCode").as_u64() == Some(409)
                && detail.get("method").as_str() == Some("POST")
        });
        if is_conflict || refusal.diagnostics.is_empty() {
            self.advise(create)
        } else {
            Advice::Pass
        }
    }

    fn saw_managed(&self, _type_name: &str, id: &str) {
        self.managed.lock().unwrap().push(id.to_owned());
    }

    async fn settled(&self, create: &Create, settled: &Settled) {
        self.settled.lock().unwrap().push((name_of(create), settled.clone()));
    }
}

/// Runs Terraform through a proxy; `watch` sees the running process.
pub(super) fn through_proxy(
    workspace: &Workspace,
    adopter: Adopter,
    managed: &[(&str, &str)],
    arguments: &[&str],
    watch: impl FnOnce(u32, &Path) + Send + 'static,
) -> (Ended, Vec<(String, Settled)>) {
    let sockets = tempfile::tempdir().unwrap();
    let mut command = workspace.command(arguments);
    let environment = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let watched = sockets.path().to_owned();
    let launch = Launch {
        program: STAND_IN.into(),
        leash: Vec::new(),
        environment,
        socket_directory: sockets.path().to_owned(),
        transport: divvy_os::sockets::DEFAULT,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let proxy = Proxy::start(launch, adopter).await.unwrap();
        proxy.add_managed(managed.iter().map(|(t, id)| ((*t).to_owned(), (*id).to_owned())));
        let (name, value) = proxy.reattach_variable([ADDRESS], None).unwrap();
        command.env(name, value).process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = tokio::process::Command::from(command).spawn().unwrap();
        let id = child.id().unwrap();
        let watching = std::thread::spawn(move || watch(id, &watched));
        let output = child.wait_with_output().await.unwrap();
        watching.join().unwrap();
        let settled = std::mem::take(&mut *proxy.advisor().settled.lock().unwrap());
        proxy.stop().await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        (Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }, settled)
    })
}
