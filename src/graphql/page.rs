//! Relay's paging arguments (GraphQL Cursor Connections Specification) to pages, and rows to connections.
//!
//! A cursor names its list and a place in it, and carries a MAC: one that was tampered with,
//! or that belongs to another list or order, is refused.

use async_graphql::{
    ObjectType, OutputType,
    connection::{Connection, Edge, EmptyFields},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    auth::secrets::{SessionKey, equal},
    error::{Result, Rule, Violation, Violations},
    store::page::{DEFAULT_PAGE_SIZE, End, MAX_PAGE_SIZE, Page, Position, Slice},
};

/// Bytes of a cursor's MAC.
const TAG_BYTES: usize = 16;
/// The longest text that is looked at as a cursor.
const MAX_CURSOR_CHARS: usize = 1024;

/// The arguments every connection takes.
#[derive(Debug, Default)]
pub struct PageArgs {
    /// At most so many from the beginning.
    pub first: Option<i32>,
    /// Only what comes behind this cursor.
    pub after: Option<String>,
    /// At most so many from the end.
    pub last: Option<i32>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
}

/// A list that can be paged: its name, which goes into its cursors, and the key that authenticates them.
#[derive(Clone)]
pub struct List {
    name: String,
    key: SessionKey,
}

impl List {
    /// The list called `name`; lists of another order or owner need another name.
    #[must_use]
    pub fn new(name: String, key: &SessionKey) -> Self {
        Self { name, key: key.clone() }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// `INVALID_INPUT` with every broken rule: `first` and `last` together, one of them outside 1 to 100,
    /// a cursor that is not of this list.
    pub fn page<K: DeserializeOwned>(&self, args: &PageArgs) -> Result<Page<K>> {
        let mut violations = Violations::default();
        let size = violations.check(page_size(args));
        let after = violations.check(self.read_cursor("after", args.after.as_deref()));
        let before = violations.check(self.read_cursor("before", args.before.as_deref()));
        match (size, after, before) {
            (Some((end, size)), Some(after), Some(before)) => Ok(Page { size, end, after, before }),
            _ => Err(violations.into_error()),
        }
    }

    /// Makes a connection of a page's rows.
    pub fn connection<K, Row, Node, Fields>(
        &self,
        slice: Slice<Row>,
        fields: Fields,
        position: impl Fn(&Row) -> Position<K>,
        node: impl Fn(Row) -> Node,
    ) -> Connection<String, Node, Fields>
    where
        K: Serialize,
        Node: OutputType,
        Fields: ObjectType,
    {
        let mut connection = Connection::with_additional_fields(slice.has_previous, slice.has_next, fields);
        let edge =
            |row: Row| Edge::<String, Node, EmptyFields>::new(self.write_cursor(&position(&row)), node(row));
        connection.edges = slice.rows.into_iter().map(edge).collect();
        connection
    }

    fn write_cursor<K: Serialize>(&self, position: &Position<K>) -> String {
        let key = serde_json::to_vec(&position.key).unwrap_or_default();
        let body = [position.id.as_bytes().as_slice(), &key].concat();
        URL_SAFE_NO_PAD.encode([self.tag(&body).as_slice(), &body].concat())
    }

    fn read_cursor<K: DeserializeOwned>(
        &self,
        field: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Position<K>>, Violation> {
        let refuse =
            || Violation::new(field, Rule::Malformed, format!("`{field}` is not a cursor of this list."));
        text.map(|text| self.parse_cursor(text).ok_or_else(refuse)).transpose()
    }

    fn parse_cursor<K: DeserializeOwned>(&self, text: &str) -> Option<Position<K>> {
        if text.len() > MAX_CURSOR_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, body) = bytes.split_first_chunk::<TAG_BYTES>()?;
        if !equal(tag, &self.tag(body)) {
            return None;
        }
        let (id, key) = body.split_first_chunk::<16>()?;
        Some(Position { key: serde_json::from_slice(key).ok()?, id: Uuid::from_bytes(*id) })
    }

    fn tag(&self, body: &[u8]) -> [u8; TAG_BYTES] {
        let mac = self.key.mac("cursor", &[self.name.as_bytes(), body]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

fn page_size(args: &PageArgs) -> Result<(End, u64), Violation> {
    let (field, size, end) = match (args.first, args.last) {
        (Some(_), Some(_)) => {
            return Err(Violation::new("last", Rule::Exclusive, "Give `first` or `last`, not both."));
        }
        (None, None) => return Ok((End::First, DEFAULT_PAGE_SIZE)),
        (Some(first), None) => ("first", first, End::First),
        (None, Some(last)) => ("last", last, End::Last),
    };
    match u64::try_from(size) {
        Ok(size) if (1..=MAX_PAGE_SIZE).contains(&size) => Ok((end, size)),
        _ => Err(Violation::new(
            field,
            Rule::OutOfRange,
            format!("`{field}` must be from 1 to {MAX_PAGE_SIZE}."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(name: &str) -> List {
        List::new(name.into(), &SessionKey::from_secret("key".to_owned().into()))
    }

    proptest! {
        #[test]
        fn cursors_round_trip_in_their_list_alone(key in ".{0,40}", bits: u128, flip: proptest::sample::Index) {
            let position = Position { key, id: Uuid::from_u128(bits) };
            let cursor = list("a").write_cursor(&position);
            prop_assert_eq!(list("a").parse_cursor::<String>(&cursor), Some(position));
            prop_assert_eq!(list("b").parse_cursor::<String>(&cursor), None);

            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let place = flip.index(bytes.len());
            bytes[place] ^= 1;
            prop_assert_eq!(list("a").parse_cursor::<String>(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
