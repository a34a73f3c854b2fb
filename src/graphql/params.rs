//! What a request says, over either transport.

use std::{collections::HashMap, fmt};

use async_graphql::{Value, Variables};
use serde::Deserialize;

use super::documents::Hash;
use crate::error::{Error, Result};

/// Values of a request's JSON: each takes many times the room in memory that it has in the text.
const MAX_VALUES: usize = 20_000;

/// The parameters of a request (GraphQL over HTTP, section 5), and its document's hash where that stands for it.
///
/// Keys that are none of these are refused: they are misspelt ones.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The document.
    pub query: Option<String>,
    /// `sha256:` and the hash of the document, in place of it (GraphQL over HTTP, appendix A).
    pub document_id: Option<String>,
    /// Which of the document's operations is meant.
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    #[serde(default)]
    pub variables: Variables,
    /// `persistedQuery`, as Apollo's automatic persisted queries have it, and `cost`; others mean nothing here.
    pub extensions: Option<HashMap<String, Value>>,
}

/// Never shows the variables, among which are passwords.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Params").field("operation_name", &self.operation_name).finish_non_exhaustive()
    }
}

impl Params {
    /// Reads the JSON of a request.
    #[must_use]
    pub fn parse(json: &[u8]) -> Option<Self> {
        // Serde would read a list as an object's values in their order.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        (is_object && count_values(json) <= MAX_VALUES).then(|| serde_json::from_slice(json).ok()).flatten()
    }

    /// A request that is nothing but a document.
    #[must_use]
    pub fn of(query: impl Into<String>) -> Self {
        Self { query: Some(query.into()), ..Self::default() }
    }

    /// The hash that the request brings.
    ///
    /// # Errors
    /// `BAD_REQUEST` when it is no SHA-256, or of another protocol.
    pub(super) fn hash(&self) -> Result<Option<Hash>> {
        const MALFORMED: Error =
            Error::BadRequest("Send one hash of the document: its SHA-256, in hexadecimal, under version 1.");
        let persisted = self.extension("persistedQuery");
        if let Some(id) = &self.document_id {
            let hash = Hash::parse(id.strip_prefix("sha256:").unwrap_or(id)).filter(|_| persisted.is_none());
            return hash.map(Some).ok_or(MALFORMED);
        }
        let Some(persisted) = persisted else { return Ok(None) };
        let Value::Object(persisted) = persisted else { return Err(MALFORMED) };
        match (persisted.get("version"), persisted.get("sha256Hash")) {
            (Some(Value::Number(version)), Some(Value::String(hash))) if version.as_u64() == Some(1) => {
                Hash::parse(hash).map(Some).ok_or(MALFORMED)
            }
            _ => Err(MALFORMED),
        }
    }

    /// Whether the answer is to tell what it cost.
    pub(super) fn asks_for_cost(&self) -> bool {
        self.extension("cost") == Some(&Value::Boolean(true))
    }

    fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.as_ref()?.get(name).filter(|value| **value != Value::Null)
    }
}

/// At least so many values as the text has, were it JSON.
fn count_values(json: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}
