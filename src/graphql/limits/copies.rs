//! How much validation copies: async-graphql holds the value of a variable against every place where it is used, and
//! takes a copy of it each time.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet},
};

/// Values below this, in bytes, may be copied wherever a document has room to name them.
const SMALL: u64 = 16 * 1024;

/// Whether all copies of all variables together stay below `allowed` bytes. The document was looked at: no fragment
/// contains itself, and few selections are left when all are put in their places.
pub(super) fn are_few(document: &ExecutableDocument, variables: &Variables, allowed: u64) -> bool {
    let sizes: HashMap<&str, u64> =
        variables.iter().map(|(name, value)| (name.as_str(), size(value))).collect();
    if sizes.values().sum::<u64>() <= SMALL {
        return true;
    }
    let mut copies = Copies { document, sizes, left: allowed };
    let mut operations = document.operations.iter();
    operations.all(|(_, operation)| {
        copies.directives(&operation.node.directives) && copies.selections(&operation.node.selection_set.node)
    })
}

/// About what a value takes in memory.
fn size(value: &Value) -> u64 {
    let inside = match value {
        Value::String(text) => text.len() as u64,
        Value::List(values) => values.iter().map(size).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() as u64 + size(value)).sum(),
        _ => 0,
    };
    inside + size_of::<Value>() as u64
}

struct Copies<'a> {
    document: &'a ExecutableDocument,
    sizes: HashMap<&'a str, u64>,
    left: u64,
}

impl Copies<'_> {
    /// Takes them off what is left; false when that is not enough.
    fn selections(&mut self, set: &SelectionSet) -> bool {
        set.items.iter().all(|selection| {
            self.directives(selection.node.directives())
                && match &selection.node {
                    Selection::Field(field) => self.field(&field.node),
                    Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let document = self.document;
                        let fragment = document.fragments.get(&spread.node.fragment_name.node);
                        fragment.is_none_or(|fragment| self.selections(&fragment.node.selection_set.node))
                    }
                }
        })
    }

    fn field(&mut self, field: &Field) -> bool {
        let arguments = field
            .arguments
            .iter()
            .all(|(_, value)| value.node.clone().into_const_with(|name| self.variable(&name)).is_ok());
        arguments && self.selections(&field.selection_set.node)
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> bool {
        let mut arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
        arguments.all(|(_, value)| value.node.clone().into_const_with(|name| self.variable(&name)).is_ok())
    }

    fn variable(&mut self, name: &Name) -> Result<Value, ()> {
        let size = self.sizes.get(name.as_str()).copied().unwrap_or_default();
        self.left = self.left.checked_sub(size).ok_or(())?;
        Ok(Value::Null)
    }
}
