//! Fields that would share a place in the answer and are not the same (GraphQL specification, section 5.3.2).
//!
//! async-graphql's validation has this rule too, but tells of every pair and every argument, in each of the selections
//! around them: 16 KB can have it write a million errors. It also misses fields that meet through fragments or in the
//! merged selections of two equal fields. Here the first conflict ends it.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Pos,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
};

/// Where a field first conflicts with one before it. Every fragment is in use, and none contains itself.
pub(super) fn find_conflict(document: &ExecutableDocument) -> Option<Pos> {
    let operations = document.operations.iter();
    let mut places: Vec<Vec<&SelectionSet>> =
        operations.map(|(_, operation)| vec![&operation.node.selection_set.node]).collect();
    while let Some(sets) = places.pop() {
        let mut place =
            Place { document, fields: HashMap::new(), inside: HashMap::new(), spread: HashSet::new() };
        if let Some(conflict) = sets.into_iter().find_map(|set| place.take(None, set)) {
            return Some(conflict);
        }
        places.extend(place.inside.into_values());
    }
    None
}

/// One object of the answer.
struct Place<'a> {
    document: &'a ExecutableDocument,
    /// By the name they get: the first for each type that they are asked of, `None` where that is the place's own.
    fields: HashMap<&'a str, Vec<(Option<&'a str>, &'a Field)>>,
    /// What equal fields select together, by the name they get and the name they have.
    inside: HashMap<(&'a str, &'a str), Vec<&'a SelectionSet>>,
    /// Fragments that were looked at.
    spread: HashSet<&'a str>,
}

impl<'a> Place<'a> {
    fn take(&mut self, on: Option<&'a str>, set: &'a SelectionSet) -> Option<Pos> {
        set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => self.take_field(on, &field.node).then_some(field.pos),
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                let inner = condition.map(|condition| condition.node.on.node.as_str());
                self.take(inner.or(on), &fragment.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                let fragment = self.document.fragments.get(name).filter(|_| self.spread.insert(name))?;
                let on = fragment.node.type_condition.node.on.node.as_str();
                self.take(Some(on), &fragment.node.selection_set.node)
            }
        })
    }

    /// Whether the field conflicts with one before it.
    fn take_field(&mut self, on: Option<&'a str>, field: &'a Field) -> bool {
        let name = field.response_key().node.as_str();
        let before = self.fields.entry(name).or_default();
        // Asked of two different types, they may never meet.
        let may_meet = |other: Option<&str>| on.is_none() || other.is_none() || on == other;
        if before.iter().any(|(other, first)| may_meet(*other) && !are_same(first, field)) {
            return true;
        }
        if before.iter().all(|(other, _)| *other != on) {
            before.push((on, field));
        }
        if !field.selection_set.node.items.is_empty() {
            self.inside.entry((name, field.name.node.as_str())).or_default().push(&field.selection_set.node);
        }
        false
    }
}

fn are_same(one: &Field, other: &Field) -> bool {
    std::ptr::eq(one, other)
        || one.name.node == other.name.node
            && one.arguments.len() == other.arguments.len()
            && one.arguments.iter().all(|(name, value)| other.get_argument(&name.node) == Some(value))
}
