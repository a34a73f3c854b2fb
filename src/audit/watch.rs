//! Hearing of events as they are recorded.

use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use super::{AuditEvent, service};
use crate::{
    auth::Viewer,
    error::{Error, Result},
    gateway::Gateway,
    id::{AuditEventId, UserId},
    store::bus::{Received, Topic, until_first_error},
};

/// The message on the bus; the event itself is read by whoever may see it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct EventRecorded {
    id: AuditEventId,
    subject_id: Option<UserId>,
}

const EVENT_RECORDED: Topic<EventRecorded> = Topic::new("audit-event");

pub(super) fn publish(gateway: &Gateway, id: AuditEventId, subject_id: Option<UserId>) {
    gateway.bus.publish(&EVENT_RECORDED, &EventRecorded { id, subject_id });
}

/// What happens to the viewer's own account from now on.
///
/// Ends with an error when events may have been missed: who watches then reads the list anew and subscribes again.
pub fn watch_own(gateway: &Gateway, viewer: Viewer) -> impl Stream<Item = Result<AuditEvent>> + use<> {
    let gateway = gateway.clone();
    let received = gateway.bus.subscribe(&EVENT_RECORDED);
    let events = received.filter_map(move |received| {
        let gateway = gateway.clone();
        async move {
            match received {
                Received::Gap => Some(Err(Error::EventsMissed)),
                Received::Message(message) if message.subject_id == Some(viewer.user_id()) => {
                    service::find(&gateway, &viewer, message.id).await.transpose()
                }
                Received::Message(_) => None,
            }
        }
    });
    until_first_error(events)
}
