//! What a document may ask for, decided before anything is looked up.
//!
//! Three looks: [`check_source`] at the text, so that the parser, which is recursive, meets nothing that it cannot
//! hold on its stack; [`check_document`] at what was parsed, so that async-graphql's validation, which expands
//! fragments wherever they are spread, and the resolvers meet nothing that grows beyond all measure; and then,
//! among what is left, for fields that conflict. The first two take time in proportion to the document's length. With
//! the variables, [`check_cost`] looks at what they make of it.
//!
//! A refusal is one sentence for the caller: the limit, what was found, and what is allowed.

mod conflicts;
mod copies;
mod measure;
mod scan;

use async_graphql::{
    Pos, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType},
};

use crate::config::DocumentLimits;
use measure::{Measure, Measurer};

/// How deep `{`, `[` and `(` may nest, of whatever kind. The parser needs some stack for each.
const MAX_BRACKETS: u32 = 64;
/// Bytes of a name or number. Validation repeats names in each of its errors.
const MAX_WORD_BYTES: u32 = 256;
/// Bytes that validation may copy of the values of variables, one for each place that uses them.
const MAX_COPIED_BYTES: u64 = 4 * 1024 * 1024;
/// Arguments of one field.
const MAX_ARGUMENTS: u32 = 20;
/// Operations of a document, each of which is validated.
const MAX_OPERATIONS: u32 = 20;
/// How deep the lists of `__schema` and `__type` may nest; as in graphql-js's MaxIntrospectionDepthRule,
/// the third list is too many.
const MAX_INTROSPECTION_LISTS: u32 = 2;

/// Looks at a document's text, which has its variables apart: they have the limit of the request's body.
///
/// # Errors
/// A sentence for the caller.
pub fn check_source(limits: &DocumentLimits, source: &str) -> Result<(), String> {
    check(source.len() as u64, limits.bytes, "has", "bytes")?;
    let found = scan::scan(source.as_bytes());
    // Tokens as the GraphQL specification counts them (section 2.1.6).
    check(found.tokens, limits.tokens, "has", "tokens")?;
    check(found.nesting, MAX_BRACKETS, "nests brackets", "deep")?;
    check(found.longest_word, MAX_WORD_BYTES, "has a name or number of", "bytes")
}

/// Looks at a parsed document whose text was looked at.
///
/// # Errors
/// A sentence for the caller.
pub fn check_document(limits: &DocumentLimits, document: &ExecutableDocument) -> Result<(), String> {
    check(document.operations.iter().len() as u64, MAX_OPERATIONS, "has", "operations")?;
    let nothing = Variables::default();
    let mut measurer = Measurer::new(document, &nothing);
    let mut selections = 0_u64;
    for (_, operation) in document.operations.iter() {
        let found = measurer.operation(&operation.node)?;
        check_operation(limits, operation.node.ty, &found)?;
        // Only one is run, but all of them are validated.
        selections = selections.saturating_add(found.selections);
    }
    check(
        selections,
        limits.selections,
        "selects",
        "fields and fragments, counted wherever they are spread",
    )?;
    // Validation would find it too, and look through it first.
    if measurer.fragments_met() < document.fragments.len() {
        return Err("The document has a fragment that no operation uses.".to_owned());
    }
    match conflicts::find_conflict(document) {
        Some(Pos { line, column }) => Err(format!(
            "The field at line {line}, column {column} has the name of another one, and asks for something else: \
             give it an alias."
        )),
        None => Ok(()),
    }
}

fn check_operation(limits: &DocumentLimits, kind: OperationType, found: &Measure) -> Result<(), String> {
    // The usual introspection query takes all of the default.
    check(found.depth, limits.depth, "nests fields", "deep")?;
    check(found.arguments, MAX_ARGUMENTS, "gives a field", "arguments")?;
    check(found.introspection_lists, MAX_INTROSPECTION_LISTS, "nests lists of introspection", "deep")?;
    // Each may have a field resolved once more.
    check(found.aliases, limits.aliases, "uses", "aliases")?;
    check(found.directives, limits.directives, "uses", "directives")?;
    // A subscription is a stream of one event (GraphQL specification, section 5.2.3.1).
    let root_fields = if kind == OperationType::Subscription { 1 } else { limits.root_fields };
    check(found.top_fields, root_fields, "selects", "root fields in one operation")?;
    // More secrets in one request would be guessing.
    check(found.sign_ins, limits.sign_ins, "signs in, or the like,", "times in one operation")
}

/// Whether a document that was looked at asks for the schema itself.
#[must_use]
pub fn introspects(document: &ExecutableDocument) -> bool {
    let nothing = Variables::default();
    let mut measurer = Measurer::new(document, &nothing);
    let mut operations = document.operations.iter();
    operations.any(|(_, operation)| measurer.operation(&operation.node).is_ok_and(|found| found.introspects))
}

/// What an operation of a document that was looked at costs: 1 a field, times the page sizes of the connections
/// around it, which the variables may tell.
///
/// # Errors
/// A sentence for the caller when that is too much, or when the variables are too long for how often they are used.
pub fn check_cost(
    limits: &DocumentLimits,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<u32, String> {
    if !copies::are_few(document, variables, MAX_COPIED_BYTES) {
        return Err("The variables are too long for how often the document uses them.".to_owned());
    }
    let cost = Measurer::new(document, variables).operation(operation)?.cost;
    check(cost, limits.cost, "costs", "points")?;
    Ok(u32::try_from(cost).unwrap_or(limits.cost))
}

fn check(found: u64, allowed: u32, verb: &str, noun: &str) -> Result<(), String> {
    if found <= u64::from(allowed) {
        return Ok(());
    }
    let are = if allowed == 1 { "is" } else { "are" };
    Err(format!("The document {verb} {found} {noun}; {allowed} {are} allowed."))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use proptest::prelude::*;

    use super::*;

    /// What a request goes through before validation.
    fn admit(source: &str) -> Result<(), String> {
        check_source(&LIMITS, source)?;
        let document = parse_query(source).map_err(|error| error.to_string())?;
        check_document(&LIMITS, &document)?;
        for (_, operation) in document.operations.iter() {
            check_cost(&LIMITS, &document, &operation.node, &Variables::default())?;
        }
        Ok(())
    }

    const LIMITS: DocumentLimits = DocumentLimits {
        bytes: 16_384,
        tokens: 2_000,
        depth: 15,
        selections: 2_000,
        aliases: 30,
        directives: 50,
        root_fields: 20,
        sign_ins: 1,
        cost: 10_000,
    };

    proptest! {
        #[test]
        fn any_text_gets_an_answer(source in ".{0,200}") {
            let _ = admit(&source);
        }

        #[test]
        fn any_soup_of_tokens_gets_an_answer(
            tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..300),
        ) {
            let _ = admit(&tokens.concat());
        }

        #[test]
        fn any_graph_of_fragments_gets_an_answer(
            spreads in prop::collection::vec(prop::collection::vec(0..30_usize, 0..6), 1..30),
        ) {
            let spread = |targets: &[usize]| targets.iter().map(|target| format!("...f{target} ")).collect::<String>();
            let mut source = format!("{{ {} a }}", spread(&[0]));
            for (number, targets) in spreads.iter().enumerate() {
                source += &format!("fragment f{number} on Q {{ x {} }}", spread(targets));
            }
            let _ = admit(&source);
        }

        #[test]
        fn nestings_are_refused_by_their_depth_alone(depth in 1..300_usize, kind in 0..4_usize) {
            let source = nested(kind, depth);
            prop_assert_eq!(check_source(&LIMITS, &source).is_ok(), depth + OUTSIDE[kind] <= 64, "{}", source);
            let _ = admit(&source);
        }

        /// Nothing that the parser would enter is hidden from the scan by quotes, backslashes or `#`.
        #[test]
        fn what_the_parser_enters_is_counted(
            noise in prop::collection::vec(prop::sample::select(NOISE), 0..7),
        ) {
            let (open, close) = ("[".repeat(70), "]".repeat(70));
            let source = format!("{{a(x:[{}{open}{close}])}}", noise.concat());
            // 70 levels are still harmless; whether the parser entered them shows in what it made of them.
            if parse_query(&source).is_ok_and(|document| format!("{document:?}").contains(&"List([".repeat(70))) {
                prop_assert!(check_source(&LIMITS, &source).is_err(), "{}", source);
            }
        }
    }

    const TOKENS: &[&str] = &[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "...",
        " on ",
        "fragment ",
        "query ",
        "mutation ",
        "$",
        "a",
        "nodes ",
        ":",
        "=",
        "!",
        "@",
        "\"",
        "\"\"\"",
        "\\",
        "#",
        "\n",
        "1",
        "-",
        ",",
        "first",
        "字",
    ];
    const NOISE: &[&str] = &["\"", "\"\"\"", "\\", "#", "\n", " "];

    /// Brackets around the innermost of [`nested`].
    const OUTSIDE: [usize; 4] = [2, 2, 0, 1];

    fn nested(kind: usize, depth: usize) -> String {
        let (before, open, middle, close, after) = [
            ("{a(x:", "[", "", "]", ")}"),
            ("{a(x:", "{b:", "1", "}", ")}"),
            ("", "{a", " ", "}", ""),
            ("query($a:", "[", "Int", "]", "){a}"),
        ][kind];
        format!("{before}{}{middle}{}{after}", open.repeat(depth), close.repeat(depth))
    }
}
