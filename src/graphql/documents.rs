//! Documents that are known: parsed and measured once, sent by their hash, or trusted from the start.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use async_graphql::{
    ServerError,
    parser::{parse_query, types::ExecutableDocument},
};
use sha2::{Digest, Sha256};

use super::{RequestContext, error, limits, params::Params, refusal::Refusal};
use crate::{
    config::{DocumentLimits, PersistedOperations},
    error::Error,
    gateway::Gateway,
    metrics::{Outcomes, count},
    store::{rate_limit::Quota, texts::Texts},
};

/// What the parsed documents in memory may take together, in bytes.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// What a parsed document takes at most for each byte of its text: a field of one letter, and the space after it, are
/// 184 bytes and the name's own 32.
const BYTES_FOR_EACH: u32 = 128;
/// How long Redis keeps a document for those who send its hash.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// Documents that one principal may have Redis keep an hour. One more is run all the same.
const KEPT_AN_HOUR: u32 = 100;

/// SHA-256 of a document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    /// The hash of a text.
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads 64 hexadecimal digits.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).ok().map(|()| Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A document that keeps within its limits.
#[derive(Debug)]
pub(super) struct Known {
    /// What was parsed.
    pub(super) document: ExecutableDocument,
    /// Whether it asks for the schema.
    pub(super) introspects: bool,
    /// The name of its first operation, where the document is trusted.
    pub(super) trusted_name: Option<Arc<str>>,
    /// What it takes in memory at most, in bytes.
    weight: u32,
    /// Whether this replica has let the others know it by its hash.
    is_shared: AtomicBool,
}

impl Known {
    fn read(limits: &DocumentLimits, text: &str) -> Result<Self, Refusal> {
        let too_much = |sentence| Refusal::from(ServerError::new(sentence, None));
        limits::check_source(limits, text).map_err(too_much)?;
        let document = parse_query(text).map_err(|error| error::not_graphql(&error))?;
        limits::check_document(limits, &document).map_err(too_much)?;
        let introspects = limits::introspects(&document);
        let weight = u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_mul(BYTES_FOR_EACH);
        Ok(Self { document, introspects, trusted_name: None, weight, is_shared: AtomicBool::new(false) })
    }
}

/// The documents of this process, those that replicas share, and those that came with the installation.
pub(super) struct Documents {
    limits: DocumentLimits,
    mode: PersistedOperations,
    trusted: HashMap<Hash, Arc<Known>>,
    known: moka::sync::Cache<Hash, Arc<Known>>,
    shared: Texts,
    /// How documents were known.
    lookups: Outcomes,
}

impl Documents {
    /// With the console's manifest of trusted documents, where there is a console, and the configured ones:
    /// JSON objects of hash and text.
    ///
    /// # Errors
    /// A manifest cannot be read, or has a document that is not its hash's or beyond the limits; the message says which.
    pub(super) fn new(gateway: &Gateway, console: Option<&[u8]>, lookups: Outcomes) -> anyhow::Result<Self> {
        let limits = gateway.config.document_limits;
        let mut trusted = HashMap::new();
        if let Some(manifest) = console {
            read_manifest(&limits, manifest, &mut trusted).context("the console's operations")?;
        }
        for path in &gateway.config.trusted_documents {
            let manifest = std::fs::read(path).map_err(anyhow::Error::from);
            manifest
                .and_then(|manifest| read_manifest(&limits, &manifest, &mut trusted))
                .with_context(|| format!("TRUSTED_DOCUMENTS: {}", path.display()))?;
        }
        let weigh = |_: &Hash, known: &Arc<Known>| known.weight;
        Ok(Self {
            limits,
            mode: gateway.config.persisted_operations,
            trusted,
            known: moka::sync::Cache::builder().max_capacity(CAPACITY).weigher(weigh).build(),
            shared: Texts::new("document", KEPT_FOR, gateway.redis.clone()),
            lookups,
        })
    }

    /// The document that a request means by its text or its hash. The text is taken out of `params`.
    pub(super) async fn find(
        &self,
        params: &mut Params,
        request: &RequestContext,
    ) -> Result<Arc<Known>, Refusal> {
        let claimed = params.hash()?;
        // graphql-ws sends an empty text beside a hash, for which its own checks ask.
        let text = params.query.take().filter(|text| claimed.is_none() || !text.is_empty());
        let hash = match (&text, claimed) {
            (Some(text), claimed) => {
                let hash = Hash::of(text);
                if claimed.is_some_and(|claimed| claimed != hash) {
                    return Err(Error::BadRequest("The hash is not that of the document.").into());
                }
                hash
            }
            (None, Some(hash)) => hash,
            (None, None) => {
                return Err(Error::BadRequest("Send a document as `query`, or its hash.").into());
            }
        };
        if let Some(trusted) = self.trusted.get(&hash) {
            count(&self.lookups, "TRUSTED");
            return Ok(Arc::clone(trusted));
        }
        if self.mode == PersistedOperations::Only && !request.is_admin() {
            return Err(Error::PersistedQueryRequired.into());
        }
        let known = match (self.known.get(&hash), &text) {
            (Some(known), _) => {
                count(&self.lookups, "CACHED");
                known
            }
            (None, Some(text)) => {
                count(&self.lookups, "PARSED");
                self.learn(hash, text)?
            }
            (None, None) => {
                let text = self.shared.find(&hash.to_string()).await.filter(|text| Hash::of(text) == hash);
                count(&self.lookups, if text.is_some() { "SHARED" } else { "UNKNOWN" });
                self.learn(hash, &text.ok_or(Error::PersistedQueryNotFound)?)?
            }
        };
        if let (Some(_), Some(text)) = (claimed, text)
            && !known.is_shared.swap(true, Ordering::Relaxed)
        {
            self.share(hash, &text, request).await;
        }
        Ok(known)
    }

    fn learn(&self, hash: Hash, text: &str) -> Result<Arc<Known>, Refusal> {
        let known = Arc::new(Known::read(&self.limits, text)?);
        self.known.insert(hash, Arc::clone(&known));
        Ok(known)
    }

    /// Lets other replicas know a document by its hash.
    async fn share(&self, hash: Hash, text: &str, request: &RequestContext) {
        let key = format!("persist:{}", request.principal());
        if request.gateway.limit(&key, Quota::per_hour(KEPT_AN_HOUR)).await.is_ok() {
            self.shared.keep(&hash.to_string(), text).await;
        }
    }
}

fn read_manifest(
    limits: &DocumentLimits,
    manifest: &[u8],
    into: &mut HashMap<Hash, Arc<Known>>,
) -> anyhow::Result<()> {
    let entries: BTreeMap<String, String> =
        serde_json::from_slice(manifest).context("this is no JSON object of hashes and documents")?;
    for (digits, text) in entries {
        let hash = Hash::parse(digits.strip_prefix("sha256:").unwrap_or(&digits));
        anyhow::ensure!(hash == Some(Hash::of(&text)), "{digits} is not the SHA-256 of its document");
        let mut known = Known::read(limits, &text)
            .map_err(|refusal| anyhow::anyhow!("the document {digits}: {}", refusal.message()))?;
        let name = known.document.operations.iter().next().and_then(|(name, _)| name);
        known.trusted_name = name.map(|name| name.as_str().into());
        into.insert(Hash::of(&text), Arc::new(known));
    }
    Ok(())
}
