//! What is left of a person: nothing, in any table, whoever added it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use fastgpt_platform::{
    erasure::{Erased, TABLES},
    id::{TypedId, UserId},
};
use sea_orm::{DbBackend, Value};
use serde_json::json;
use uuid::Uuid;

use super::{GRACE, delete, exists};
use crate::support::{PASSWORD, TestApp};

/// Columns that tell of people.
const PERSONAL: &[&str] =
    &["user_id", "actor_id", "subject_id", "owner_id", "email", "recipient", "ip", "user_agent", "name"];

struct Column {
    name: String,
    kind: String,
    is_needed: bool,
}

fn is_postgres(app: &TestApp) -> bool {
    app.gateway.db.get_database_backend() == DbBackend::Postgres
}

/// The columns of each table.
async fn tables(app: &TestApp) -> BTreeMap<String, Vec<Column>> {
    let select = if is_postgres(app) {
        "SELECT table_name || ' ' || column_name || ' ' || CASE is_nullable WHEN 'YES' THEN 0 ELSE 1 END || ' ' || data_type
         FROM information_schema.columns WHERE table_schema = current_schema()"
    } else {
        "SELECT t.name || ' ' || c.name || ' ' || c.\"notnull\" || ' ' || c.type
         FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"
    };
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for line in app.sql_values::<String>(select, []).await {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap().to_owned();
        let (table, name, is_needed) = (word(), word(), word() == "1");
        tables.entry(table).or_default().push(Column { name, is_needed, kind: word().to_lowercase() });
    }
    tables
}

/// `table column action` of each reference to a user.
async fn references(app: &TestApp) -> Vec<String> {
    let select = if is_postgres(app) {
        "SELECT k.table_name || ' ' || k.column_name || ' ' || r.delete_rule
         FROM information_schema.referential_constraints r
         JOIN information_schema.key_column_usage k ON k.constraint_name = r.constraint_name
         JOIN information_schema.constraint_column_usage u ON u.constraint_name = r.constraint_name
         WHERE u.table_name = 'users'"
    } else {
        "SELECT t.name || ' ' || k.\"from\" || ' ' || k.on_delete
         FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table' AND k.\"table\" = 'users'"
    };
    app.sql_values(select, []).await
}

fn listed() -> BTreeSet<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}

#[tokio::test]
async fn every_table_that_tells_of_people_is_listed() {
    let app = TestApp::start().await;
    let tables = tables(&app).await;
    let references = references(&app).await;
    let listed = listed();
    assert_eq!(listed.len(), TABLES.len(), "each once");
    for (table, columns) in &tables {
        let refers = references.iter().any(|reference| reference.split(' ').next() == Some(table));
        // A table of migrations has names, of migrations.
        let is_personal = refers
            || columns.iter().any(|column| PERSONAL.contains(&column.name.as_str()) && column.name != "name");
        assert!(
            !is_personal || listed.contains(table.as_str()),
            "{table} tells of people: say in `erasure::TABLES` what becomes of it"
        );
    }
    for table in &listed {
        assert!(tables.contains_key(*table), "there is no table {table}");
    }
    // What is a user's own goes with the user; what merely names one stays without the name.
    for reference in references {
        let words: Vec<&str> = reference.splitn(3, ' ').collect();
        let expected = if words[1] == "user_id" { "CASCADE" } else { "SET NULL" };
        assert_eq!(words[2], expected, "{reference}");
    }
}

/// `table.column` of each of these columns that has a row of which this is so.
async fn places(
    app: &TestApp,
    which: impl Fn(&Column) -> bool,
    condition: impl Fn(&str) -> String,
    value: Value,
) -> Vec<String> {
    let mut parts = Vec::new();
    for (table, columns) in tables(app).await {
        for Column { name, .. } in columns.iter().filter(|column| which(column)) {
            let condition = condition(&format!("\"{name}\""));
            let found = format!("EXISTS (SELECT 1 FROM \"{table}\" WHERE {condition})");
            parts.push(format!("SELECT '{table}.{name}' WHERE {found}"));
        }
    }
    app.sql_values(&parts.join(" UNION ALL "), [value]).await
}

/// Where a text is, in whatever column.
pub(super) async fn places_of_text(app: &TestApp, text: &str) -> Vec<String> {
    let contains = |column: &str| format!("CAST({column} AS TEXT) LIKE $1");
    places(app, |_| true, contains, format!("%{text}%").into()).await
}

/// Where an identifier is, as one or in a text.
async fn places_of_id(app: &TestApp, id: Uuid) -> Vec<String> {
    let is_id = |column: &str| format!("{column} = $1");
    let mut found = places(app, |column| column.kind.contains("uuid"), is_id, id.into()).await;
    found.extend(places_of_text(app, &id.to_string()).await);
    found.sort_unstable();
    found.dedup();
    found
}

/// Sees to it that the user has a row in each table that has some of users.
async fn fill(app: &TestApp, user_id: Uuid) {
    for (table, columns) in tables(app).await {
        if !columns.iter().any(|column| column.name == "user_id") {
            continue;
        }
        let count = format!("SELECT COUNT(*) FROM \"{table}\" WHERE user_id = $1");
        if app.sql_value::<i64>(&count, [user_id.into()]).await > 0 {
            continue;
        }
        let needed: Vec<&Column> =
            columns.iter().filter(|column| column.is_needed || column.name == "user_id").collect();
        let names: Vec<String> = needed.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let places: Vec<String> = (1..=needed.len()).map(|place| format!("${place}")).collect();
        let values = needed.iter().map(|column| match column.name.as_str() {
            "user_id" => user_id.into(),
            _ => any_value(app, &column.kind),
        });
        let insert = format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), places.join(", "));
        assert_eq!(app.sql(&insert, values.collect::<Vec<_>>()).await, 1, "{table}");
    }
}

fn any_value(app: &TestApp, kind: &str) -> Value {
    let is = |part: &str| kind.contains(part);
    match () {
        () if is("uuid") => Uuid::from(UserId::generate()).into(),
        () if is("time") => app.now().into(),
        () if is("bool") => false.into(),
        () if is("bigint") => 0_i64.into(),
        () if is("int") => 0_i32.into(),
        () if is("double") || is("real") => 0.0_f64.into(),
        () if is("blob") || is("bytea") => b"any".to_vec().into(),
        () => "any".into(),
    }
}

#[tokio::test]
async fn nothing_is_left_in_any_table() {
    const INVITED: &str = "wangwu@example.com";
    const ADDRESS: &str = "王五@例子.公司";
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let invite = "mutation($email: String!) { inviteUser(input: { email: $email }) { id } }";
    admin.query_with(invite, json!({ "email": INVITED })).await.data();
    admin.query_with(invite, json!({ "email": "别人@example.com" })).await.data();

    let client = |ip| app.client_at(ip).with_header("user-agent", "Nighthawk/7.7");
    let phone = client("203.0.113.77");
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let token = app.mail_to(INVITED).await.token();
    let input = json!({ "email": INVITED, "password": PASSWORD, "name": "王五", "invitationToken": token });
    phone.query_with(sign_up, json!({ "input": input })).await.data();
    let phone = phone.signed_in(INVITED, PASSWORD).await;
    let laptop = client("203.0.113.78").signed_in(INVITED, PASSWORD).await;
    laptop.sign_in(INVITED, "不对").await;
    phone.query("mutation { updateProfile(input: { name: \"王五郎\" }) { id } }").await.data();
    let change = "mutation($email: String!) { requestEmailChange(input: { newEmail: $email }) }";
    phone.query_with(change, json!({ "email": ADDRESS })).await.data();
    let confirm = "mutation($token: String!) { confirmEmailChange(input: { token: $token }) { email } }";
    let token = app.mail_to(ADDRESS).await.token();
    phone.query_with(confirm, json!({ "token": token })).await.data();
    // Somebody else's mail tells of the address as well.
    admin.query_with(change, json!({ "email": ADDRESS })).await.data();
    let reset = "mutation($email: String!) { requestPasswordReset(input: { email: $email }) }";
    phone.query_with(reset, json!({ "email": ADDRESS })).await.data();
    phone.query("mutation { requestDataExport { id } }").await.data();
    app.run_jobs().await;
    let export_id: Uuid = app.sql_value("SELECT id FROM data_exports", []).await;
    let user_id: UserId = UserId::parse(&phone.user_id().await).unwrap();
    fill(&app, user_id.into()).await;

    // There is something to find, in every table that is listed.
    const WORDS: [&str; 6] = [INVITED, ADDRESS, "王五", "203.0.113.77", "203.0.113.78", "Nighthawk"];
    let mut places = places_of_id(&app, user_id.into()).await;
    places.extend(places_of_id(&app, export_id).await);
    for word in WORDS {
        places.extend(places_of_text(&app, word).await);
    }
    for table in TABLES.iter().filter(|table| table.erased == Erased::Gone) {
        let is_in = |place: &String| place.split('.').next() == Some(table.name);
        assert!(places.iter().any(is_in), "nobody is in {}: {places:?}", table.name);
    }

    let phone = client("203.0.113.77").signed_in(ADDRESS, PASSWORD).await;
    delete(&phone, Some(PASSWORD)).await.data();
    app.advance(GRACE).await;
    app.run_jobs().await;
    // The worker looks once more, and what was done keeps nothing.
    app.advance(TimeDelta::minutes(1)).await;
    app.run_jobs().await;
    assert!(!exists(&app, ADDRESS).await);
    for word in WORDS {
        assert_eq!(places_of_text(&app, word).await, Vec::<String>::new(), "{word}");
    }
    let bare = ["audit_events.actor_id", "audit_events.subject_id"];
    assert_eq!(places_of_id(&app, user_id.into()).await, bare);
    assert_eq!(places_of_id(&app, export_id).await, Vec::<String>::new());
    // Nobody else was touched.
    assert!(!places_of_text(&app, "别人@example.com").await.is_empty());
    let told: i64 = app
        .sql_value("SELECT COUNT(*) FROM audit_events WHERE kind = 'INVITATION_SENT' AND details <> '{}'", [])
        .await;
    assert_eq!(told, 1);
}
