//! What a document may ask for, decided before anything is looked up.
//!
//! Three looks: [`check_source`] at the text, so that the parser, which is recursive, meets nothing that it cannot
//! hold on its stack; [`check_document`] at what was parsed, so that async-graphql's validation, which expands
//! fragments wherever they are spread, and the resolvers meet nothing that grows beyond all measure; and then,
//! among what is left, for fields that conflict. The first two take time in proportion to the document's length.
//!
//! A refusal is one sentence for the caller: the limit, what was found, and what is allowed.

mod conflicts;
mod measure;
mod scan;

use async_graphql::{Pos, Variables, parser::types::ExecutableDocument};

use measure::{Measure, Measurer};

/// Bytes of a document. Its variables have the limit of the request's body.
const MAX_BYTES: u64 = 16 * 1024;
/// Tokens of a document, as the GraphQL specification counts them (section 2.1.6).
const MAX_TOKENS: u64 = 2_000;
/// How deep `{`, `[` and `(` may nest, of whatever kind. The parser needs some stack for each.
const MAX_BRACKETS: u64 = 64;
/// How deep fields may nest. The usual introspection query takes all of it.
const MAX_DEPTH: u64 = 15;
/// Selections (fields, spreads, inline fragments) of all operations, each counted wherever its fragment is spread:
/// what validation walks through.
const MAX_SELECTIONS: u64 = 2_000;
/// Arguments of one field.
const MAX_ARGUMENTS: u64 = 20;
/// Aliases of an operation, counted wherever their fragment is spread: each may have a field resolved once more.
const MAX_ALIASES: u64 = 30;
/// Directives of an operation, counted as aliases are.
const MAX_DIRECTIVES: u64 = 50;
/// Operations of a document, each of which is validated.
const MAX_OPERATIONS: u64 = 20;
/// Fields of an operation's root.
const MAX_ROOT_FIELDS: u64 = 20;
/// Root fields that check or change a secret: more in one request would be guessing.
const MAX_SIGN_INS: u64 = 1;
/// What an operation may cost: 1 a field, times the page sizes of the connections around it.
const MAX_COST: u64 = 10_000;
/// How deep the lists of `__schema` and `__type` may nest; as in graphql-js's MaxIntrospectionDepthRule,
/// the third list is too many.
const MAX_INTROSPECTION_LISTS: u64 = 2;

/// Looks at a document's text.
pub(super) fn check_source(source: &str) -> Result<(), String> {
    check(source.len() as u64, MAX_BYTES, "has", "bytes")?;
    let found = scan::scan(source.as_bytes());
    check(found.tokens, MAX_TOKENS, "has", "tokens")?;
    check(found.nesting, MAX_BRACKETS, "nests brackets", "deep")
}

/// Looks at a parsed document whose text was looked at. The variables say how long pages are to be.
pub(super) fn check_document(document: &ExecutableDocument, variables: &Variables) -> Result<(), String> {
    check(document.operations.iter().len() as u64, MAX_OPERATIONS, "has", "operations")?;
    let mut measurer = Measurer::new(document, variables);
    let mut selections = 0_u64;
    for (_, operation) in document.operations.iter() {
        let found = measurer.operation(&operation.node)?;
        check_operation(&found)?;
        // Only one is run, but all of them are validated.
        selections = selections.saturating_add(found.selections);
    }
    check(selections, MAX_SELECTIONS, "selects", "fields and fragments, counted wherever they are spread")?;
    match conflicts::find_conflict(document) {
        Some(Pos { line, column }) => Err(format!(
            "The field at line {line}, column {column} has the name of another one, and asks for something else: \
             give it an alias."
        )),
        None => Ok(()),
    }
}

fn check_operation(found: &Measure) -> Result<(), String> {
    check(found.depth, MAX_DEPTH, "nests fields", "deep")?;
    check(found.arguments, MAX_ARGUMENTS, "gives a field", "arguments")?;
    check(found.introspection_lists, MAX_INTROSPECTION_LISTS, "nests lists of introspection", "deep")?;
    check(found.aliases, MAX_ALIASES, "uses", "aliases")?;
    check(found.directives, MAX_DIRECTIVES, "uses", "directives")?;
    check(found.top_fields, MAX_ROOT_FIELDS, "selects", "root fields in one operation")?;
    check(found.sign_ins, MAX_SIGN_INS, "signs in, or the like,", "times in one operation")?;
    check(found.cost, MAX_COST, "costs", "points")
}

fn check(found: u64, allowed: u64, verb: &str, noun: &str) -> Result<(), String> {
    if found <= allowed {
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
        check_source(source)?;
        let document = parse_query(source).map_err(|error| error.to_string())?;
        check_document(&document, &Variables::default())
    }

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
            prop_assert_eq!(check_source(&source).is_ok(), depth + OUTSIDE[kind] <= 64, "{}", source);
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
                prop_assert!(check_source(&source).is_err(), "{}", source);
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
