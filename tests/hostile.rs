//! Requests made to do harm, sent to a real server: what it answers, and what that costs it in processor time and
//! memory.
//!
//! The table of figures is printed; those of a release build are had by
//! `PLATFORM_BINARY=target/release/fastgpt-platform cargo nextest run --test main hostile --no-capture`.

mod corpus;

use std::{
    cell::Cell,
    fmt,
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Client, Response,
    process::{Installation, Process, Server},
    socket::Socket,
};
use corpus::{Expected, Hostile, corpus};

/// Of processor time, for each request on the average. A build for development takes several times what a release
/// build does, of which 10 ms are asked, and twice that again where other tests share the core. What is not bounded
/// takes seconds.
const MAX_CPU: Duration = Duration::from_millis(250);
/// What the server's memory may grow by, at the highest, while it answers one request.
const MAX_GROWTH: u64 = 10 * MEGABYTE;
/// Of an answer, in bytes.
const MAX_ANSWER: usize = 100_000;
/// How much more memory a server may hold after everything than before: the documents that it remembers have 32 MB.
const MAX_KEPT: u64 = 64 * MEGABYTE;
/// A request is repeated so often, or until it has taken [`ENOUGH`]: the kernel counts in steps of 10 ms.
const REPETITIONS: usize = 5;
const ENOUGH: Duration = Duration::from_millis(50);
const CONNECTIONS: usize = 4;
/// What fits into a message to a socket.
const MAX_MESSAGE: usize = 64 * 1024;
const MEGABYTE: u64 = 1024 * 1024;
/// How much more than at first a server may hold before another one takes its place: memory that it has and does not
/// use would hide what the next request takes.
const MAX_IDLE: u64 = 16 * MEGABYTE;

async fn serve() -> Server {
    let installation = Installation::new().await.with("GRAPHQL_COST_PER_MINUTE", "60000000");
    // glibc's own defaults, which it otherwise raises as it goes: what one request took and gave back would hide what
    // the next one takes.
    let installation = installation
        .with("MALLOC_ARENA_MAX", "1")
        .with("MALLOC_MMAP_THRESHOLD_", "131072")
        .with("MALLOC_TRIM_THRESHOLD_", "131072");
    installation.serve().await
}

/// What a request costs the server.
struct Figures {
    /// On the average.
    cpu: Duration,
    /// At the most.
    growth: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.growth as f64 / MEGABYTE as f64;
        write!(f, "{:>8.1} {megabytes:>8.1}", self.cpu.as_secs_f64() * 1000.0)
    }
}

async fn measure(process: &Process, mut send: impl AsyncFnMut(usize)) -> Figures {
    let (before, mut growth, mut number) = (process.cpu(), 0, 0);
    while number < REPETITIONS && process.cpu() - before < ENOUGH {
        process.forget_peak_memory();
        let held = process.memory();
        send(number).await;
        growth = growth.max(process.peak_memory().saturating_sub(held));
        number += 1;
    }
    Figures { cpu: (process.cpu() - before) / u32::try_from(number).unwrap(), growth }
}

async fn post(client: &Client, body: Vec<u8>) -> Response {
    let request = client
        .request(Method::POST, "/api/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json");
    client.send(request.body(body)).await
}

/// What is wrong with an answer over HTTP.
fn fault(expected: Expected, answer: &Response) -> Option<String> {
    let code = answer.json["errors"][0]["extensions"]["code"].as_str();
    let has_data = answer.json.get("data").is_some();
    let is_right = match expected {
        Expected::Executed => answer.status == StatusCode::OK && has_data,
        Expected::Refused(refused) => answer.status.is_client_error() && code == Some(refused) && !has_data,
        Expected::Malformed => answer.status == StatusCode::BAD_REQUEST && code == Some("BAD_REQUEST"),
    };
    length_fault(answer.text.len())
        .or_else(|| (!is_right).then(|| format!("{expected:?}, but {} {:.200}", answer.status, answer.text)))
}

fn length_fault(bytes: usize) -> Option<String> {
    (bytes > MAX_ANSWER).then(|| format!("an answer of {bytes} bytes"))
}

/// Sends a request over a socket, on which `id` is a new one: what is wrong with the answer. What is no request ends
/// the socket.
async fn ask(socket: &mut Socket, id: usize, request: &str, expected: Expected) -> Option<String> {
    socket.write(Message::text(format!(r#"{{"type":"subscribe","id":"{id}","payload":{request}}}"#))).await;
    if expected == Expected::Malformed {
        let code = socket.close_code().await;
        return (code != 4400).then(|| format!("closed with {code}"));
    }
    let answer = socket.next().await;
    let is_right = if let Expected::Refused(code) = expected {
        answer["type"] == "error" && answer["payload"][0]["extensions"]["code"] == code
    } else {
        let complete = json!({ "type": "complete", "id": id.to_string() });
        answer["type"] == "next" && answer["payload"].get("data").is_some() && socket.next().await == complete
    };
    let text = answer.to_string();
    length_fault(text.len()).or_else(|| (!is_right).then(|| format!("{expected:?}, but {text:.200}")))
}

/// The request as a message to a socket has it, if it fits there.
fn message(hostile: &Hostile, number: usize) -> Option<String> {
    String::from_utf8(hostile.body(number)).ok().filter(|body| body.len() + 100 < MAX_MESSAGE)
}

/// A server, and somebody who is signed in there.
struct Target {
    server: Server,
    client: Client,
    /// What it held at first.
    held: u64,
}

impl Target {
    async fn new() -> Self {
        let server = serve().await;
        let client = server.with_user("mallory").await;
        // What is made once is not made for the hostile.
        for number in 0..REPETITIONS {
            client.query(&format!("{{viewer{{sessions{{totalCount}}}}}}#{number}")).await.data();
        }
        let held = server.process.memory();
        Self { server, client, held }
    }

    fn held_more(&self) -> u64 {
        self.server.process.memory().saturating_sub(self.held)
    }

    /// Sends a request over and over, over HTTP and, where it fits, over a socket: a line of the table, and what is
    /// wrong.
    async fn suffer(&self, hostile: &Hostile) -> (String, Option<String>) {
        let (process, client) = (&self.server.process, &self.client);
        let mut wrong = None;
        let mut figures = vec![
            measure(process, async |number| {
                let fault = fault(hostile.expected, &post(client, hostile.body(number)).await);
                wrong = wrong.take().or(fault);
            })
            .await,
        ];
        if message(hostile, 0).is_some() {
            let mut socket = Socket::connect(client).await;
            let over_socket = measure(process, async |number| {
                // Another document than those over HTTP, which the server remembers.
                let request = message(hostile, REPETITIONS + number).unwrap();
                let fault = ask(&mut socket, number, &request, hostile.expected).await;
                wrong = wrong.take().or(fault);
                if hostile.expected == Expected::Malformed {
                    socket = Socket::connect(client).await;
                }
            });
            figures.push(over_socket.await);
        }
        let columns = figures.iter().map(|figures| format!("  {figures}")).collect::<String>();
        let costs_much = figures.iter().any(|figures| figures.cpu > MAX_CPU || figures.growth > MAX_GROWTH);
        let wrong = wrong.or_else(|| costs_much.then(|| format!("ms and MB: {columns}")));
        (format!("{:<65}{columns}", hostile.name), wrong)
    }
}

/// The corpus sent one by one, each repeated.
#[tokio::test]
async fn each_is_answered_at_little_cost() {
    let mut target = Target::new().await;
    let mut wrong = Vec::new();
    println!("{:<65}  {:>8} {:>8}  {:>8} {:>8}", "", "CPU ms", "MB", "socket", "MB");
    for hostile in corpus() {
        if target.held_more() > MAX_IDLE {
            target.server.stop().await;
            target = Target::new().await;
        }
        let (line, fault) = target.suffer(&hostile).await;
        println!("{line}{}", if fault.is_some() { "  !" } else { "" });
        wrong.extend(fault.map(|fault| format!("{}: {fault}", hostile.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    target.server.stop().await;
}

/// The whole corpus from several connections at once, each beginning at another place.
#[tokio::test]
async fn health_and_memory_bear_all_of_them_at_once() {
    let target = Target::new().await;
    let (server, client) = (&target.server, &target.client);
    let corpus = corpus();
    let from =
        |start: usize| corpus.iter().cycle().skip(start * corpus.len() / CONNECTIONS).take(corpus.len());
    let over_http = join_all((0..CONNECTIONS).map(async |number| {
        let client = client.fork();
        for hostile in from(number) {
            assert_eq!(
                fault(hostile.expected, &post(&client, hostile.body(number)).await),
                None,
                "{}",
                hostile.name
            );
        }
    }));
    let over_socket = async {
        for hostile in &corpus {
            let Some(request) = message(hostile, CONNECTIONS) else { continue };
            let mut socket = Socket::connect(client).await;
            assert_eq!(ask(&mut socket, 1, &request, hostile.expected).await, None, "{}", hostile.name);
        }
    };
    let (is_over, mut looks, mut slowest) = (Cell::new(false), 0, Duration::ZERO);
    let storm = async {
        join(over_http, over_socket).await;
        is_over.set(true);
    };
    let health = async {
        let probe = server.client();
        while !is_over.get() {
            let asked = Instant::now();
            assert_eq!(probe.send(probe.request(Method::GET, "/health/live")).await.status, StatusCode::OK);
            slowest = slowest.max(asked.elapsed());
            looks += 1;
        }
    };
    join(storm, health).await;
    println!("asked {looks} times, /health/live took {slowest:?} at the most");

    assert_eq!(client.query("{ viewer { name } }").await.at("/viewer/name"), "mallory");
    let kept = target.held_more();
    println!("{} MB more than before", kept / MEGABYTE);
    assert!(kept < MAX_KEPT, "{} MB", kept / MEGABYTE);
    target.server.stop().await;
}
