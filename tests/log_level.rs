//! The log level, changed while the server runs.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    TestApp,
    process::{Installation, Server, until},
};

const CHANGE: &str =
    "mutation($minutes: Int!) { changeLogLevel(input: { level: DEBUG, minutes: $minutes }) { level until } }";

/// What is logged of a request that is only worth a line when one looks closely.
async fn quiet_lines(server: &Server) -> usize {
    let client = server.client();
    client.send(client.request(Method::GET, "/health/live")).await;
    // The line of a louder request comes after it.
    let before = server.process.log().matches("/api/graphql").count();
    client.query("{ __typename }").await.data();
    until("the log is written", async || {
        (server.process.log().matches("/api/graphql").count() > before).then_some(())
    })
    .await;
    server.process.log().matches("/health/live").count()
}

#[tokio::test]
async fn it_changes_on_all_replicas_and_back() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let (here, there) = (installation.serve().await, installation.serve().await);
    let admin = here.admin().await;
    assert_eq!((quiet_lines(&here).await, quiet_lines(&there).await), (0, 0));

    admin.query_with(CHANGE, json!({ "minutes": 1 })).await.data();
    until("both log more", async || {
        (quiet_lines(&here).await > 0 && quiet_lines(&there).await > 0).then_some(())
    })
    .await;
    let setting = admin.query("{ logSetting { configured change { level } } }").await;
    assert_eq!(setting.at("/logSetting"), &json!({ "configured": "info", "change": { "level": "DEBUG" } }));

    admin.query("mutation { resetLogLevel }").await.data();
    until("both log as configured", async || {
        let before = (quiet_lines(&here).await, quiet_lines(&there).await);
        (before == (quiet_lines(&here).await, quiet_lines(&there).await)).then_some(())
    })
    .await;
    assert!(admin.query("{ logSetting { change { level } } }").await.at("/logSetting/change").is_null());
}

#[tokio::test]
async fn a_change_ends_by_itself_and_within_a_day() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for minutes in [0, 1441] {
        let refused = admin.query_with(CHANGE, json!({ "minutes": minutes })).await;
        assert_eq!(
            refused.error()["extensions"]["violations"][0]["rule"],
            "OUT_OF_RANGE",
            "{}",
            refused.text
        );
    }
    let changed = admin.query_with(CHANGE, json!({ "minutes": 5 })).await;
    assert_eq!(changed.at("/changeLogLevel/level"), "DEBUG");
    app.advance(chrono::TimeDelta::minutes(6)).await;
    assert!(admin.query("{ logSetting { change { level } } }").await.at("/logSetting/change").is_null());
}
