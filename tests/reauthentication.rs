//! Showing once more who one is.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Client, PASSWORD, Response, TestApp};

async fn reauthenticate(client: &Client, password: &str) -> Response {
    let reauthenticate =
        "mutation($password: String!) { reauthenticate(input: { password: $password }) { validUntil } }";
    client.query_with(reauthenticate, json!({ "password": password })).await
}

async fn change_email(client: &Client) -> Response {
    client.query(r#"mutation { requestEmailChange(input: { newEmail: "新址@example.com" }) }"#).await
}

#[tokio::test]
async fn a_sign_in_is_recent_for_ten_minutes_and_the_password_makes_it_so_again() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.advance(TimeDelta::minutes(10) - TimeDelta::seconds(1)).await;
    change_email(&zhang).await.data();
    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(change_email(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
    // Refreshing the session is no proof of anything.
    zhang.refresh().await.data();
    assert_eq!(change_email(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(reauthenticate(&zhang, "不对").await.code(), "INVALID_CREDENTIALS");
    assert_eq!(change_email(&zhang).await.code(), "REAUTHENTICATION_REQUIRED");
    let until = reauthenticate(&zhang, PASSWORD).await.text_at("/reauthenticate/validUntil");
    assert_eq!(until, (app.now() + TimeDelta::minutes(10)).format("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    change_email(&zhang).await.data();
}

#[tokio::test]
async fn it_holds_for_one_session_and_on_every_replica() {
    let app = TestApp::start().await;
    let phone = app.with_user("张三").await;
    let laptop = app.sign_in("张三").await;
    app.advance(TimeDelta::minutes(11)).await;
    assert_eq!(change_email(&laptop).await.code(), "REAUTHENTICATION_REQUIRED");
    reauthenticate(&laptop, PASSWORD).await.data();
    change_email(&laptop).await.data();
    assert_eq!(change_email(&phone).await.code(), "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn where_a_second_factor_is_required_nothing_else_is_allowed_without_one() {
    let app = TestApp::configured(&[("REQUIRE_SECOND_FACTOR", "admin")]).await;
    let (admin, zhang) = (app.admin().await, app.with_user("张三").await);
    assert_eq!(admin.query("{ users { totalCount } }").await.code(), "SECOND_FACTOR_ENROLLMENT_REQUIRED");
    assert_eq!(
        admin.query("mutation { endOtherSessions }").await.code(),
        "SECOND_FACTOR_ENROLLMENT_REQUIRED"
    );
    admin.query("{ viewer { id } }").await.data();
    admin.query("mutation { signOut }").await.data();
    zhang.query("mutation { endOtherSessions }").await.data();
}
