//! Copies of one's data, in the schema.

use async_graphql::{Context, ID, Object, Subscription};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use secrecy::ExposeSecret;

use super::{DataExport, DataExportState, service, watch};
use crate::{
    graphql::{ApiError, RequestContext, Result},
    id::TypedId,
};

/// A copy of the caller's own data.
pub struct DataExportNode(DataExport);

impl DataExportNode {
    /// A copy that a service has let its owner see.
    #[must_use]
    pub fn new(export: DataExport) -> Self {
        Self(export)
    }
}

/// A copy of everything that is kept about a person, for that person alone.
#[Object(name = "DataExport")]
impl DataExportNode {
    /// Identifies the copy.
    pub async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// What has become of it.
    async fn state(&self) -> DataExportState {
        self.0.state
    }

    /// From 0 to 1.
    async fn progress(&self) -> f64 {
        self.0.progress
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.0.requested_at
    }

    /// When it was made, or given up.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// How large the ZIP file is; null unless READY.
    async fn size_bytes(&self) -> Option<u64> {
        self.0.size_bytes
    }

    /// When the download goes away.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// Where the ZIP file is; null unless READY. Whoever has the address may download.
    async fn download_url(&self, ctx: &Context<'_>) -> Option<String> {
        let url = self.0.download_url(&RequestContext::of(ctx).gateway);
        url.map(|url| url.expose_secret().to_owned())
    }
}

/// Asking for a copy of one's data.
#[derive(Default)]
pub struct DataExportMutation;

#[Object]
impl DataExportMutation {
    /// Has a copy of everything that is kept about the viewer made. Needs a recent sign-in or `reauthenticate`. While one is
    /// being made, that one is the answer.
    async fn request_data_export(&self, ctx: &Context<'_>) -> Result<DataExportNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        Ok(DataExportNode::new(service::request(&request.gateway, &viewer, &request.client).await?))
    }
}

/// Copies as they are made.
#[derive(Default)]
pub struct DataExportSubscription;

#[Subscription]
impl DataExportSubscription {
    /// The viewer's latest copy of the data: as it is now, and each change.
    async fn data_export_progress(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<DataExportNode>> + use<>> {
        let request = RequestContext::of(ctx);
        let states = watch::watch_own(&request.gateway, request.require_signed_in()?);
        Ok(states.map(|state| state.map(DataExportNode::new).map_err(ApiError::from)))
    }
}
