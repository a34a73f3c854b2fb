//! What sockets cost a real process, in pages that it holds.

use serde_json::json;

use super::WATCH;
use crate::support::{
    Client,
    process::{Installation, Server, until},
    socket::Socket,
};

/// Each socket may cost so much of a build that is not optimised.
const IDLE_SOCKET_BYTES: u64 = 60_000;
/// What one client can make the server hold by not reading: some fifty answers, and what they were made from.
const UNREAD_BYTES: u64 = 100_000_000;

/// What a query from [`large_query`] has for an answer, about, in bytes.
const LARGE: usize = 300_000;

/// A query whose answer is large, for whoever may introspect, however much there is in the schema.
pub(super) async fn large_query(client: &Client) -> String {
    let types = "{ types { name description fields { name description args { name description } } } }";
    let schemas = |copies| (0..copies).map(|copy| format!("s{copy}: __schema {types} ")).collect::<String>();
    let of_one = client.query(&format!("{{ {} }}", schemas(1))).await.data().to_string().len();
    format!("{{ {} }}", schemas(LARGE.div_ceil(of_one)))
}

/// Asks for fifty large answers and reads none. The server may have enough before the last is asked for.
pub(super) async fn ask_without_reading(socket: &mut Socket, query: &str) {
    for number in 0..50 {
        let payload = json!({ "query": query });
        let message = json!({ "type": "subscribe", "id": number.to_string(), "payload": payload });
        if socket.try_say(message).await.is_none() {
            break;
        }
    }
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
    let query = large_query(&admin).await;
    let length = admin.query(&query).await.data().to_string().len();
    assert!(length >= LARGE, "{length}");
    let mut socket = Socket::connect(&admin).await;
    let before = server.process.memory();
    server.process.forget_peak_memory();
    ask_without_reading(&mut socket, &query).await;
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
