//! What the schema says of itself.

use std::collections::BTreeMap;

use fastgpt_platform::graphql::schema;
use serde_json::Value;

const SCALARS: [&str; 5] = ["ID", "String", "Int", "Float", "Boolean"];

const DOCUMENT: &str = "
    fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
    { __schema { types { kind name description
        fields(includeDeprecated: true) { name description type { ...type } args { name description type { ...type } } }
        inputFields { name description type { ...type } }
        enumValues(includeDeprecated: true) { name description }
        possibleTypes { name } } } }";

/// Every type by its name but those of the GraphQL specification itself.
pub(crate) async fn types() -> BTreeMap<String, Value> {
    let answer = schema().execute(DOCUMENT).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    let schema = answer.data.into_json().unwrap();
    let named = list(&schema["__schema"], "types").iter().map(|kind| (name(kind), kind.clone()));
    named.filter(|(name, _)| !name.starts_with("__") && !SCALARS.contains(&name.as_str())).collect()
}

/// `fields`, `enumValues`, … of something; empty where it has none.
pub(crate) fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn name(of: &Value) -> String {
    of["name"].as_str().unwrap().to_owned()
}

pub(crate) fn names(of: &Value, key: &str) -> Vec<String> {
    list(of, key).iter().map(name).collect()
}

/// A field as the schema writes it, without descriptions: `node(id: ID!): Node`.
pub(crate) fn signature(field: &Value) -> String {
    let arguments: Vec<String> = list(field, "args").iter().map(signature).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    format!("{}{arguments}: {}", name(field), type_name(&field["type"]))
}

fn type_name(of: &Value) -> String {
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", type_name(&of["ofType"])),
        "LIST" => format!("[{}]", type_name(&of["ofType"])),
        _ => name(of),
    }
}

/// The values of `ErrorCode`, read from the printed schema.
pub(crate) fn error_codes() -> Vec<String> {
    let sdl = schema().sdl();
    let (_, rest) = sdl.split_once("enum ErrorCode {").unwrap();
    let (body, _) = rest.split_once('}').unwrap();
    let is_value = |line: &&str| line.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    body.lines().map(str::trim).filter(|line| !line.is_empty()).filter(is_value).map(str::to_owned).collect()
}
