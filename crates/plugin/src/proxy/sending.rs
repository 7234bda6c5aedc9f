//! The creates that are with the provider, and whose ids nobody knows yet.
//!
//! Never looks into a create. Invariant: whoever waits does so only for those that were there when it
//! began: what is sent later cannot have made what was found before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::advisor::Create;

/// The creates that are being sent.
#[derive(Default)]
pub(crate) struct Sending {
    under_way: Mutex<UnderWay>,
    one_was_answered: Notify,
}

#[derive(Default)]
struct UnderWay {
    last: u64,
    creates: BTreeMap<u64, Arc<Create>>,
}

/// One of them; it has been answered, and its id taken in, when this is dropped.
pub(crate) struct Sent<'s> {
    sending: &'s Sending,
    number: u64,
}

impl Sending {
    /// Takes in a create that is about to be sent.
    pub(crate) fn begin(&self, create: &Arc<Create>) -> Sent<'_> {
        let mut under_way = self.under_way();
        under_way.last += 1;
        let number = under_way.last;
        under_way.creates.insert(number, Arc::clone(create));
        Sent { sending: self, number }
    }

    /// Waits until those of them that matter have been answered.
    pub(crate) async fn answered(&self, matters: impl Fn(&Create) -> bool) {
        let numbers: Vec<u64> = {
            let under_way = self.under_way();
            let creates = under_way.creates.iter().filter(|(_, create)| matters(create));
            creates.map(|(number, _)| *number).collect()
        };
        loop {
            // Enlisted before it looks: an answer in between is heard.
            let answered = self.one_was_answered.notified();
            tokio::pin!(answered);
            answered.as_mut().enable();
            if !numbers.iter().any(|number| self.under_way().creates.contains_key(number)) {
                return;
            }
            answered.await;
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.sending.under_way().creates.remove(&self.number);
        self.sending.one_was_answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::proxy::AliasToken;
    use crate::value::Value;

    fn create(name: &str) -> Arc<Create> {
        let planned = Value::from(serde_json::json!({ "name": name }));
        let (alias, type_name) = (AliasToken::of(b""), "toy".to_owned());
        Arc::new(Create { alias, type_name, config: planned.clone(), planned, replaces: None })
    }

    #[test]
    fn only_what_matters_and_was_there_before_is_waited_for() {
        let sending = Sending::default();
        let is_sales = |create: &Create| create.planned.get("name").as_str() == Some("Sales");
        let (one, another) = (sending.begin(&create("Sales")), sending.begin(&create("Sales")));
        let other = sending.begin(&create("Claims"));
        let waiting = sending.answered(is_sales);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        let later = sending.begin(&create("Sales"));
        drop(one);
        assert!(waiting.as_mut().now_or_never().is_none(), "there is another one");
        drop(another);
        assert!(waiting.as_mut().now_or_never().is_some());
        assert!(sending.answered(is_sales).now_or_never().is_none(), "the later one is there now");
        drop(later);
        assert!(sending.answered(is_sales).now_or_never().is_some());
        drop(other);
    }
}
