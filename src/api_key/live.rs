//! Which API keys may be used right now.

use crate::{auth::viewer::LiveApiKey, error::Result, gateway::Gateway, id::ApiKeyId};

pub(crate) async fn find(_gateway: &Gateway, _key: &str) -> Result<Option<LiveApiKey>> {
    Ok(None)
}

pub(crate) async fn find_by_id(_gateway: &Gateway, _id: ApiKeyId) -> Result<Option<LiveApiKey>> {
    Ok(None)
}

pub(crate) async fn list_by_ids(_gateway: &Gateway, _ids: &[ApiKeyId]) -> Result<Vec<LiveApiKey>> {
    Ok(Vec::new())
}
