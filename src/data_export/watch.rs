//! Watching a copy being made.

use std::future::ready;

use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{DataExport, service};
use crate::{
    auth::SignedInViewer,
    error::Result,
    gateway::Gateway,
    id::UserId,
    store::bus::{Received, Topic, until_first_error},
};

/// The message on the bus; the state itself is read by whoever may see it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct DataExportChanged {
    user_id: UserId,
}

const DATA_EXPORT_CHANGED: Topic<DataExportChanged> = Topic::new("data-export-changed");

pub(super) fn publish(gateway: &Gateway, user_id: UserId) {
    gateway.bus.publish(&DATA_EXPORT_CHANGED, &DataExportChanged { user_id });
}

/// The viewer's latest copy: as it is now, if there is one, and then each time that it is another or different. Where
/// messages may have been missed, it is looked at again.
pub fn watch_own(
    gateway: &Gateway,
    viewer: SignedInViewer,
) -> impl Stream<Item = Result<DataExport>> + use<> {
    let gateway = gateway.clone();
    // Before the first look, so that nothing happens between the two.
    let received = gateway.bus.subscribe(&DATA_EXPORT_CHANGED);
    let may_be_own = move |received: &Received<DataExportChanged>| match received {
        Received::Gap => true,
        Received::Message(message) => message.user_id == viewer.user_id(),
    };
    let occasions = received.filter(move |received| ready(may_be_own(received))).map(drop);
    let looks = stream::once(ready(())).chain(occasions).then(move |()| {
        let gateway = gateway.clone();
        async move { service::find_latest(&gateway, &viewer).await.transpose() }
    });
    let different = looks.filter_map(ready).scan(None, |last, look| {
        let is_news = look.as_ref().map_or(true, |export| last.as_ref() != Some(export));
        if let Ok(export) = &look {
            *last = Some(export.clone());
        }
        ready(Some(is_news.then_some(look)))
    });
    until_first_error(different.filter_map(ready))
}
