//! What async-graphql 7.2 leaves undone of an answer: it drops the key of a field that failed, whatever its type, and
//! puts the others in the order in which they were done. The GraphQL specification asks for null in the place of a
//! field that failed, or of the nearest one around it that may be null (section 6.4.4), and for the fields in the order of
//! the document (section 7.2.2).

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{
        BaseType, ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

use super::variables::innermost;

/// The types of a schema's fields.
pub(super) struct OutputTypes(HashMap<Name, HashMap<Name, Type>>);

impl OutputTypes {
    pub(super) fn of(schema: &ServiceDocument) -> Self {
        let types = schema.definitions.iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else { return None };
            let fields: &[Positioned<FieldDefinition>] = match &definition.node.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => return None,
            };
            let fields =
                fields.iter().map(|field| (field.node.name.node.clone(), field.node.ty.node.clone()));
            Some((definition.node.name.node.clone(), fields.collect()))
        });
        Self(types.collect())
    }

    /// Completes the `data` of an operation.
    pub(super) fn complete(
        &self,
        data: &mut Value,
        errors: &[ServerError],
        document: &ExecutableDocument,
        operation: &OperationDefinition,
    ) {
        let mut nulled: Vec<&[PathSegment]> = Vec::new();
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            if nulled.iter().all(|place| !error.path.starts_with(place)) {
                nulled.extend(self.put_null(data, &error.path, errors, document, operation));
            }
        }
        let mut shape = Shape::default();
        add(&mut shape, &operation.selection_set.node, document);
        put_in_order(data, &shape);
    }

    /// Puts null where the error at `path` has left a gap; answers where that is.
    fn put_null<'e>(
        &self,
        data: &mut Value,
        path: &'e [PathSegment],
        errors: &[ServerError],
        document: &ExecutableDocument,
        operation: &OperationDefinition,
    ) -> Option<&'e [PathSegment]> {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let root = Name::new(root);
        let (mut parent, mut ty) = (Some(&root), None);
        let mut sets = vec![&operation.selection_set.node];
        // The nearest place that may be null; `data` itself may.
        let mut nullable = 0;
        refill(data);
        let mut value = &mut *data;
        for (depth, segment) in (1..).zip(path) {
            ty = match segment {
                PathSegment::Field(key) => {
                    let fields = fields_called(key, &sets, parent, document);
                    let ty = fields
                        .first()
                        .and_then(|(parent, field)| self.0.get((*parent)?)?.get(&field.name.node));
                    parent = ty.map(innermost);
                    sets = fields.iter().map(|(_, field)| &field.selection_set.node).collect();
                    ty
                }
                PathSegment::Index(_) => ty.and_then(|ty: &Type| match &ty.base {
                    BaseType::List(item) => Some(&**item),
                    BaseType::Named(_) => None,
                }),
            };
            if ty.is_none_or(|ty| ty.nullable) {
                nullable = depth;
            }
            let place = &path[..depth];
            match at(value, segment) {
                // An object of which every field has failed.
                Some(inner) if *inner == Value::Null && depth < path.len() && !is_error(place, errors) => {
                    refill(inner);
                    value = inner;
                }
                Some(inner) if *inner != Value::Null => value = inner,
                _ => {
                    set_null(data, &path[..nullable]);
                    return Some(&path[..nullable]);
                }
            }
        }
        None
    }
}

fn refill(value: &mut Value) {
    if *value == Value::Null {
        *value = Value::Object(IndexMap::new());
    }
}

fn is_error(path: &[PathSegment], errors: &[ServerError]) -> bool {
    errors.iter().any(|error| error.path == path)
}

fn set_null(mut value: &mut Value, path: &[PathSegment]) {
    let Some((last, way)) = path.split_last() else {
        *value = Value::Null;
        return;
    };
    for segment in way {
        let Some(inner) = at(value, segment) else { return };
        value = inner;
    }
    if let (PathSegment::Field(key), Value::Object(fields)) = (last, &mut *value) {
        fields.insert(Name::new(key), Value::Null);
    } else if let Some(item) = at(value, last) {
        *item = Value::Null;
    }
}

/// What is under a key, or at a place of a list.
fn at<'v>(value: &'v mut Value, segment: &PathSegment) -> Option<&'v mut Value> {
    match (segment, value) {
        (PathSegment::Field(key), Value::Object(fields)) => fields.get_mut(key.as_str()),
        (PathSegment::Index(index), Value::List(items)) => items.get_mut(*index),
        _ => None,
    }
}

/// The fields of some selection sets whose answers go under one key, each with the type it is asked of.
fn fields_called<'a>(
    key: &str,
    sets: &[&'a SelectionSet],
    parent: Option<&'a Name>,
    document: &'a ExecutableDocument,
) -> Vec<(Option<&'a Name>, &'a Field)> {
    sets.iter()
        .flat_map(|set| &set.items)
        .flat_map(|selection| match &selection.node {
            Selection::Field(field) if field.node.response_key().node == key => vec![(parent, &field.node)],
            Selection::Field(_) => Vec::new(),
            selection => {
                let (condition, set) = fragment(selection, document);
                set.map_or_else(Vec::new, |set| fields_called(key, &[set], condition.or(parent), document))
            }
        })
        .collect()
}

/// The type condition and the selections of a fragment.
fn fragment<'a>(
    selection: &'a Selection,
    document: &'a ExecutableDocument,
) -> (Option<&'a Name>, Option<&'a SelectionSet>) {
    match selection {
        Selection::Field(_) => (None, None),
        Selection::InlineFragment(fragment) => {
            let condition = fragment.node.type_condition.as_ref();
            (condition.map(|condition| &condition.node.on.node), Some(&fragment.node.selection_set.node))
        }
        Selection::FragmentSpread(spread) => {
            let fragment =
                document.fragments.get(&spread.node.fragment_name.node).map(|fragment| &fragment.node);
            (
                fragment.map(|fragment| &fragment.type_condition.node.on.node),
                fragment.map(|fragment| &fragment.selection_set.node),
            )
        }
    }
}

/// The keys that an object may have, in the order of the document.
#[derive(Default)]
struct Shape<'a>(IndexMap<&'a str, Shape<'a>>);

fn add<'a>(to: &mut Shape<'a>, set: &'a SelectionSet, document: &'a ExecutableDocument) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let inside = to.0.entry(field.node.response_key().node.as_str()).or_default();
                add(inside, &field.node.selection_set.node, document);
            }
            selection => {
                if let (_, Some(set)) = fragment(selection, document) {
                    add(to, set, document);
                }
            }
        }
    }
}

fn put_in_order(value: &mut Value, shape: &Shape<'_>) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| put_in_order(item, shape)),
        Value::Object(fields) => {
            let mut keys = shape.0.keys();
            let in_order = fields.keys().all(|key| keys.any(|next| *next == key.as_str()));
            if !in_order {
                fields.sort_by_cached_key(|key, _| shape.0.get_index_of(key.as_str()));
            }
            for (key, field) in fields {
                if let Some(inside) = shape.0.get(key.as_str()).filter(|inside| !inside.0.is_empty()) {
                    put_in_order(field, inside);
                }
            }
        }
        _ => {}
    }
}
