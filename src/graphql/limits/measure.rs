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
const SIGN_INS: [&str; 15] = [
    "signIn",
    "signUp",
    "refreshSession",
    "changePassword",
    "reauthenticate",
    "completeSignIn",
    "signInWithPasskey",
    "confirmTotpEnrollment",
    "finishPasskeyRegistration",
    "verifyEmail",
    "resetPassword",
    "requestPasswordReset",
    "resendEmailVerification",
    "requestEmailChange",
    "deleteMyAccount",
];
/// Fields by which types of introspection lead to lists of others.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];
/// What the schema is taken to have of everything, where introspection lists it.
const INTROSPECTION_ROWS: u64 = 20;
/// Fields that tell a connection (GraphQL Cursor Connections Specification).
const CONNECTION_FIELDS: [&str; 4] = ["nodes", "edges", "pageInfo", "totalCount"];
/// How deep selection sets may nest, fragments in their places: whatever looks at them is recursive.
const MAX_NESTING: u64 = 32;

/// What a set of selections asks for, its fragments put in their places. Sums saturate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measure {
    /// The longest way down, in fields.
    pub(super) depth: u64,
    /// The longest way down, in selection sets.
    pub(super) nesting: u64,
    /// Fields, spreads and inline fragments.
    pub(super) selections: u64,
    /// Of the field that has most.
    pub(super) arguments: u64,
    pub(super) aliases: u64,
    pub(super) directives: u64,
    /// A field costs 1; what is inside a connection costs that for each row of a page, and so does introspection.
    pub(super) cost: u64,
    /// How deep lists nest in `__schema` and `__type`.
    pub(super) introspection_lists: u64,
    /// Fields of the set itself, not of those inside it.
    pub(super) top_fields: u64,
    /// Those of them that are in [`SIGN_INS`].
    pub(super) sign_ins: u64,
    /// There is `__schema` or `__type`, which only a root has.
    pub(super) introspects: bool,
    /// One of them is in [`CONNECTION_FIELDS`].
    is_connection: bool,
    /// How deep [`INTROSPECTION_LISTS`] nest, whatever they are fields of.
    lists: u64,
}

impl Measure {
    /// Takes what stands beside it.
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
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
/// It recurses no deeper than [`MAX_NESTING`].
pub(super) struct Measurer<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What is known of fragments; nothing yet of one that is being measured.
    known: HashMap<&'a str, Option<Measure>>,
    /// Selection sets around the one that is being measured, itself included.
    level: u64,
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
        Self { fragments: &document.fragments, known: HashMap::new(), level: 0, variables, defaults }
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

    /// How many fragments the operations have led to so far.
    pub(super) fn fragments_met(&self) -> usize {
        self.known.len()
    }

    fn selections(&mut self, set: &'a SelectionSet) -> Result<Measure, String> {
        let mut total = Measure::default();
        self.level += 1;
        check_nesting(self.level)?;
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
        self.level -= 1;
        total.nesting += 1;
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Measure, String> {
        let name = field.name.node.as_str();
        let inside = self.selections(&field.selection_set.node)?;
        let lists = inside.lists + u64::from(INTROSPECTION_LISTS.contains(&name));
        let is_introspection = matches!(name, "__schema" | "__type");
        let rows = match inside.is_connection {
            _ if is_introspection => INTROSPECTION_ROWS,
            true => self.page_size(field),
            false => 1,
        };
        Ok(Measure {
            depth: inside.depth.saturating_add(1),
            arguments: inside.arguments.max(field.arguments.len() as u64),
            aliases: inside.aliases.saturating_add(u64::from(field.alias.is_some())),
            cost: inside.cost.saturating_mul(rows).saturating_add(1),
            introspects: inside.introspects || is_introspection,
            introspection_lists: if is_introspection { lists } else { inside.introspection_lists },
            top_fields: 1,
            sign_ins: u64::from(SIGN_INS.contains(&name)),
            is_connection: CONNECTION_FIELDS.contains(&name),
            lists,
            ..inside
        })
    }

    fn fragment(&mut self, name: &'a str) -> Result<Measure, String> {
        if let Some(known) = self.known.get(name) {
            let known = known.ok_or_else(|| "A fragment of the document contains itself.".to_owned())?;
            check_nesting(self.level + known.nesting)?;
            return Ok(known);
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

fn check_nesting(level: u64) -> Result<(), String> {
    if level <= MAX_NESTING {
        return Ok(());
    }
    Err(format!("The document nests selections too deep; {MAX_NESTING} levels are allowed."))
}

fn as_size(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}
