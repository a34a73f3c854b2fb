//! Pages: whatever the order, size and direction, everyone comes once and in the same place.

use chrono::TimeDelta;
use fastgpt_platform::{id::UserId, user::User};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::support::{Client, Response, TestApp};

const USERS: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder) {
    users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
        totalCount edges { cursor node { id } } pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } }";
const SESSIONS: &str = "query($first: Int, $after: String, $last: Int, $before: String) {
    viewer { sessions(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { id } } pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } } }";

/// A list under test: how to ask for it, and where it is in the answer.
#[derive(Clone)]
struct List<'a> {
    client: &'a Client,
    document: &'static str,
    pointer: &'static str,
    arguments: Value,
}

impl<'a> List<'a> {
    fn users(client: &'a Client, arguments: Value) -> Self {
        Self { client, document: USERS, pointer: "/users", arguments }
    }

    fn sessions(client: &'a Client) -> Self {
        Self { client, document: SESSIONS, pointer: "/viewer/sessions", arguments: json!({}) }
    }

    async fn ask(&self, page: Value) -> Response {
        let mut variables = self.arguments.clone();
        variables.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        self.client.query_with(self.document, variables).await
    }

    /// Every ID from one end to the other, in the list's order. `between` runs after each page.
    async fn walk(&self, from: End, size: usize, mut between: impl AsyncFnMut()) -> Vec<String> {
        let (count, from_cursor, end, more) = match from {
            End::First => ("first", "after", "endCursor", "hasNextPage"),
            End::Last => ("last", "before", "startCursor", "hasPreviousPage"),
        };
        let mut pages: Vec<Vec<String>> = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let answer = self.ask(json!({ count: size, from_cursor: cursor })).await;
            let page = answer.at(self.pointer);
            let edges = page["edges"].as_array().unwrap();
            assert!(edges.len() <= size);
            pages.push(edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect());
            if page["pageInfo"][more] == false {
                break;
            }
            assert_eq!(edges.len(), size, "a page with others behind it is full");
            assert!(pages.len() < 100, "the walk ends");
            cursor = page["pageInfo"][end].clone();
            between().await;
        }
        if from == End::Last {
            pages.reverse();
        }
        pages.concat()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

const ORDERS: [&str; 3] = ["CREATED_AT", "LAST_SIGN_IN_AT", "EMAIL"];

/// 57 users, the administrator among them, many of whom share their times or never signed in.
async fn fifty_seven() -> (TestApp, Client, Vec<User>) {
    let app = TestApp::start().await;
    for number in 0..56_u32 {
        if number % 5 == 0 {
            app.advance(TimeDelta::microseconds(1)).await;
        }
        // So that the order of addresses is another than that of creation.
        let user = app.account_with_email("张三", &format!("{:02}-用户@example.com", number * 37 % 56)).await;
        if number % 3 == 0 {
            let at = app.now() + TimeDelta::hours(i64::from(number % 4));
            let signed_in = "UPDATE users SET last_sign_in_at = $1 WHERE id = $2";
            app.sql(signed_in, [at.into(), uuid::Uuid::from(user.id).into()]).await;
        }
    }
    let admin = app.admin().await;
    let mut users = Vec::new();
    for id in app.sql_values::<UserId>("SELECT id FROM users", []).await {
        let found = admin_find(&app, id).await;
        users.push(found);
    }
    assert_eq!(users.len(), 57);
    (app, admin, users)
}

async fn admin_find(app: &TestApp, id: UserId) -> User {
    use sea_orm::Value as Sql;
    let uuid = || Sql::from(uuid::Uuid::from(id));
    User {
        id,
        email: app.sql_value("SELECT email FROM users WHERE id = $1", [uuid()]).await,
        created_at: app.sql_value("SELECT created_at FROM users WHERE id = $1", [uuid()]).await,
        last_sign_in_at: app.sql_value("SELECT last_sign_in_at FROM users WHERE id = $1", [uuid()]).await,
        name: "张三".into(),
        role: fastgpt_platform::auth::viewer::Role::User,
        status: fastgpt_platform::user::UserStatus::Active,
        email_verified: true,
        locale: None,
        has_password: true,
        has_second_factor: false,
        deletion_scheduled_at: None,
    }
}

/// What the database must answer: sorted here, by key and then by ID.
fn sorted(users: &[User], field: &str, direction: &str) -> Vec<String> {
    let mut users: Vec<&User> = users.iter().collect();
    users.sort_by(|a, b| {
        let by_key = match field {
            "CREATED_AT" => a.created_at.cmp(&b.created_at),
            "LAST_SIGN_IN_AT" => a.last_sign_in_at.cmp(&b.last_sign_in_at),
            _ => a.email.cmp(&b.email),
        };
        by_key.then(a.id.cmp(&b.id))
    });
    if direction == "DESC" {
        users.reverse();
    }
    users.iter().map(|user| user.id.to_string()).collect()
}

fn order(field: &str, direction: &str) -> Value {
    json!({ "orderBy": { "field": field, "direction": direction } })
}

/// Any order, direction, end and page size.
#[test]
fn every_walk_over_57_users_visits_each_once_and_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (app, admin, users) = runtime.block_on(fifty_seven());
    let walks = (
        prop::sample::select(&ORDERS[..]),
        prop::sample::select(&["ASC", "DESC"][..]),
        prop::sample::select(&[End::First, End::Last][..]),
        prop_oneof![1..=20_usize, Just(56), Just(57), Just(58), Just(100)],
    );
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(&walks, |(field, direction, from, size)| {
        let list = List::users(&admin, order(field, direction));
        let walked = runtime.block_on(list.walk(from, size, async || {}));
        prop_assert_eq!(walked, sorted(&users, field, direction));
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async { drop(app) });
}

#[tokio::test]
async fn equal_keys_and_missing_ones_keep_their_place_in_every_order() {
    let (_app, admin, users) = fifty_seven().await;
    for field in ORDERS {
        for direction in ["ASC", "DESC"] {
            for from in [End::First, End::Last] {
                let walked = List::users(&admin, order(field, direction)).walk(from, 4, async || {}).await;
                assert_eq!(walked, sorted(&users, field, direction), "{field} {direction} {from:?}");
            }
        }
    }
}

#[tokio::test]
async fn people_who_join_meanwhile_neither_repeat_nor_hide_others() {
    let (app, admin, users) = fifty_seven().await;
    let app = &app;
    for field in ORDERS {
        for direction in ["ASC", "DESC"] {
            let before =
                List::users(&admin, order(field, direction)).walk(End::First, 100, async || {}).await;
            let mut joined = 0;
            let join = async || {
                joined += 1;
                // One at either end and one in the midst of the addresses.
                for place in ["!", "30", "zz"] {
                    app.account_with_email(
                        "新人",
                        &format!("{place}-{field}-{direction}-{joined}@example.com"),
                    )
                    .await;
                }
            };
            let walked = List::users(&admin, order(field, direction)).walk(End::First, 10, join).await;
            let known: Vec<&String> = walked.iter().filter(|id| before.contains(id)).collect();
            assert_eq!(known, before.iter().collect::<Vec<_>>(), "{field} {direction}");
        }
    }
    assert!(users.len() == 57);
}

#[tokio::test]
async fn a_page_knows_what_lies_around_it_and_how_many_there_are() {
    let (_app, admin, users) = fifty_seven().await;
    let list = List::users(&admin, order("EMAIL", "ASC"));
    let all = sorted(&users, "EMAIL", "ASC");
    let first = list.ask(json!({})).await;
    let page = first.at("/users");
    assert_eq!(page["totalCount"], 57);
    assert_eq!(page["edges"].as_array().unwrap().len(), 20, "by itself");
    let info = |answer: &Response| {
        let info = answer.at("/users/pageInfo");
        (info["hasPreviousPage"].as_bool().unwrap(), info["hasNextPage"].as_bool().unwrap())
    };
    assert_eq!(info(&first), (false, true));

    let cursor = |place: usize| page["edges"][place]["cursor"].clone();
    assert_eq!((&page["pageInfo"]["startCursor"], &page["pageInfo"]["endCursor"]), (&cursor(0), &cursor(19)));
    let between = list.ask(json!({ "first": 100, "after": cursor(4), "before": cursor(8) })).await;
    assert_eq!(ids(&between), all[5..8]);
    assert_eq!(between.at("/users/totalCount"), 57, "of the list, not of the page");
    assert_eq!(info(&list.ask(json!({ "last": 5 })).await), (true, false));
    assert_eq!(info(&list.ask(json!({ "last": 5, "before": cursor(3) })).await), (false, true));
    assert_eq!(info(&list.ask(json!({ "first": 100, "after": cursor(0) })).await), (true, false));

    let filter = json!({ "filter": { "search": "0-用户" } });
    let answer = List::users(&admin, filter).ask(json!({ "first": 2 })).await;
    assert_eq!((ids(&answer).len(), answer.at("/users/totalCount")), (2, &json!(6)));
}

fn ids(answer: &Response) -> Vec<String> {
    answer
        .list_at("/users/edges")
        .iter()
        .map(|edge| edge["node"]["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn sizes_out_of_bounds_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for list in [List::users(&admin, json!({})), List::sessions(&admin)] {
        for size in [0, -1, 101, i32::MIN, i32::MAX] {
            assert_eq!(
                list.ask(json!({ "first": size })).await.violations(),
                [("first", "OUT_OF_RANGE")],
                "{size}"
            );
            assert_eq!(
                list.ask(json!({ "last": size })).await.violations(),
                [("last", "OUT_OF_RANGE")],
                "{size}"
            );
        }
        for size in [1, 100] {
            list.ask(json!({ "first": size })).await.data();
            list.ask(json!({ "last": size })).await.data();
        }
        let both = list.ask(json!({ "first": 1, "last": 1 })).await;
        assert_eq!(both.violations(), [("last", "EXCLUSIVE")]);
        let everything = list.ask(json!({ "first": 0, "after": "乱写的", "before": "" })).await;
        let expected = [("first", "OUT_OF_RANGE"), ("after", "MALFORMED"), ("before", "MALFORMED")];
        assert_eq!(everything.violations(), expected);
    }
}

#[tokio::test]
async fn cursors_of_other_lists_are_refused() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    let cursor = async |list: &List<'_>| {
        list.ask(json!({ "first": 1 })).await.text_at(&format!("{}/pageInfo/endCursor", list.pointer))
    };
    let by_email = List::users(&admin, order("EMAIL", "ASC"));
    let email = cursor(&by_email).await;
    let mut tampered = email.clone().into_bytes();
    tampered[30] ^= 1;
    let foreign = [
        cursor(&List::users(&admin, order("EMAIL", "DESC"))).await,
        cursor(&List::users(&admin, order("CREATED_AT", "ASC"))).await,
        cursor(&List::users(&admin, order("LAST_SIGN_IN_AT", "ASC"))).await,
        cursor(&List::sessions(&admin)).await,
        String::from_utf8(tampered).unwrap(),
        email[..email.len() - 2].to_owned(),
        format!("{email}="),
        "乱写的".into(),
        String::new(),
        "A".repeat(100_000),
    ];
    for text in &foreign {
        for side in ["after", "before"] {
            let answer = by_email.ask(json!({ side: text })).await;
            assert_eq!(answer.violations(), [(side, "MALFORMED")], "{text:.60}");
        }
    }
    by_email.ask(json!({ "after": email })).await.data();

    // The place of another person's session tells when they signed in.
    let (own, others) = (List::sessions(&admin), List::sessions(&zhang));
    let theirs = cursor(&others).await;
    assert_eq!(own.ask(json!({ "after": theirs })).await.violations(), [("after", "MALFORMED")]);
    others.ask(json!({ "after": theirs })).await.data();
}

#[tokio::test]
async fn a_persons_sessions_are_paged_alike() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for number in 0..7 {
        // Pairs of the same time.
        app.advance(TimeDelta::seconds(number % 2)).await;
        app.sign_in("张三").await;
    }
    let list = List::sessions(&zhang);
    let all = list.walk(End::First, 100, async || {}).await;
    assert_eq!(all.len(), 8);
    for size in 1..=9 {
        for from in [End::First, End::Last] {
            assert_eq!(list.walk(from, size, async || {}).await, all, "{from:?} {size}");
        }
    }
    let nested = app
        .admin()
        .await
        .query("{ users { nodes { name sessions(last: 3) { totalCount nodes { id } } } } }")
        .await;
    let zhang = nested.list_at("/users/nodes").iter().find(|user| user["name"] == "张三").unwrap();
    assert_eq!(zhang["sessions"]["totalCount"], 8);
    let last: Vec<&str> = zhang["sessions"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    assert_eq!(last, all[5..]);
}
