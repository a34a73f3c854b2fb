//! Values of variables, held against the types that the operation gives them.
//!
//! async-graphql does this argument by argument while it resolves, so that a caller learns of one fault at a time, in
//! the middle of an answer. Here all of them are told before anything runs (GraphQL specification, section 6.1.2).

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Value, Variables,
    indexmap::IndexMap,
    parser::types::{
        BaseType, ExecutableDocument, OperationDefinition, ServiceDocument, Type, TypeKind,
        TypeSystemDefinition,
    },
};

use crate::error::{Error, Result, Rule, Violation};

/// Scalars that a schema need not define (GraphQL specification, section 3.5).
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];
/// How many faults are told.
const MAX_VIOLATIONS: usize = 20;
/// How much is left of a path, which may have what the caller wrote in it.
const MAX_PATH_CHARS: usize = 100;

/// The types of a schema that a variable may have.
pub(super) struct InputTypes(HashMap<Name, InputKind>);

enum InputKind {
    /// Whose values the resolver reads.
    Scalar,
    Enum(HashSet<Name>),
    Object(IndexMap<Name, InputField>),
}

struct InputField {
    ty: Type,
    has_default: bool,
}

impl InputTypes {
    pub(super) fn of(schema: ServiceDocument) -> Self {
        let mut types = HashMap::new();
        for definition in schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let kind = match definition.node.kind {
                TypeKind::Scalar => InputKind::Scalar,
                TypeKind::Enum(definition) => InputKind::Enum(
                    definition.values.into_iter().map(|value| value.node.value.node).collect(),
                ),
                TypeKind::InputObject(definition) => {
                    let fields = definition.fields.into_iter().map(|field| {
                        let has_default = field.node.default_value.is_some();
                        (field.node.name.node, InputField { ty: field.node.ty.node, has_default })
                    });
                    InputKind::Object(fields.collect())
                }
                _ => continue,
            };
            types.insert(definition.node.name.node, kind);
        }
        Self(types)
    }

    /// Holds the types of all variables against the schema, of which async-graphql's validation fails to ask about
    /// the items of a list before it looks at their default.
    ///
    /// # Errors
    /// A sentence for the caller.
    pub(super) fn check_types(&self, document: &ExecutableDocument) -> Result<(), &'static str> {
        let mut operations = document.operations.iter();
        let known = operations.all(|(_, operation)| {
            let mut definitions = operation.node.variable_definitions.iter();
            definitions.all(|definition| {
                let name = innermost(&definition.node.var_type.node);
                BUILT_IN.contains(&name.as_str()) || self.0.contains_key(name)
            })
        });
        if known { Ok(()) } else { Err("A variable of the document has a type that is no input type.") }
    }

    /// Holds the request's variables against the operation, whose types were held against the schema.
    ///
    /// # Errors
    /// `INVALID_INPUT` with every fault, as far as there are not too many.
    pub(super) fn check(&self, operation: &OperationDefinition, variables: &Variables) -> Result<()> {
        let mut faults = Faults { types: self, found: Vec::new() };
        for definition in &operation.variable_definitions {
            let (name, ty) = (&definition.node.name.node, &definition.node.var_type.node);
            let has_default = definition.node.default_value.is_some();
            faults.check_field(cut(name), variables.get(name), ty, has_default);
        }
        if faults.found.is_empty() { Ok(()) } else { Err(Error::InvalidInput(faults.found)) }
    }
}

/// What a type is of, lists aside.
pub(super) fn innermost(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => innermost(item),
    }
}

struct Faults<'a> {
    types: &'a InputTypes,
    found: Vec<Violation>,
}

impl Faults<'_> {
    /// A variable, or a field of an input: it may be absent where its type or a default allows it.
    fn check_field(&mut self, path: &str, value: Option<&Value>, ty: &Type, has_default: bool) {
        match value {
            Some(value) => self.check(path, value, ty),
            None if ty.nullable || has_default => {}
            None => self.note(path, Rule::Required, format!("`{path}` is required.")),
        }
    }

    fn check(&mut self, path: &str, value: &Value, ty: &Type) {
        if self.found.len() >= MAX_VIOLATIONS {
            return;
        }
        if *value == Value::Null {
            if !ty.nullable {
                self.note(path, Rule::Required, format!("`{path}` must not be null."));
            }
            return;
        }
        match (&ty.base, value) {
            (BaseType::List(item), Value::List(values)) => {
                for (place, value) in values.iter().enumerate() {
                    self.check(&format!("{path}.{place}"), value, item);
                }
            }
            // One value stands for a list of one.
            (BaseType::List(item), value) => self.check(path, value, item),
            (BaseType::Named(name), value) => self.check_named(path, value, name),
        }
    }

    fn check_named(&mut self, path: &str, value: &Value, name: &Name) {
        let fits = match (name.as_str(), self.types.0.get(name)) {
            ("Int", _) => {
                matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()))
            }
            ("Float", _) => matches!(value, Value::Number(_)),
            ("String", _) => matches!(value, Value::String(_)),
            ("Boolean", _) => matches!(value, Value::Boolean(_)),
            ("ID", _) => match value {
                Value::String(_) => true,
                Value::Number(number) => number.is_i64() || number.is_u64(),
                _ => false,
            },
            (_, Some(InputKind::Enum(values))) => match value {
                Value::String(value) => values.contains(value.as_str()),
                Value::Enum(value) => values.contains(value),
                _ => false,
            },
            (_, Some(InputKind::Object(fields))) => match value {
                Value::Object(given) => {
                    for (name, field) in fields {
                        let path = format!("{path}.{name}");
                        self.check_field(&path, given.get(name), &field.ty, field.has_default);
                    }
                    for unknown in given.keys().filter(|name| !fields.contains_key(*name)) {
                        let message = format!("`{}` is no field of `{name}`.", cut(unknown));
                        self.note(&format!("{path}.{}", cut(unknown)), Rule::Unknown, message);
                    }
                    true
                }
                _ => false,
            },
            (_, Some(InputKind::Scalar) | None) => true,
        };
        if !fits {
            self.note(path, Rule::WrongType, format!("`{}` must be a value of type `{name}`.", cut(path)));
        }
    }

    fn note(&mut self, path: &str, rule: Rule, message: String) {
        if self.found.len() < MAX_VIOLATIONS {
            self.found.push(Violation::new(cut(path).to_owned(), rule, message));
        }
    }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_PATH_CHARS).map_or(text, |(end, _)| &text[..end])
}
