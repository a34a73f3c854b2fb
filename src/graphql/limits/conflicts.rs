//! Fields that would share a place in the answer and are not the same.
//!
//! async-graphql's validation has this rule too (GraphQL specification, section 5.3.2), but tells of every pair and
//! every argument, in each of the selections around them: 16 KB can have it write a million errors. Here the first
//! one ends it, so that validation finds none.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Pos,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
};

/// Where a field first conflicts with one before it.
pub(super) fn find_conflict(document: &ExecutableDocument) -> Option<Pos> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = sets.pop() {
        let mut place = Place { document, fields: HashMap::new(), spread: HashSet::new() };
        if let Some(conflict) = place.take(None, set) {
            return Some(conflict);
        }
        sets.extend(set.items.iter().filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => Some(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => None,
        }));
    }
    None
}

/// One object of the answer.
struct Place<'a> {
    document: &'a ExecutableDocument,
    /// By the type they are asked of and the name they get.
    fields: HashMap<(Option<&'a str>, &'a str), &'a Field>,
    /// Fragments that were looked at.
    spread: HashSet<&'a str>,
}

impl<'a> Place<'a> {
    fn take(&mut self, on: Option<&'a str>, set: &'a SelectionSet) -> Option<Pos> {
        set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => {
                let name = field.node.response_key().node.as_str();
                let first = *self.fields.entry((on, name)).or_insert(&field.node);
                (!are_same(first, &field.node)).then_some(field.pos)
            }
            Selection::InlineFragment(fragment) => {
                let on =
                    fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                self.take(on, &fragment.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                let fragment = self.document.fragments.get(name).filter(|_| self.spread.insert(name))?;
                let on = fragment.node.type_condition.node.on.node.as_str();
                self.take(Some(on), &fragment.node.selection_set.node)
            }
        })
    }
}

fn are_same(one: &Field, other: &Field) -> bool {
    std::ptr::eq(one, other)
        || one.name.node == other.name.node
            && one.arguments.len() == other.arguments.len()
            && one.arguments.iter().all(|(name, value)| other.get_argument(&name.node) == Some(value))
}
