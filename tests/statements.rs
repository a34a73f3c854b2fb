//! What a request costs the database, in statements.

use crate::support::{Client, TestApp};

/// How many statements `document` runs for a caller whose session and account are cached.
async fn cost(app: &TestApp, client: &Client, document: &str) -> Vec<String> {
    client.query("{ viewer { id } }").await.data();
    let _ = app.statements.take();
    client.query(document).await.data();
    app.statements.take()
}

async fn with_users(count: usize) -> TestApp {
    let app = TestApp::start().await;
    for number in 1..=count {
        app.with_user(&format!("用户{number}")).await;
    }
    app
}

#[tokio::test]
async fn a_warm_viewer_query_costs_nothing() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let statements = cost(&app, &zhang, "{ viewer { id email name role status lastSignInAt } }").await;
    assert_eq!(statements, Vec::<String>::new());
}

#[tokio::test]
async fn nested_lists_cost_the_same_for_5_and_for_50_users() {
    let document =
        "{ users(first: 50) { nodes { id sessions { totalCount nodes { id user { email } } } } } }";
    let mut costs = Vec::new();
    for count in [5, 50] {
        let app = with_users(count - 1).await;
        let admin = app.admin().await;
        let answer = admin.query(document).await;
        let users = answer.list_at("/users/nodes");
        assert_eq!(users.len(), count);
        assert!(users.iter().all(|user| user["sessions"]["totalCount"] == 1), "{}", answer.text);
        assert!(users.iter().all(|user| user["sessions"]["nodes"][0]["user"]["email"].is_string()));
        costs.push(cost(&app, &admin, document).await.len());
    }
    // Users, pages of sessions, counts of sessions, users of sessions.
    assert_eq!(costs, [4, 4]);
}

#[tokio::test]
async fn siblings_with_other_arguments_cost_one_statement_each() {
    let app = with_users(3).await;
    let document = "{ users { nodes { active: sessions(state: ACTIVE) { nodes { id } }
        ended: sessions(state: ENDED) { nodes { id } } } } }";
    assert_eq!(cost(&app, &app.admin().await, document).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_selected_is_not_counted() {
    let app = with_users(3).await;
    let admin = app.admin().await;
    let counts = |statements: &[String]| statements.iter().filter(|sql| sql.contains("COUNT(")).count();
    for (with, without) in [
        ("{ users { totalCount nodes { id } } }", "{ users { nodes { id } } }"),
        ("{ viewer { sessions { totalCount nodes { id } } } }", "{ viewer { sessions { nodes { id } } } }"),
    ] {
        let without = cost(&app, &admin, without).await;
        assert_eq!((without.len(), counts(&without)), (1, 0), "{without:?}");
        let with = cost(&app, &admin, with).await;
        assert_eq!((with.len(), counts(&with)), (2, 1), "{with:?}");
    }
    let skipped = cost(&app, &admin, "{ users { totalCount @skip(if: true) nodes { id } } }").await;
    assert_eq!(counts(&skipped), 0, "{skipped:?}");
}
