//! How much a parsed document asks for.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
};

use crate::store::page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

/// Root fields that check or change a secret.
const SIGN_INS: [&str; 4] = ["signIn", "signUp", "refreshSession", "changePassword"];
/// Fields by which types of introspection lead to lists of others.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];
/// Fields that tell a connection (GraphQL Cursor Connections Specification).
const CONNECTION_LISTS: [&str; 2] = ["nodes", "edges"];

/// What a set of selections asks for, its fragments put in their places. Sums saturate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measure {
    /// The longest way down, in fields.
    pub(super) depth: u64,
    /// Fields, spreads and inline fragments.
    pub(super) selections: u64,
    /// Of the field that has most.
    pub(super) arguments: u64,
    pub(super) aliases: u64,
    pub(super) directives: u64,
    /// A field costs 1; what is inside a connection costs that for each row of a page.
    pub(super) cost: u64,
    /// How deep lists nest in `__schema` and `__type`.
    pub(super) introspection_lists: u64,
    /// Fields of the set itself, not of those inside it.
    pub(super) top_fields: u64,
    /// Those of them that are in [`SIGN_INS`].
    pub(super) sign_ins: u64,
    /// There is `__schema` or `__type`, which only a root has.
    pub(super) introspects: bool,
    /// One of them is in [`CONNECTION_LISTS`].
    is_connection: bool,
    /// How deep [`INTROSPECTION_LISTS`] nest, whatever they are fields of.
    lists: u64,
}

impl Measure {
    /// Takes what stands beside it.
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.arguments = self.arguments.max(other.arguments);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
        self.lists = self.lists.max(other.lists);
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.cost = self.cost.saturating_add(other.cost);
        self.top_fields = self.top_fields.saturating_add(other.top_fields);
        self.sign_ins = self.sign_ins.saturating_add(other.sign_ins);
        self.introspects |= other.introspects;
        self.is_connection |= other.is_connection;
    }
}

/// Measures the operations of one document, each fragment once.
///
/// It recurses no deeper than the document has opening braces, of which the limit of tokens leaves few.
pub(super) struct Measurer<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What is known of fragments; nothing yet of one that is being measured.
    known: HashMap<&'a str, Option<Measure>>,
    variables: &'a Variables,
    /// Numbers by which variables may stand for a page's size when the request brings none.
    defaults: HashMap<&'a str, u64>,
}

impl<'a> Measurer<'a> {
    pub(super) fn new(document: &'a ExecutableDocument, variables: &'a Variables) -> Self {
        let mut defaults = HashMap::new();
        // Operations may share a fragment and not the default: the greatest counts.
        for (_, operation) in document.operations.iter() {
            for definition in &operation.node.variable_definitions {
                let default = definition.node.default_value.as_ref().map(|value| &value.node);
                let size = default.and_then(as_size).unwrap_or(DEFAULT_PAGE_SIZE);
                let greatest: &mut u64 = defaults.entry(definition.node.name.node.as_str()).or_default();
                *greatest = size.max(*greatest);
            }
        }
        Self { fragments: &document.fragments, known: HashMap::new(), variables, defaults }
    }

    /// # Errors
    /// A sentence for the caller when a fragment contains itself.
    pub(super) fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Measure, String> {
        let mut found = self.selections(&operation.selection_set.node)?;
        let of_variables =
            operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        let own = operation.directives.len() + of_variables.sum::<usize>();
        found.directives = found.directives.saturating_add(own as u64);
        Ok(found)
    }

    fn selections(&mut self, set: &'a SelectionSet) -> Result<Measure, String> {
        let mut total = Measure::default();
        for selection in &set.items {
            let selection = &selection.node;
            total.add(match selection {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            });
            let directives = selection.directives().len() as u64;
            total.add(Measure { selections: 1, directives, ..Measure::default() });
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Measure, String> {
        let name = field.name.node.as_str();
        let inside = self.selections(&field.selection_set.node)?;
        let rows = if inside.is_connection { self.page_size(field) } else { 1 };
        let lists = inside.lists + u64::from(INTROSPECTION_LISTS.contains(&name));
        let is_introspection = matches!(name, "__schema" | "__type");
        Ok(Measure {
            depth: inside.depth.saturating_add(1),
            arguments: inside.arguments.max(field.arguments.len() as u64),
            aliases: inside.aliases.saturating_add(u64::from(field.alias.is_some())),
            cost: inside.cost.saturating_mul(rows).saturating_add(1),
            introspects: inside.introspects || is_introspection,
            introspection_lists: if is_introspection { lists } else { inside.introspection_lists },
            top_fields: 1,
            sign_ins: u64::from(SIGN_INS.contains(&name)),
            is_connection: CONNECTION_LISTS.contains(&name),
            lists,
            ..inside
        })
    }

    fn fragment(&mut self, name: &'a str) -> Result<Measure, String> {
        if let Some(known) = self.known.get(name) {
            return known.ok_or_else(|| "A fragment of the document contains itself.".to_owned());
        }
        // One that is not there is validation's to refuse.
        let Some(definition) = self.fragments.get(name) else { return Ok(Measure::default()) };
        self.known.insert(name, None);
        let mut found = self.selections(&definition.node.selection_set.node)?;
        found.directives = found.directives.saturating_add(definition.node.directives.len() as u64);
        self.known.insert(name, Some(found));
        Ok(found)
    }

    /// Rows of a connection's page, as far as one can tell. What is no size is refused by the resolver, or when
    /// it is made an `Int`.
    fn page_size(&self, connection: &Field) -> u64 {
        let sizes = ["first", "last"].into_iter().filter_map(|argument| {
            let value = connection.get_argument(argument)?.node.clone();
            as_size(&value.into_const_with(|name| self.variable(&name).ok_or(())).ok()?)
        });
        sizes.max().unwrap_or(DEFAULT_PAGE_SIZE).clamp(1, MAX_PAGE_SIZE)
    }

    /// A variable's number, without a copy of the request's other values, which may be long.
    fn variable(&self, name: &Name) -> Option<Value> {
        let size = match self.variables.get(name) {
            Some(value) => as_size(value),
            None => self.defaults.get(name.as_str()).copied(),
        };
        size.map(Value::from)
    }
}

fn as_size(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}
