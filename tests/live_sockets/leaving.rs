//! A mutation that has begun is done, whoever goes away meanwhile.

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

use super::ME;
use crate::support::{
    PASSWORD, TestApp,
    process::{Installation, until},
    socket::Socket,
};

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_its_mutation() {
    let app = TestApp::start().await;
    let zhang = app.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    // The mutation has to wait: on SQLite for the connection, on PostgreSQL for the row.
    let other = app.gateway.db.begin().await.unwrap();
    other.execute_unprepared("UPDATE users SET updated_at = updated_at").await.unwrap();
    socket.subscribe("1", r#"mutation { updateProfile(input: { name: "张三丰" }) { name } }"#).await;
    // What comes behind it on its way is answered, so it has got that far.
    assert_eq!(
        socket.run("2", "{ introspectionAllowed }").await,
        json!({ "data": { "introspectionAllowed": true } })
    );
    assert_eq!(app.gateway.sockets.seats.operations(), 1);
    drop(socket);
    until("the socket is gone", async || (app.gateway.sockets.seats.sockets() == 0).then_some(())).await;
    other.commit().await.unwrap();
    until("the mutation is done", async || {
        (zhang.query("{ viewer { name } }").await.at("/viewer/name") == "张三丰").then_some(())
    })
    .await;
}

#[tokio::test]
async fn sigterm_lets_a_mutation_over_a_socket_finish() {
    let installation = Installation::new()
        .await
        .with("ARGON2_MEMORY_KIB", "65536")
        .with("ARGON2_ITERATIONS", "20")
        .with("SHUTDOWN_TIMEOUT", "25s");
    let mut server = installation.serve().await;
    let mut socket = Socket::connect_anonymously(&server.client()).await;
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "email": "zhang@example.com", "password": PASSWORD, "name": "张三",
        "refreshTokenDelivery": "BODY" });
    let params = json!({ "query": sign_up, "variables": { "input": input } });
    socket.subscribe_with("1", params).await;
    // What comes behind it on its way is answered: its password is being hashed.
    socket.run("2", "{ introspectionAllowed }").await;
    server.process.signal("TERM");
    let closing = socket.next_or_close().await;
    assert_eq!(closing, Err((1001, "Server is going away".into())), "before the mutation is answered");
    let status = server.process.exit().await;
    let log = server.process.log();
    assert!(status.success() && !log.contains("broken off"), "{status}: {log}");

    let server = installation.with("ARGON2_ITERATIONS", "1").serve().await;
    let zhang = server.sign_in("zhang").await;
    assert_eq!(zhang.query(ME).await.at("/viewer/email"), "zhang@example.com");
}
