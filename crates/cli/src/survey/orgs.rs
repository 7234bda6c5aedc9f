//! Asks the orgs: who they are, what they have, and what a first look made worth asking.
//!
//! Reads only. Invariant: an org is asked with the credentials of its own provider configuration,
//! and one listing per org serves every alias that leads there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use divvy_core::further_needs::{Needs, further_needs};
use divvy_core::kind::Filling;
use divvy_core::survey::{
    Alias, AliasTarget, Desired, Listing, Org, Planned, Seen, Survey, Tracked,
};
use divvy_core::{EntityId, Kind, OrgId};
use divvy_genesys::{Client, Connection, ConnectionError, Reason, Settings};
use futures_util::future::{join_all, try_join_all};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::error::{CommandError, CommandResult, ErrorKind};
use crate::observers::Observers;
use crate::org::{client_until, of_api, of_connection};

/// A client and the org that it turned out to talk to, once it has been asked.
pub(crate) struct Asked {
    client: Client,
    pub(crate) seen: (OrgId, Org),
}

/// An alias, and the org that it led to.
#[derive(Clone, Debug)]
pub(crate) struct OrgSeen {
    pub(crate) alias: Alias,
    pub(crate) credentials_from: Option<String>,
}

/// An alias, and the connection that it leads to or why it leads to none.
pub(crate) type Lead = (Alias, Result<Connection, String>);

/// Asks orgs, each with the credentials of its own provider configuration: everything at once for a
/// survey or a look-up ([`Asker::ask`]), and kind by kind as a run comes to them ([`organization`],
/// [`listed`]).
pub(crate) struct Asker {
    interrupt: CancellationToken,
    observers: Arc<Observers>,
}

impl Asker {
    /// Makes one whose requests these observers hear of.
    pub(crate) fn new(context: &Context, observers: Arc<Observers>) -> Self {
        Self { interrupt: context.interrupt.clone(), observers }
    }

    /// Makes one that nothing interrupts: beside Terraform, Ctrl-C is Terraform's, and what it still
    /// creates is still looked up.
    pub(crate) fn beside_terraform(observers: Arc<Observers>) -> Self {
        Self { interrupt: CancellationToken::new(), observers }
    }

    /// Makes the client of a connection.
    pub(crate) fn client(&self, connection: &Connection) -> Result<Client, ConnectionError> {
        let observer = Arc::<Observers>::clone(&self.observers) as _;
        client_until(connection.clone(), Settings::default(), observer, self.interrupt.clone())
    }

    /// Asks every org that the leads go to, each once and all at the same time, but for those that
    /// were asked early. One of several that does not answer is unresolved, and says why.
    pub(crate) async fn ask(
        &self,
        leads: Vec<Lead>,
        early: Vec<CommandResult<Asked>>,
        kinds: &BTreeSet<&'static Kind>,
    ) -> CommandResult<Answers> {
        let replies = self.replies(&leads, early, kinds).await;
        let several = replies.len() > 1;
        let mut refused: BTreeMap<String, String> = BTreeMap::new();
        let mut asked = BTreeMap::new();
        for (key, reply) in replies {
            match reply {
                Ok(answer) => drop(asked.insert(key, answer)),
                Err(error) if several && error.kind == ErrorKind::Failed => {
                    refused.insert(key, error.with_hints());
                }
                Err(error) => return Err(error),
            }
        }
        let mut answers = Answers::default();
        for (alias, lead) in leads {
            let (target, credentials_from) = match lead {
                Err(reason) => (AliasTarget::Unresolved(reason), None),
                Ok(connection) => {
                    let key = connection.fingerprint();
                    let target = match asked.get(&key) {
                        Some(answer) => AliasTarget::Org(answer.seen.0.clone()),
                        None => {
                            AliasTarget::Unresolved(refused.get(&key).cloned().unwrap_or_default())
                        }
                    };
                    (target, Some(connection.credentials_from()))
                }
            };
            answers.orgs.push(OrgSeen { alias: alias.clone(), credentials_from });
            answers.aliases.insert(alias, target);
        }
        answers.asked = asked.into_values().collect();
        Ok(answers)
    }

    async fn replies(
        &self,
        leads: &[Lead],
        early: Vec<CommandResult<Asked>>,
        kinds: &BTreeSet<&'static Kind>,
    ) -> BTreeMap<String, CommandResult<Asked>> {
        let mut open: BTreeMap<String, &Connection> = BTreeMap::new();
        for connection in leads.iter().filter_map(|(_, lead)| lead.as_ref().ok()) {
            open.entry(connection.fingerprint()).or_insert(connection);
        }
        let mut replies = BTreeMap::new();
        for early in early {
            let key = match &early {
                Ok(asked) => Some(asked.client.connection().fingerprint()),
                // The same question would fail the same way.
                Err(_) if open.len() == 1 => open.keys().next().cloned(),
                Err(_) => None,
            };
            if let Some((key, _)) = key.and_then(|key| open.remove_entry(&key)) {
                replies.insert(key, early);
            }
        }
        let others = open.values().map(|connection| async {
            ask_one(self.client(connection).map_err(of_connection)?, kinds).await
        });
        let others = join_all(others).await;
        replies.extend(open.into_keys().zip(others));
        replies
    }
}

/// What the orgs answered.
#[derive(Default)]
pub(crate) struct Answers {
    asked: Vec<Asked>,
    /// Each alias, and whose credentials led where it leads.
    pub(crate) orgs: Vec<OrgSeen>,
    aliases: BTreeMap<Alias, AliasTarget>,
}

impl Answers {
    /// Gives back who answered, for a look that knows more.
    pub(crate) fn into_asked(self) -> Vec<CommandResult<Asked>> {
        self.asked.into_iter().map(Ok).collect()
    }

    /// Enters into a survey what was answered.
    pub(crate) fn enter(&self, survey: &mut Survey) {
        survey.aliases.extend(self.aliases.clone());
        for Asked { seen: (id, org), .. } in &self.asked {
            survey.orgs.entry(id.clone()).or_insert_with(|| org.clone());
        }
    }

    /// Asks what the first look made worth asking.
    pub(crate) async fn look_again(&self, survey: &mut Survey) -> CommandResult<()> {
        let mut needs = further_needs(survey);
        if needs.values().any(|needs| !needs.listings.is_empty()) {
            list_the_rest(survey, &self.asked, needs).await?;
            needs = further_needs(survey);
        }
        let questions = needs.into_iter().filter_map(|((org, kind), needs)| {
            let client = &self.asked.iter().find(|asked| asked.seen.0 == org)?.client;
            Some(async move {
                let ids: Vec<EntityId> = needs.ids.iter().cloned().collect();
                let limit = async { if needs.limit { client.limit(kind).await } else { Ok(None) } };
                let deleted =
                    async { if needs.deleted { client.deleted(kind).await } else { Ok(None) } };
                let by_id = client.by_ids(kind, &ids);
                let (limit, deleted, by_id) = tokio::join!(limit, deleted, by_id);
                // Nice to know only: what may not be asked is left unknown.
                let limit = limit.unwrap_or_default();
                Ok::<_, CommandError>((
                    org,
                    kind,
                    limit,
                    deleted.map_err(of_api)?,
                    by_id.map_err(of_api)?,
                ))
            })
        });
        let answers = try_join_all(questions).await?;
        for (org, kind, limit, deleted, by_id) in answers {
            if let Some(listing) = listing_of(survey, &org, kind) {
                listing.limit = limit.or(listing.limit);
                listing.deleted = deleted.map(Into::into).or(listing.deleted.take());
                listing.by_id.extend(by_id);
            }
        }
        Ok(())
    }
}

/// Returns the kinds of which a first look lists everything: something of them is to be made or
/// imported, or they have an entity with a rule of its own.
pub(crate) fn kinds_at_first_look(desired: &Desired, tracked: &Tracked) -> BTreeSet<&'static Kind> {
    let is_asked = |planned: &&Planned| planned.makes_an_object() || planned.import_id.is_some();
    let asked = desired.planned.iter().filter(is_asked).map(|planned| planned.kind);
    let planned = desired.planned.iter().map(|planned| planned.kind);
    let held = tracked.instances.iter().map(|tracked| tracked.kind);
    let special = planned.chain(held).filter(|kind| kind.special.is_some());
    asked.chain(special).filter(|kind| kind.is_read_whole()).collect()
}

/// Asks one org who it is and what it has of these kinds, at the same time. What may not be listed is
/// unlisted; where nothing else was asked for, it is an error.
async fn ask_one(client: Client, kinds: &BTreeSet<&'static Kind>) -> CommandResult<Asked> {
    let nowhere = Filling::new();
    let listings =
        kinds.iter().map(|kind| async { (*kind, client.listing_at(kind, &nowhere).await) });
    let (organization, listings) = tokio::join!(organization(&client), join_all(listings));
    let mut listed = Vec::new();
    for (kind, listing) in listings {
        match listing {
            Err(error) if kinds.len() == 1 && kind.special.is_some() => {
                return Err(of_api(error));
            }
            listing => listed.push((kind, seen(listing)?)),
        }
    }
    let (id, mut org) = organization.map_err(of_api)?;
    for (kind, seen) in listed {
        org.listings.insert(kind, seen);
    }
    Ok(Asked { client, seen: (id, org) })
}

/// Asks an org who it is; nothing of it is listed yet.
pub(crate) async fn organization(client: &Client) -> Result<(OrgId, Org), divvy_genesys::Error> {
    let organization = client.organization().await?;
    let region = client.connection().region().map(|region| region.key.to_owned());
    let org = Org { name: organization.name, region, ..Org::default() };
    Ok((organization.id, org))
}

/// Lists what an org has of a kind at one place, or learns why it may not.
///
/// # Errors
/// If somebody interrupts.
pub(crate) async fn listed(
    client: &Client,
    kind: &'static Kind,
    filling: &Filling,
) -> CommandResult<Seen> {
    seen(client.listing_at(kind, filling).await)
}

/// What is refused is known to be unlisted.
fn seen(listing: Result<Listing, divvy_genesys::Error>) -> CommandResult<Seen> {
    match listing {
        Ok(listing) => Ok(Seen::Listed(listing)),
        Err(error) if error.reason == Reason::Interrupted => Err(of_api(error)),
        Err(error) => Ok(Seen::Unlisted(error.with_hints().into())),
    }
}

/// Lists what earlier looks at an org left out.
async fn list_the_rest(
    survey: &mut Survey,
    asked: &[Asked],
    needs: BTreeMap<(OrgId, &'static Kind), Needs>,
) -> CommandResult<()> {
    let unasked = needs.into_iter().flat_map(|((org, kind), needs)| {
        needs.listings.into_iter().map(move |filling| (org.clone(), kind, filling))
    });
    let questions = unasked.filter_map(|(org, kind, filling)| {
        let client = &asked.iter().find(|asked| asked.seen.0 == org)?.client;
        Some(async move {
            let seen = listed(client, kind, &filling).await;
            (org, kind, seen)
        })
    });
    for (org, kind, seen) in join_all(questions).await {
        let seen = seen?;
        if let Some(org) = survey.orgs.get_mut(&org) {
            org.listings.add(kind, seen);
        }
    }
    Ok(())
}

/// As [`ask_one`], where there may be a client already.
pub(super) async fn early_answer(
    client: Option<CommandResult<Client>>,
    kinds: &BTreeSet<&'static Kind>,
) -> Vec<CommandResult<Asked>> {
    match client {
        Some(Ok(client)) => vec![ask_one(client, kinds).await],
        Some(Err(error)) => vec![Err(error)],
        None => Vec::new(),
    }
}

/// Returns what an org refused: where the plan failed too, this says why the provider did not start.
pub(super) fn refusal(early: Vec<CommandResult<Asked>>) -> Option<CommandError> {
    early.into_iter().find_map(Result::err)
}

fn listing_of<'s>(survey: &'s mut Survey, org: &OrgId, kind: &Kind) -> Option<&'s mut Listing> {
    survey.orgs.get_mut(org)?.listings.get_mut(kind)
}
