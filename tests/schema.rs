//! The schema as a whole: printed, described, and true to the names that clients rely on.

use fastgpt_platform::graphql::schema;

use crate::support::introspection::{error_codes, list, name, names, signature, types};

#[test]
fn schema_graphql_is_the_printed_schema() {
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    // Both would be a thousand lines of the answer.
    assert!(kept == schema().sdl(), "`make schema` prints it anew");
}

#[tokio::test]
async fn everything_is_described() {
    let types = types().await;
    let mut silent = Vec::new();
    let mut look = |path: String, item: &serde_json::Value| {
        if item["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
            silent.push(path);
        }
    };
    for (type_name, kind) in &types {
        look(type_name.clone(), kind);
        for key in ["fields", "inputFields", "enumValues"] {
            for item in list(kind, key) {
                let path = format!("{type_name}.{}", name(item));
                for argument in list(item, "args") {
                    look(format!("{path}({})", name(argument)), argument);
                }
                look(path, item);
            }
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

/// Descriptions are for people who use the API, not for those who wrote a library it is made with.
#[tokio::test]
async fn no_description_speaks_of_rust() {
    let sdl = schema().sdl();
    for word in ["Implement the", "DateTime<", "Option<", "Vec<", "chrono"] {
        assert!(!sdl.contains(word), "a description says {word:?}");
    }
}

/// Section 4 of the design; the schema may have more.
const DESIGN: &[(&str, &str)] = &[
    ("Node", "id: ID!"),
    (
        "Query",
        "viewer: User; node(id: ID!): Node; user(id: ID!): User; users(first: Int, after: String, last: Int, before: String, filter: UserFilter, orderBy: UserOrder): UserConnection!",
    ),
    (
        "User",
        "id: ID!; email: String!; name: String!; role: Role!; status: UserStatus!; emailVerified: Boolean!; createdAt: DateTime!; lastSignInAt: DateTime; sessions(first: Int, after: String, last: Int, before: String, state: SessionState): SessionConnection!",
    ),
    (
        "Session",
        "id: ID!; user: User!; device: Device!; ip: String!; createdAt: DateTime!; lastActiveAt: DateTime!; expiresAt: DateTime!; isCurrent: Boolean!; endedAt: DateTime; endReason: SessionEndReason",
    ),
    (
        "SignedIn",
        "accessToken: String!; accessTokenExpiresAt: DateTime!; refreshToken: String; viewer: User!",
    ),
    (
        "Mutation",
        "signUp(input: SignUpInput!): SignUpResult!; signIn(input: SignInInput!): SignInResult!; refreshSession(input: RefreshSessionInput): SignedIn!; signOut: Boolean!; endSession(input: EndSessionInput!): Session!; endOtherSessions: Int!",
    ),
    (
        "Mutation",
        "changePassword(input: ChangePasswordInput!): User!; updateProfile(input: UpdateProfileInput!): User!",
    ),
    ("Subscription", "sessionEvents: SessionEvent!"),
    ("UserConnection", "edges: [UserEdge!]!; nodes: [User!]!; pageInfo: PageInfo!; totalCount: Int!"),
    ("UserEdge", "cursor: String!; node: User!"),
    (
        "SessionConnection",
        "edges: [SessionEdge!]!; nodes: [Session!]!; pageInfo: PageInfo!; totalCount: Int!",
    ),
    ("SessionEdge", "cursor: String!; node: Session!"),
];
const DESIGN_INPUTS: &[(&str, &str)] = &[
    ("SignUpInput", "email: String!; password: String!; name: String!"),
    ("SignInInput", "email: String!; password: String!"),
];
const DESIGN_ENUMS: &[(&str, &str)] = &[
    ("Role", "USER; ADMIN"),
    ("UserStatus", "ACTIVE; SUSPENDED; DEACTIVATED"),
    ("SessionState", "ACTIVE; ENDED"),
];
const DESIGN_POSSIBLE_TYPES: &[(&str, &str)] = &[
    ("Node", "User; Session"),
    ("SignInResult", "SignedIn; SecondFactorRequired"),
    ("SignUpResult", "SignedIn; EmailVerificationRequired"),
];

#[tokio::test]
async fn the_names_that_clients_rely_on_are_there() {
    let types = types().await;
    let mut missing = Vec::new();
    let mut expect = |design: &[(&str, &str)], there: &dyn Fn(&serde_json::Value) -> Vec<String>| {
        for (type_name, wanted) in design {
            let there = types.get(*type_name).map(there).unwrap_or_default();
            let absent = wanted.split("; ").filter(|wanted| !there.iter().any(|item| item == wanted));
            missing.extend(absent.map(|wanted| format!("{type_name}: {wanted}")));
        }
    };
    expect(DESIGN, &|kind| list(kind, "fields").iter().map(signature).collect());
    expect(DESIGN_INPUTS, &|kind| list(kind, "inputFields").iter().map(signature).collect());
    expect(DESIGN_ENUMS, &|kind| names(kind, "enumValues"));
    expect(DESIGN_POSSIBLE_TYPES, &|kind| names(kind, "possibleTypes"));
    assert!(missing.is_empty(), "of the design: {missing:#?}");
}

/// Clients that read the schema from the server translate by these.
#[tokio::test]
async fn error_codes_can_be_read_from_the_server() {
    let codes = types().await.get("ErrorCode").map(|kind| names(kind, "enumValues"));
    assert_eq!(codes, Some(error_codes()));
}

#[tokio::test]
async fn mutations_are_named_verb_noun_and_take_one_input_of_their_name() {
    let types = types().await;
    for field in list(&types["Mutation"], "fields") {
        let field_name = name(field);
        let (initial, rest) = field_name.split_at(1);
        let input = format!("input: {}{rest}Input", initial.to_uppercase());
        let arguments: Vec<String> = list(field, "args").iter().map(signature).collect();
        let fits = arguments.is_empty() || arguments == [format!("{input}!")] || arguments == [input];
        assert!(fits, "{field_name} takes {arguments:?}");
    }
}
