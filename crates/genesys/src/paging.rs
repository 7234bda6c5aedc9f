//! From page to page of a listing, in each of the ways that the API has.
//!
//! Never names a kind: [`List`] says which way is its. Follows no link to another path. Invariant: a
//! listing says whether it is complete, and whatever it says of itself, reading it ends.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use divvy_core::kind::{List, Paging};
use divvy_core::survey::{Flaw, Listing};
use divvy_core::{Entity, EntityId};
use futures_util::{StreamExt as _, stream};
use reqwest::Url;

use crate::call::Call;
use crate::client::Client;
use crate::dialect::Dialect;
use crate::error::{Error, Reason};
use crate::wire::{Page, Reading, WholeList, WireEntity};

/// The size of a page where nobody says how large one may be.
const USUAL_SIZE: u32 = 100;

/// Parameters of a request for a page.
type Parameters = Vec<(String, String)>;

/// What a page says of the next one.
enum Next {
    /// There is none.
    End,
    /// These lead to it.
    Page(Parameters),
    /// There is one, and nobody knows how to get there.
    Unclear,
}

impl Client {
    /// Reads every page of a listing.
    pub(crate) async fn list(&self, reading: &Reading<'_>, call: &Call) -> Result<Pages, Error> {
        match self.connection().dialect() {
            Dialect::Published => self.pages(reading, call).await,
            Dialect::Pathed => self.bare_list(reading, call).await,
        }
    }

    /// Reads a bare array; 404 is an empty one.
    async fn bare_list(&self, reading: &Reading<'_>, call: &Call) -> Result<Pages, Error> {
        let entities = match self.send(call).await {
            Err(error) if error.reason == Reason::NotFound => Vec::new(),
            answer => answer?,
        };
        let mut pages = Pages::default();
        pages.add(reading, Page { entities, ..Page::default() });
        Ok(pages)
    }

    /// Reads every page; again from the start while the listing changes under way.
    pub(crate) async fn pages(&self, reading: &Reading<'_>, call: &Call) -> Result<Pages, Error> {
        const READINGS: usize = 3;
        let mut pages = self.pages_once(reading, call).await?;
        for _ in 1..READINGS {
            if !pages.may_be_whole_next_time() {
                break;
            }
            pages = self.pages_once(reading, call).await?;
        }
        Ok(pages)
    }

    async fn pages_once(&self, reading: &Reading<'_>, call: &Call) -> Result<Pages, Error> {
        let Some(list) = &reading.kind.list else { return Ok(Pages::default()) };
        match list.paging {
            Paging::Numbered => self.numbered(reading, list, call).await,
            Paging::Cursor(_) | Paging::NextUri | Paging::NextPage => {
                self.chained(reading, list, call).await
            }
            Paging::Whole => {
                let mut pages = Pages::default();
                pages.add(reading, self.send::<WholeList>(call).await?.into());
                Ok(pages)
            }
        }
    }

    /// Reads pages as a bounded stream: in order, several at the same time once their number is
    /// known. It ends at the number told, at a page without a new id, and where pages bring too
    /// little to ever come to an end.
    async fn numbered(
        &self,
        reading: &Reading<'_>,
        list: &List,
        call: &Call,
    ) -> Result<Pages, Error> {
        /// Pages asked for at the same time.
        const TOGETHER: usize = 10;
        let page_size = list.page_size.unwrap_or(USUAL_SIZE);
        let page = |number: u64| {
            let call = call.clone().parameter("pageSize", page_size);
            let call = call.parameter("pageNumber", number);
            async move { self.send::<Page>(&call).await }
        };
        let first = page(1).await?;
        let told = first.page_count(page_size);
        let mut pages = Pages::default();
        let usual = pages.add(reading, first);
        if usual == 0 && told.is_none() {
            return Ok(pages);
        }
        let together = if told.is_some() { TOGETHER } else { 1 };
        let mut others = stream::iter(2..=told.unwrap_or(u64::MAX)).map(page).buffered(together);
        while let Some(next) = others.next().await {
            let next = next?;
            let is_empty = next.entities.is_empty();
            let is_last = told == Some(pages.read + 1);
            let new = pages.add(reading, next);
            let is_end = new == 0 && is_empty && told.is_none();
            if is_end || is_last {
                break;
            }
            if new == 0 || pages.bring_too_little(usual) {
                pages.was_given_up = true;
                break;
            }
        }
        Ok(pages)
    }

    /// Reads pages that each name the next one. It ends where none is named, where one is named again,
    /// and where pages bring too little to ever come to an end.
    async fn chained(
        &self,
        reading: &Reading<'_>,
        list: &List,
        call: &Call,
    ) -> Result<Pages, Error> {
        let begin = match list.page_size {
            Some(size) => call.clone().parameter("pageSize", size),
            None => call.clone(),
        };
        let mut pages = Pages::default();
        let mut named: HashSet<Parameters> = HashSet::new();
        let mut usual = 0;
        let mut next = Next::Page(Vec::new());
        while let Next::Page(parameters) = next {
            let call = match list.paging {
                // The link says it all.
                Paging::NextUri if !parameters.is_empty() => call.clone(),
                _ => begin.clone(),
            };
            let call = parameters
                .iter()
                .fold(call, |call, (name, value)| call.parameter(name.clone(), value.clone()));
            let page = self.send::<Page>(&call).await?;
            next = page.next(list.paging, &call.path);
            if page.entities.is_empty() {
                break;
            }
            let new = pages.add(reading, page);
            usual = usual.max(new);
            let is_lost = match &next {
                Next::End => false,
                Next::Unclear => true,
                Next::Page(parameters) => {
                    let is_known = !named.insert(parameters.clone());
                    is_known || new == 0 || pages.bring_too_little(usual)
                }
            };
            if is_lost {
                pages.was_given_up = true;
                break;
            }
        }
        Ok(pages)
    }
}

/// The entities of all pages, each id once.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) entities: Vec<WireEntity>,
    /// Name of each id.
    names: HashMap<EntityId, Option<String>>,
    read: u64,
    /// What the last page said.
    total: Option<u64>,
    totals_disagree: bool,
    was_given_up: bool,
    two_names: Vec<Flaw>,
    nameless: u64,
}

impl Pages {
    /// Adds a page and returns how many new ids it brought.
    fn add(&mut self, reading: &Reading<'_>, page: Page) -> usize {
        /// More of them say nothing more.
        const TOLD: usize = 3;
        self.totals_disagree |= self.read > 0 && page.total != self.total;
        self.total = page.total;
        self.read += 1;
        let before = self.entities.len();
        for mut entity in page.entities {
            entity.slim(reading.kind);
            let name = entity.name(reading);
            let id = entity.identity(reading);
            let has_none = id.as_str().is_empty();
            self.nameless += u64::from(name.is_none() || has_none);
            if has_none {
                continue;
            }
            match self.names.entry(id.clone()) {
                Entry::Vacant(free) => {
                    free.insert(name);
                    self.entities.push(entity);
                }
                Entry::Occupied(known) if *known.get() != name && self.two_names.len() < TOLD => {
                    let names = [known.get().clone().unwrap_or_default(), name.unwrap_or_default()];
                    self.two_names.push(Flaw::TwoNames { id, names });
                }
                Entry::Occupied(_) => {}
            }
        }
        self.entities.len() - before
    }

    /// Returns whether so many pages brought so few entities that there will be no end. `usual` is
    /// how many the first brought.
    fn bring_too_little(&self, usual: usize) -> bool {
        /// Pages that are read however little they bring.
        const ANYHOW: u64 = 50;
        /// Pages that no org has.
        const MOST: u64 = 10_000;
        let expected = self.entities.len().div_ceil(usual.max(1)) as u64;
        self.read > MOST || self.read > ANYHOW + 2 * expected
    }

    fn flaws(&self) -> Vec<Flaw> {
        let shown = self.entities.len() as u64;
        let mut flaws = self.two_names.clone();
        match self.total {
            Some(told) if told != shown => flaws.push(Flaw::Count { shown, told }),
            // Pages that end early are no flaw where everything was shown.
            Some(_) if self.totals_disagree => flaws.push(Flaw::Changed),
            None if self.was_given_up => flaws.push(Flaw::Pages { read: self.read }),
            Some(_) | None => {}
        }
        if self.nameless > 0 {
            flaws.push(Flaw::Nameless { count: self.nameless });
        }
        flaws
    }

    /// Returns whether reading once more may help; not where there was no end.
    fn may_be_whole_next_time(&self) -> bool {
        !self.was_given_up && !self.flaws().is_empty()
    }

    /// Makes the listing of all that is alive.
    pub(crate) fn into_listing(mut self, reading: &Reading<'_>) -> Listing {
        let flaws = self.flaws();
        self.entities.retain(|entity| !entity.is_deleted());
        Listing {
            entities: self.into_entities(reading).collect(),
            is_complete: flaws.is_empty(),
            flaws,
            ..Listing::default()
        }
    }

    /// Returns every entity, deleted ones too.
    pub(crate) fn into_entities(self, reading: &Reading<'_>) -> impl Iterator<Item = Entity> {
        self.entities.into_iter().map(|entity| entity.into_entity(reading))
    }
}

impl Page {
    /// Returns how many pages there are, by the page's own word.
    fn page_count(&self, page_size: u32) -> Option<u64> {
        self.count.or_else(|| {
            let size = self.size.unwrap_or_else(|| page_size.into());
            Some(self.total?.div_ceil(size.max(1)))
        })
    }

    /// Returns what leads to the next page of the listing at `path`.
    fn next(&self, paging: Paging, path: &str) -> Next {
        let told = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let one = |name: &str, value: String| Next::Page(vec![(name.to_owned(), value)]);
        match paging {
            Paging::Cursor(name) => {
                let own = self.cursors.as_ref().and_then(|cursors| told(&cursors.after));
                match (own.or_else(|| told(&self.after)), told(&self.next_uri)) {
                    (Some(cursor), _) => one(name, cursor),
                    (None, None) => Next::End,
                    (None, Some(link)) => match parameter_of(&link, path, name) {
                        Some(cursor) => one(name, cursor),
                        None => Next::Unclear,
                    },
                }
            }
            Paging::NextUri => match told(&self.next_uri) {
                None => Next::End,
                Some(link) => parameters_of(&link, path).map_or(Next::Unclear, Next::Page),
            },
            Paging::NextPage => match told(&self.further) {
                None => Next::End,
                Some(told) => {
                    let of_link = parameter_of(&told, path, NEXT_PAGE);
                    one(NEXT_PAGE, of_link.unwrap_or(told))
                }
            },
            Paging::Numbered | Paging::Whole => Next::End,
        }
    }
}

/// The parameter that takes the cursor of the same name.
const NEXT_PAGE: &str = "nextPage";

/// Returns one parameter of a link that leads to this path.
fn parameter_of(link: &str, path: &str, name: &str) -> Option<String> {
    let mut parameters = parameters_of(link, path)?.into_iter();
    parameters.find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Returns the parameters of a link, if it leads to this path and has any.
fn parameters_of(link: &str, path: &str) -> Option<Parameters> {
    let base = Url::parse("http://x.invalid/").ok()?;
    let link = base.join(link).ok()?;
    let leads_there = link.path().eq_ignore_ascii_case(path);
    let parameters: Parameters = link.query_pairs().into_owned().collect();
    (leads_there && !parameters.is_empty()).then_some(parameters)
}
