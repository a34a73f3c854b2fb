//! Password, passkeys and linked accounts are counted together: the last way into an account stays.

use futures_util::future::{join, join3};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;

use crate::support::{
    Client, Response, TestApp,
    identity_provider::{TestProvider, person},
    process::until,
};

/// Takes a linked account away.
async fn unlink(client: &Client) -> Response {
    unlink_this(client, &linked_account(client).await).await
}

async fn linked_account(client: &Client) -> String {
    let listed = client.query("{ viewer { linkedAccounts { id } } }").await;
    listed.texts_at("/viewer/linkedAccounts", "id").remove(0)
}

async fn unlink_this(client: &Client, id: &str) -> Response {
    let document = "mutation($id: ID!) { unlinkAccount(input: { linkedAccountId: $id }) { id } }";
    client.query_with(document, json!({ "id": id })).await
}

/// Takes a passkey away.
async fn remove_passkey(client: &Client) -> Response {
    remove_this_passkey(client, &passkey(client).await).await
}

async fn passkey(client: &Client) -> String {
    let listed = client.query("{ viewer { secondFactors { passkeys { id } } } }").await;
    listed.texts_at("/viewer/secondFactors/passkeys", "id").remove(0)
}

async fn remove_this_passkey(client: &Client, id: &str) -> Response {
    let document = "mutation($id: ID!) { removePasskey(input: { passkeyId: $id }) { id } }";
    client.query_with(document, json!({ "id": id })).await
}

/// Somebody who has come by the provider, and so without a password.
async fn newcomer(provider: &TestProvider, app: &TestApp, subject: &str) -> Client {
    let browser = app.client();
    provider.sign_in(&browser, person(subject, &format!("人{subject}@example.com"), true)).await;
    browser.refresh().await.data();
    browser
}

fn is_refused(answer: &Response) -> bool {
    match answer.json.get("errors") {
        None => false,
        Some(_) => answer.code() == "CONFLICT" && answer.message().contains("last way"),
    }
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.sql_value(&format!("SELECT COUNT(*) FROM {table}"), []).await
}

/// Has both go on until each waits for a lock, where the database can say so, and only then lets either finish.
async fn at_once<A, B>(
    app: &TestApp,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let db = &app.gateway.db;
    if db.get_database_backend() != DbBackend::Postgres {
        return join(one, other).await;
    }
    let barrier = app.gateway.begin().await.unwrap();
    // Whatever they do, they record it in the end.
    barrier.execute_unprepared("LOCK TABLE audit_events IN SHARE MODE").await.unwrap();
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock'";
    let lift = async {
        until("both wait", async || (app.sql_value::<i64>(waiting, []).await == 2).then_some(())).await;
        barrier.commit().await.unwrap();
    };
    let (one, other, ()) = join3(one, other, lift).await;
    (one, other)
}

#[tokio::test]
async fn of_two_ways_of_different_kinds_that_go_at_once_one_stays() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = newcomer(&provider, &app, "1").await;
    app.enroll_passkey(&browser, "手机").await;
    let (account, passkey) = (linked_account(&browser).await, passkey(&browser).await);
    let (unlinked, removed) =
        at_once(&app, unlink_this(&browser, &account), remove_this_passkey(&browser, &passkey)).await;
    let (refused, done) = if is_refused(&unlinked) { (unlinked, removed) } else { (removed, unlinked) };
    assert!(is_refused(&refused), "{}", refused.text);
    done.data();
    assert_eq!(count(&app, "linked_accounts").await + count(&app, "passkeys").await, 1);
}

#[tokio::test]
async fn any_other_way_is_enough() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = newcomer(&provider, &app, "1").await;
    assert!(is_refused(&unlink(&browser).await), "nothing else");
    app.enroll_passkey(&browser, "手机").await;
    unlink(&browser).await.data();
    assert!(is_refused(&remove_passkey(&browser).await), "the passkey alone");
    app.sql("UPDATE users SET has_password = TRUE", []).await;
    remove_passkey(&browser).await.data();
    assert_eq!((count(&app, "linked_accounts").await, count(&app, "passkeys").await), (0, 0));
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = newcomer(&provider, &app, "1").await;
    assert!(is_refused(&unlink(&browser).await));
    assert_eq!(count(&app, "linked_accounts").await, 1);
    let activity = browser.query("{ viewer { activity { nodes { kind } } } }").await;
    let kinds = activity.texts_at("/viewer/activity/nodes", "kind");
    assert!(!kinds.iter().any(|kind| kind == "ACCOUNT_UNLINKED"), "{kinds:?}");
}

#[tokio::test]
async fn an_account_at_a_provider_that_is_configured_no_more_is_no_way_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = newcomer(&provider, &app, "1").await;
    app.enroll_passkey(&browser, "手机").await;
    app.sql("UPDATE linked_accounts SET provider = 'former'", []).await;
    assert!(is_refused(&remove_passkey(&browser).await));
    unlink(&browser).await.data();
}

#[tokio::test]
async fn where_there_can_be_no_passkeys_they_are_no_way_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = newcomer(&provider, &app, "1").await;
    app.enroll_passkey(&browser, "手机").await;
    let moved = app.replica(&[("FRONTEND_URL", "http://127.0.0.1:5000")]).await;
    let account = linked_account(&browser).await;
    let there = moved.client();
    there.set_token(Some(&browser.token()));
    assert!(is_refused(&unlink_this(&there, &account).await));
    unlink_this(&browser, &account).await.data();
}
