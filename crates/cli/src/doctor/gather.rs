//! Gathers the facts: files, Terraform and every org at the same time, each as far as it goes.
//!
//! Reads only, and judges nothing. Invariant: whatever fails becomes a fact; the only errors are a
//! wrong command line and an interrupt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use divvy_core::kinds;
use divvy_core::kinds::division::DIVISION;
use divvy_core::provider_arguments::Argument;
use divvy_core::survey::{Alias, ById, StatePresence, TrackedInstance};
use divvy_core::{EntityId, Kind, ProviderArguments};
use divvy_genesys::{Client, Connection, ConnectionError, Dialect, Reason, Region, Settings};
use divvy_terraform::{
    Access, Blocks, CliConfiguration, LockFile, PassedFlags, ProviderAddress, StateDocument,
    Terraform, WorkingDirectory, holds_configuration, left_over_imports,
};
use futures_util::future::join_all;

use super::facts::{
    Account, Answers, Concern, Configuration, Facts, KindSeen, NoWay, Overridden, Program, Reply,
    State, Trouble, Way,
};
use super::{leftovers, provider};
use crate::arguments::{OrgArguments, TerraformArguments};
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::observers::Observers;
use crate::org::{OrgFlags, client};
use crate::survey::{data_directory, observers, passed_flags, place, program};

/// Patience of a doctor: long enough for a slow org, short enough to say that none answers.
const SETTINGS: Settings = Settings {
    largest_reply: Settings::LARGEST_REPLY,
    rate: 300,
    concurrency: 10,
    try_timeout: Duration::from_secs(10),
    attempts: 2,
    first_wait: Duration::from_millis(250),
    longest_pause: Duration::from_secs(20),
    keep_secret: crate::door::keep_secret,
};

/// Finds out everything that the checks ask.
pub(crate) async fn gather(
    context: &Context,
    org: &OrgArguments,
    terraform: &TerraformArguments,
) -> CommandResult<Facts> {
    let flags = passed_flags(context, terraform, Access::Reads)?;
    let observers = observers(context);
    let place = place(context, terraform);
    let found = program(context, terraform, &observers);
    let blocks = read_blocks(context, &place);
    let (directory, refusal) = match open(&place, found.as_ref().ok(), flags) {
        Ok(directory) => (directory, None),
        Err(error) => (None, Some(error)),
    };
    let (version, state, accounts) = tokio::join!(
        version(found.as_ref().ok(), context),
        pull(directory.as_ref(), refusal),
        accounts(context, org, directory.as_ref(), blocks.as_ref().ok(), &observers),
    );
    let mut accounts = accounts;
    look_for_ids(&mut accounts, state.told()).await;
    if context.interrupt.is_cancelled() {
        return Err(CommandError::interrupted());
    }
    Ok(Facts {
        terraform: found.map_err(Trouble::from).map(|found| Program {
            name: found.name(),
            path: found.program().to_owned(),
            passes_wrapper_by: found.passes_wrapper_by(),
            version,
        }),
        configuration: blocks
            .map(|blocks| configuration(context, &place, &blocks, directory.as_ref())),
        state,
        accounts: accounts.into_iter().map(|(account, _)| account).collect(),
        leftovers: leftovers::find(&place, &context.environment.variables),
    })
}

fn read_blocks(context: &Context, place: &Path) -> Result<Blocks, Trouble> {
    if !place.is_dir() {
        return Err(divvy_terraform::Error::NoDirectory { path: place.to_owned() }.into());
    }
    if !holds_configuration(place)? {
        return Err(divvy_terraform::Error::NoConfiguration { path: place.to_owned() }.into());
    }
    Ok(Blocks::read(place, &data_directory(context, place))?)
}

/// Opens the directory, if there is a program to run in it and something to run it on.
fn open(
    place: &Path,
    program: Option<&Terraform>,
    flags: PassedFlags,
) -> Result<Option<WorkingDirectory>, divvy_terraform::Error> {
    program.map(|program| WorkingDirectory::open(place, program.clone(), flags)).transpose()
}

async fn version(program: Option<&Terraform>, context: &Context) -> Result<String, Trouble> {
    match program {
        Some(program) => {
            let anywhere = &context.environment.current_directory;
            program.version(anywhere).await.map_err(Trouble::from)
        }
        None => Err(Trouble::default()),
    }
}

async fn pull(
    directory: Option<&WorkingDirectory>,
    refusal: Option<divvy_terraform::Error>,
) -> Reply<State> {
    let Some(directory) = directory else {
        return refusal.map_or(Reply::Unasked, |error| Reply::Refused(error.into()));
    };
    let read = |document: StateDocument| {
        let tracked = document.tracked()?;
        Ok(State {
            is_there: tracked.presence == StatePresence::Present,
            instances: tracked.instances,
            addresses: document.addresses(),
        })
    };
    directory.state().await.and_then(read).into()
}

fn configuration(
    context: &Context,
    place: &Path,
    blocks: &Blocks,
    directory: Option<&WorkingDirectory>,
) -> Configuration {
    let lock_file = LockFile::read(place);
    let source = blocks.required_provider("genesyscloud").map(str::to_owned);
    let entry = lock_file.provider(provider::VENDOR);
    let is_installed = entry.is_some_and(|entry| {
        let providers = data_directory(context, place).join("providers");
        providers.join(&entry.source).join(&entry.version).is_dir()
    });
    let ours = left_over_imports(place).unwrap_or_default();
    let reattached = context.environment.variables.get("TF_REATTACH_PROVIDERS");
    Configuration {
        overridden: overridden(context, place, source.as_deref()),
        is_reattached: reattached.is_some_and(|text| text.contains("genesyscloud")),
        is_installed,
        source,
        lock_file,
        backend: blocks.backend().map(str::to_owned),
        runs_remotely: blocks.runs_remotely(),
        workspace: directory.and_then(WorkingDirectory::workspace),
        unreadable: blocks.unreadable().iter().map(|file| file.display().to_string()).collect(),
        literal_credentials: blocks.literal_credentials().iter().map(ToString::to_string).collect(),
        imports: blocks
            .imports()
            .iter()
            .filter(|import| !ours.iter().any(|path| path.ends_with(&import.place.file)))
            .map(|import| (import.to.clone(), import.place.to_string()))
            .collect(),
    }
}

/// Finds the binary that Terraform would take by `dev_overrides`.
fn overridden(
    context: &Context,
    place: &Path,
    source: Option<&str>,
) -> Option<Result<Overridden, String>> {
    let (environment, program) = (&context.environment.variables, context.terraform.as_str());
    let provider = ProviderAddress::parse(source?, program)?;
    let configuration = match CliConfiguration::read(environment, program) {
        Ok(configuration) => configuration,
        Err(error) => return Some(Err(error.to_string())),
    };
    let named = configuration.development_override(&provider)?;
    let binary = named.binary(place).map_err(|error| error.to_string());
    Some(binary.map(|binary| Overridden { binary, file: named.file.clone() }))
}

/// Works every account out and asks its org, all at the same time.
async fn accounts(
    context: &Context,
    org: &OrgArguments,
    directory: Option<&WorkingDirectory>,
    blocks: Option<&Blocks>,
    observers: &Arc<Observers>,
) -> Vec<(Account, Option<Client>)> {
    let flags = OrgFlags::read(context, org).await.map_err(Trouble::from);
    let written = match blocks {
        Some(blocks) => provider_arguments(directory, blocks).await,
        None => BTreeMap::new(),
    };
    let is_only_one = written.len() == 1;
    let mut ways: Vec<(Option<&Alias>, Result<Connection, NoWay>)> = Vec::new();
    match &flags {
        Err(trouble) => {
            let no_way = NoWay(vec![(Concern::Credentials, trouble.clone())]);
            ways.push((None, Err(no_way)));
        }
        Ok(flags) if written.is_empty() => {
            let way = |flags: &OrgFlags| flags.without_configuration(Dialect::Published);
            ways.push((None, way_or_troubles(context, flags, way)));
        }
        Ok(flags) => ways.extend(written.iter().map(|(alias, arguments)| {
            let way = |flags: &OrgFlags| flags.connection(alias, arguments, is_only_one);
            (Some(alias), way_or_troubles(context, flags, way))
        })),
    }
    let (written, kinds) = (&written, &blocks.map(listed_kinds).unwrap_or_default());
    let asked = ways.into_iter().map(|(alias, connection)| async move {
        let arguments = alias.and_then(|alias| written.get(alias));
        let (client, answers) = match &connection {
            Ok(connection) => ask(context, connection, observers, kinds).await,
            Err(_) => (None, Answers::default()),
        };
        let account = Account {
            alias: alias.map(|alias| alias.as_str().to_owned()),
            way: connection.map(|connection| way(&connection)),
            regions_named: regions_named(context, org, arguments),
            answers,
        };
        (account, client)
    });
    join_all(asked).await
}

/// Returns the kinds of a configuration that are listed, but for divisions, which are looked at more
/// closely, and for what is listed below a parent.
fn listed_kinds(blocks: &Blocks) -> BTreeSet<&'static Kind> {
    let kinds = blocks.resource_types().filter_map(kinds::of_terraform_type);
    kinds.filter(|kind| kind.is_read_whole() && **kind != **DIVISION).collect()
}

/// Learns what each provider block says. No block at all is an empty one.
async fn provider_arguments(
    directory: Option<&WorkingDirectory>,
    blocks: &Blocks,
) -> BTreeMap<Alias, ProviderArguments> {
    let evaluated = match directory {
        Some(directory) => directory.provider_arguments_without_plan(blocks).await.ok(),
        None => None,
    };
    let mut arguments = evaluated.unwrap_or_else(|| blocks.constant_provider_arguments());
    if arguments.is_empty() {
        arguments.insert(Alias::new("genesyscloud"), ProviderArguments::default());
    }
    arguments
}

/// Works a way out. Where no region is given, what is missing besides is told as well.
fn way_or_troubles(
    context: &Context,
    flags: &OrgFlags,
    way: impl Fn(&OrgFlags) -> Result<Connection, ConnectionError>,
) -> Result<Connection, NoWay> {
    let error = match way(flags) {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let mut troubles = Vec::new();
    if matches!(error, ConnectionError::NoRegion) {
        let elsewhere = flags.as_if_in_some_region(&context.environment.variables);
        troubles.extend(way(&elsewhere).err().map(trouble_at));
    }
    troubles.push(trouble_at(error));
    Err(NoWay(troubles))
}

fn trouble_at(error: ConnectionError) -> (Concern, Trouble) {
    let concern = match &error {
        ConnectionError::Open { argument, .. } if argument.starts_with("proxy") => Concern::Proxy,
        ConnectionError::Open { argument, .. }
            if argument.starts_with("gateway") || argument == "aws_region" =>
        {
            Concern::Region
        }
        ConnectionError::BadUrl { what: "the proxy" } => Concern::Proxy,
        ConnectionError::BadUrl { .. }
        | ConnectionError::NoRegion
        | ConnectionError::UnknownRegion { .. } => Concern::Region,
        _ => Concern::Credentials,
    };
    (concern, error.into())
}

fn way(connection: &Connection) -> Way {
    Way {
        credentials_from: connection.credentials_from(),
        client_id: connection.client_id().map(str::to_owned),
        api_url: connection.api_url().to_owned(),
        // Behind a gateway the region decides nothing.
        region: connection
            .region()
            .filter(|region| region.api() == connection.api_url())
            .map(|region| region.key),
        base_from: connection.base_from().to_string(),
        proxies: connection.proxies(),
    }
}

/// Every place that names a region, the one that counts or not.
fn regions_named(
    context: &Context,
    org: &OrgArguments,
    arguments: Option<&ProviderArguments>,
) -> Vec<(&'static str, String)> {
    let written = arguments.map(|arguments| &arguments.aws_region).and_then(Argument::known);
    let named = [
        ("provider block", written),
        ("environment", context.environment.variables.get("GENESYSCLOUD_REGION")),
        ("flags", org.region.as_ref()),
    ];
    let key = |text: &String| {
        Region::parse(text).map_or_else(|| text.clone(), |region| region.key.to_owned())
    };
    named
        .into_iter()
        .filter_map(|(place, text)| Some((place, text.filter(|text| !text.is_empty())?)))
        .map(|(place, text)| (place, key(text)))
        .collect()
}

/// Asks one org everything: the token first, then all else at the same time.
async fn ask(
    context: &Context,
    connection: &Connection,
    observers: &Arc<Observers>,
    used: &BTreeSet<&'static Kind>,
) -> (Option<Client>, Answers) {
    let observer = Arc::<Observers>::clone(observers) as _;
    let client = match client(context, connection.clone(), SETTINGS, observer) {
        Ok(client) => client,
        Err(error) => {
            let token = Reply::Refused(error.into());
            return (None, Answers { token, ..Answers::default() });
        }
    };
    if let Err(error) = client.authenticate().await {
        let answers = Answers {
            reason: Some(error.reason.clone()),
            clock_skew: client.clock_skew(),
            token: Reply::Refused(error.into()),
            ..Answers::default()
        };
        return (None, answers);
    }
    let may_list = used.iter().map(|kind| async { (*kind, client.may_list(kind).await.into()) });
    let (organization, products, kinds, listable) = tokio::join!(
        client.organization(),
        client.products(),
        join_all([*DIVISION].into_iter().map(|kind| look_at(&client, kind))),
        join_all(may_list),
    );

    let mut answers = Answers {
        token: Reply::Told(()),
        reason: organization.as_ref().err().map(|error| error.reason.clone()),
        clock_skew: client.clock_skew(),
        organization: organization.into(),
        products: products.into(),
        kinds,
        listable,
    };
    if answers.reason == Some(Reason::WrongCredentials) {
        // A token that was made elsewhere shows only here whether it is good.
        if let Reply::Refused(trouble) = std::mem::take(&mut answers.organization) {
            answers.token = Reply::Refused(trouble);
        }
    }
    (Some(client), answers)
}

async fn look_at(client: &Client, kind: &'static Kind) -> KindSeen {
    let held = permissions(kind).into_iter().map(|permission| async move {
        (permission, client.divisions_with_permission(kind, permission).await.into())
    });
    let (listing, limit, permitted) =
        tokio::join!(client.listing(kind), client.limit(kind), join_all(held));
    KindSeen {
        kind,
        listing: listing.into(),
        limit: limit.into(),
        permitted,
        tracked: 0,
        absent: Reply::Unasked,
    }
}

/// Every permission that a kind's requests need, each once.
fn permissions(kind: &'static Kind) -> Vec<&'static str> {
    let needed = &kind.permissions;
    let mut all: Vec<&str> = Vec::new();
    for permission in [needed.list, needed.create, needed.deleted, needed.restore].concat() {
        if !all.contains(&permission) {
            all.push(permission);
        }
    }
    all
}

/// Looks for the ids of the state in the orgs that they should be in: first in the listing, then
/// by id, because a listing may lag.
async fn look_for_ids(accounts: &mut [(Account, Option<Client>)], state: Option<&State>) {
    let Some(state) = state else { return };
    let aliases: Vec<Option<String>> =
        accounts.iter().map(|(account, _)| account.alias.clone()).collect();
    let questions = accounts.iter_mut().enumerate().filter_map(|(index, (account, client))| {
        let client = client.as_ref()?;
        let mine: Vec<&TrackedInstance> = state
            .instances
            .iter()
            .filter(|instance| !instance.is_deposed)
            .filter(|instance| account_of(instance, &aliases) == Some(index))
            .collect();
        Some(async move {
            for seen in &mut account.answers.kinds {
                look_for(seen, client, &mine).await;
            }
        })
    });
    join_all(questions).await;
}

async fn look_for(seen: &mut KindSeen, client: &Client, instances: &[&TrackedInstance]) {
    let mine: Vec<&&TrackedInstance> =
        instances.iter().filter(|instance| instance.kind == seen.kind).collect();
    seen.tracked = mine.len();
    let Some(listing) = seen.listing.told() else { return };
    let is_listed = |id: &EntityId| listing.entities.iter().any(|entity| entity.id == *id);
    let missing: Vec<_> = mine.into_iter().filter(|instance| !is_listed(&instance.id)).collect();
    let answers = client.by_ids(seen.kind, missing.iter().map(|instance| &instance.id)).await;
    let absent = |answers: BTreeMap<EntityId, ById>| {
        let gone = |id: &EntityId| answers.get(id) == Some(&ById::Absent);
        let absent = missing.iter().filter(|instance| gone(&instance.id));
        absent.map(|instance| instance.address.clone()).collect()
    };
    seen.absent = answers.map(absent).into();
}

/// Finds the account that serves an instance, as the state names it; the root module's wins.
fn account_of(instance: &TrackedInstance, aliases: &[Option<String>]) -> Option<usize> {
    if aliases.len() == 1 {
        return Some(0);
    }
    let names_it = |alias: &str| {
        let local = alias.rsplit(':').next().unwrap_or_default();
        local.split_once('.').map(|(_, alias)| alias) == instance.provider_alias.as_deref()
    };
    let named = aliases.iter().enumerate();
    named
        .filter_map(|(index, alias)| Some((index, alias.as_deref()?)))
        .filter(|(_, alias)| names_it(alias))
        .min_by_key(|(_, alias)| alias.contains(':'))
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;
    use divvy_core::{Address, Attributes};

    use super::*;

    #[test]
    fn each_permission_is_asked_for_once() {
        let asked = permissions(&DIVISION);
        assert_eq!(
            asked,
            [
                "authorization:division:add",
                "authorization:grant:add",
                "authorization:divisionDeleted:view"
            ]
        );
    }

    #[test]
    fn what_bars_the_way_belongs_to_one_check() {
        let open = |argument: &str| ConnectionError::Open {
            argument: argument.to_owned(),
            reference: "var.x".to_owned(),
        };
        for (error, concern) in [
            (open("oauthclient_secret"), Concern::Credentials),
            (open("aws_region"), Concern::Region),
            (open("gateway.host"), Concern::Region),
            (open("proxy.auth.password"), Concern::Proxy),
            (ConnectionError::BadUrl { what: "the proxy" }, Concern::Proxy),
            (ConnectionError::BadUrl { what: "the gateway" }, Concern::Region),
            (ConnectionError::NoRegion, Concern::Region),
            (ConnectionError::NoCredentials { missing: "all of them" }, Concern::Credentials),
        ] {
            let text = error.to_string();
            assert_eq!(trouble_at(error).0, concern, "{text}");
        }
    }

    #[test]
    fn an_instance_belongs_to_the_account_that_the_state_names() {
        let instance = |alias: Option<&str>| TrackedInstance {
            address: Address::parse("genesyscloud_auth_division.a").unwrap(),
            kind: &DIVISION,
            provider_alias: alias.map(str::to_owned),
            id: EntityId::new("id"),
            attributes: Attributes::new(),
            sensitive: BTreeSet::new(),
            is_tainted: false,
            is_deposed: false,
        };
        let aliases = |names: &[&str]| -> Vec<Option<String>> {
            names.iter().map(|name| Some((*name).to_owned())).collect()
        };
        let several = aliases(&["module.a:genesyscloud", "genesyscloud", "genesyscloud.eu"]);
        assert_eq!(account_of(&instance(None), &several), Some(1));
        assert_eq!(account_of(&instance(Some("eu")), &several), Some(2));
        assert_eq!(account_of(&instance(Some("us")), &several), None);
        assert_eq!(account_of(&instance(Some("us")), &aliases(&["genesyscloud"])), Some(0));
        assert_eq!(account_of(&instance(None), &[None]), Some(0));
    }
}
