//! Any text, taken through what a request's document goes through before validation.
//!
//! What is admitted is measured a second time, by putting every fragment in its place one by one: the limit of
//! selections keeps that short, and if it did not, that would be the finding.

#![no_main]

use std::{sync::LazyLock, thread};

use async_graphql::{
    Variables,
    parser::{
        parse_query,
        types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet},
    },
};
use fastgpt_platform::{
    config::{Config, DocumentLimits},
    graphql::limits::{check_cost, check_document, check_source, introspects},
};
use libfuzzer_sys::fuzz_target;

static LIMITS: LazyLock<DocumentLimits> =
    LazyLock::new(|| Config::from_vars(&Default::default()).expect("the defaults are valid").document_limits);
/// That of the server's worker threads: the parser must do with it.
const STACK: usize = 2 * 1024 * 1024;

fuzz_target!(|source: &str| {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn_scoped(scope, || look_at(source)).expect("a thread starts");
    });
});

fn look_at(source: &str) {
    if check_source(&LIMITS, source).is_err() {
        return;
    }
    let Ok(document) = parse_query(source) else { return };
    let admitted = check_document(&LIMITS, &document).is_ok();
    // Another parse keeps operations and fragments in another order.
    let again = parse_query(source).expect("it did before");
    assert_eq!(admitted, check_document(&LIMITS, &again).is_ok(), "the verdict depends on the order");
    assert_eq!(introspects(&document), introspects(&again), "so does whether it introspects");
    if admitted {
        check_admitted(&document);
    }
}

fn check_admitted(document: &ExecutableDocument) {
    let (mut selections, mut introspection) = (0, false);
    for (_, operation) in document.operations.iter() {
        let found = expand(document, &operation.node);
        selections += found.selections;
        introspection |= found.introspects;
        assert!(found.aliases <= LIMITS.aliases, "aliases");
        assert!(found.directives <= LIMITS.directives, "directives");
        let root_fields =
            if operation.node.ty == OperationType::Subscription { 1 } else { LIMITS.root_fields };
        assert!(found.root_fields <= root_fields, "root fields");
        let cost = check_cost(&LIMITS, document, &operation.node, &Variables::default());
        let again = check_cost(&LIMITS, document, &operation.node, &Variables::default());
        assert_eq!(cost, again, "the cost is the same each time");
        if let Ok(cost) = cost {
            assert!(found.fields <= cost && cost <= LIMITS.cost, "each of {} fields costs", found.fields);
        }
    }
    assert!(selections <= LIMITS.selections, "selections");
    assert_eq!(introspection, introspects(document), "introspection");
}

/// What an operation asks for, fragments in their places.
#[derive(Default)]
struct Expanded {
    selections: u32,
    fields: u32,
    root_fields: u32,
    aliases: u32,
    directives: u32,
    introspects: bool,
}

fn expand(document: &ExecutableDocument, operation: &OperationDefinition) -> Expanded {
    let variables = operation.variable_definitions.iter();
    let own =
        operation.directives.len() + variables.map(|variable| variable.node.directives.len()).sum::<usize>();
    let mut found = Expanded { directives: own as u32, ..Expanded::default() };
    expand_set(document, &operation.selection_set.node, 0, &mut found);
    found
}

fn expand_set(document: &ExecutableDocument, set: &SelectionSet, depth: u32, found: &mut Expanded) {
    for selection in &set.items {
        found.selections += 1;
        assert!(found.selections <= LIMITS.selections, "more selections than are allowed were admitted");
        found.directives += selection.node.directives().len() as u32;
        match &selection.node {
            Selection::Field(field) => {
                assert!(depth < LIMITS.depth, "deeper than is allowed");
                let name = field.node.name.node.as_str();
                found.fields += 1;
                found.root_fields += u32::from(depth == 0);
                found.aliases += u32::from(field.node.alias.is_some());
                found.introspects |= matches!(name, "__schema" | "__type");
                expand_set(document, &field.node.selection_set.node, depth + 1, found);
            }
            Selection::InlineFragment(fragment) => {
                expand_set(document, &fragment.node.selection_set.node, depth, found);
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) else {
                    continue;
                };
                found.directives += fragment.node.directives.len() as u32;
                expand_set(document, &fragment.node.selection_set.node, depth, found);
            }
        }
    }
}
