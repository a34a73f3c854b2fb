//! What sockets cost a real process, in pages that it holds.

use serde_json::json;

use super::WATCH;
use crate::support::{
    process::{Installation, Server, until},
    socket::Socket,
};

/// Each socket may cost so much of a build that is not optimised.
const IDLE_SOCKET_BYTES: u64 = 60_000;
/// What one client can make the server hold by not reading: some fifty answers, and what they were made from.
const UNREAD_BYTES: u64 = 100_000_000;

/// A query whose answer is three hundred kilobytes, for whoever may introspect.
pub(super) fn large_query() -> String {
    let types = "{ types { name description fields { name description args { name description } } } }";
    let schemas: String = (0..18).map(|number| format!("s{number}: __schema {types} ")).collect();
    format!("{{ {schemas} }}")
}

/// Sockets of a few people, each with a subscription that stands.
async fn watching(server: &Server, people: &[&str], each: usize) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for name in people {
        let client = server.sign_in(name).await;
        for _ in 0..each {
            let mut socket = Socket::connect(&client).await;
            socket.subscribe("1", WATCH).await;
            // Answered behind it.
            socket.run("2", "{ introspectionAllowed }").await;
            sockets.push(socket);
        }
    }
    sockets
}

#[tokio::test]
async fn an_idle_socket_costs_little() {
    let server = Installation::new().await.with("MAX_SOCKETS_PER_CLIENT", "1000").serve().await;
    let people = ["zhang", "li", "wang", "zhao", "chen"];
    for name in people {
        server.with_user(name).await;
    }
    // What is allocated once is not the sockets' cost.
    let _first = watching(&server, &people, 10).await;
    let before = server.process.memory();
    let sockets = watching(&server, &people, 100).await;
    let after = server.process.memory();
    let each = after.saturating_sub(before) / sockets.len() as u64;
    println!("{} sockets cost {each} bytes each: {before} bytes before, {after} after", sockets.len());
    assert!(each < IDLE_SOCKET_BYTES, "{each} bytes for a socket");
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_a_bounded_amount_and_is_let_go() {
    let server = Installation::new().await.serve().await;
    let admin = server.admin().await;
    let answer = admin.query(&large_query()).await;
    let length = answer.data().to_string().len();
    assert!(length > 250_000, "{length}");
    let mut socket = Socket::connect(&admin).await;
    let before = server.process.memory();
    server.process.forget_peak_memory();
    for number in 0..50 {
        socket.subscribe(&number.to_string(), &large_query()).await;
    }
    until("the server hangs up", async || match socket.try_say(json!({ "type": "pong" })).await {
        Some(()) => None,
        None => Some(()),
    })
    .await;
    let most = server.process.peak_memory();
    println!("50 unread answers of {length} bytes: {before} bytes before, {most} at most");
    assert!(most - before < UNREAD_BYTES, "{before} bytes before, {most} at most");
    admin.query("{ viewer { id } }").await.data();
}
