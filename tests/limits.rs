//! What a document may ask for: each limit at its bound and one past it, and documents made to do harm.

use std::{fmt::Write, fs, path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ADMIN_EMAIL, Client, TestApp,
    process::{Installation, within},
    socket::Socket,
};

const AT_ONCE: Duration = Duration::from_secs(1);

/// The message with which a limit refuses.
async fn refusal(client: &Client, document: &str) -> String {
    let answer = client.query(document).await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED", "{}", answer.text);
    assert_eq!(answer.json["data"], Value::Null);
    answer.message().to_owned()
}

/// Whether the document gets past the limits, whatever becomes of it then.
async fn passes(client: &Client, document: &str) -> bool {
    let answer = client.query(document).await;
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    !errors.iter().any(|error| error["message"].as_str().unwrap().starts_with("The document "))
}

/// `make(allowed)` passes, and `make(allowed + 1)` is refused with this sentence.
async fn assert_bound(client: &Client, allowed: usize, sentence: &str, make: impl Fn(usize) -> String) {
    let document = make(allowed);
    assert!(passes(client, &document).await, "{allowed} are refused: {document:.300}");
    assert_eq!(refusal(client, &make(allowed + 1)).await, sentence);
}

#[tokio::test]
async fn a_document_has_so_many_bytes_tokens_and_brackets() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_bound(&zhang, 16_384, "The document has 16385 bytes; 16384 are allowed.", |bytes| {
        format!("{:#<bytes$}", "{ errorCodes }")
    })
    .await;
    assert_bound(&zhang, 2_000, "The document has 2001 tokens; 2000 are allowed.", |tokens| {
        format!("{{viewer{{{}}}}}", "id ".repeat(tokens - 5))
    })
    .await;
    for (open, middle, close) in [("[", "", "]"), ("{a:", "1", "}")] {
        assert_bound(&zhang, 64, "The document nests brackets 65 deep; 64 are allowed.", |levels| {
            let (open, close) = (open.repeat(levels - 2), close.repeat(levels - 2));
            format!("{{user(id:{open}{middle}{close}){{id}}}}")
        })
        .await;
    }
    let hidden = "[{(".repeat(100);
    let document = format!("{{ node(id: \"{hidden}\\\"{hidden}\") {{ id }} # {hidden}\n errorCodes }}");
    assert!(passes(&zhang, &document).await, "brackets in strings and comments do not nest");
    let document = format!("{{ node(id: \"\"\"{hidden}\"{hidden}\\\"\"\"{hidden}\"\"\") {{ id }} }}");
    assert!(passes(&zhang, &document).await, "nor in block strings");
}

#[tokio::test]
async fn an_operation_has_so_much_of_everything() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_bound(&zhang, 15, "The document nests fields 16 deep; 15 are allowed.", |depth| {
        let (open, close) = ("ofType{".repeat(depth - 3), "}".repeat(depth - 3));
        format!("{{__schema{{types{{...f}}}}}} fragment f on __Type{{{open}name{close}}}")
    })
    .await;
    let sentence =
        "The document selects 2001 fields and fragments, counted wherever they are spread; 2000 are allowed.";
    assert_bound(&zhang, 2_000, sentence, |count| {
        let (spreads, fields, rest) =
            ("...f ".repeat(19), "id ".repeat(99), "id ".repeat(count - 1 - 19 * 100));
        format!("{{viewer{{{spreads}{rest}}}}} fragment f on User{{{fields}}}")
    })
    .await;
    let arguments = |count| (0..count).map(|number| format!("a{number}:1 ")).collect::<String>();
    assert_bound(&zhang, 20, "The document gives a field 21 arguments; 20 are allowed.", |count| {
        format!("{{node({}){{id}}}}", arguments(count))
    })
    .await;
    let aliases = |count| (0..count).map(|number| format!("a{number}:id ")).collect::<String>();
    assert_bound(&zhang, 30, "The document uses 31 aliases; 30 are allowed.", |count| {
        format!("{{viewer{{{}}}}}", aliases(count))
    })
    .await;
    assert_bound(&zhang, 15, "The document uses 32 aliases; 30 are allowed.", |count| {
        format!("{{viewer{{...f}} again:viewer{{...f}}}} fragment f on User{{{}}}", aliases(count))
            .replace("again:", "")
    })
    .await;
    assert_bound(&zhang, 50, "The document uses 51 directives; 50 are allowed.", |count| {
        format!("{{viewer{{{}}}}}", "id @include(if:true) ".repeat(count))
    })
    .await;
    assert_bound(
        &zhang,
        20,
        "The document selects 21 root fields in one operation; 20 are allowed.",
        |count| {
            format!("{{...f {}}} fragment f on Query{{...{{errorCodes}}}}", "errorCodes ".repeat(count - 1))
        },
    )
    .await;
}

#[tokio::test]
async fn one_secret_a_request() {
    let app = TestApp::start().await;
    let sentence = "The document signs in, or the like, 2 times in one operation; 1 is allowed.";
    let try_ = "refreshSession(input:{refreshToken:\"编造的\"}){accessToken}";
    assert_bound(&app.client(), 1, sentence, |count| {
        format!("mutation{{{}}}", (0..count).map(|number| format!("a{number}:{try_} ")).collect::<String>())
    })
    .await;
    let sign_in = format!(r#"signIn(input:{{email:"{ADMIN_EMAIL}",password:"猜"}}){{__typename}}"#);
    let document = format!("mutation{{{sign_in} ...f}} fragment f on Mutation{{{try_}}}");
    assert_eq!(refusal(&app.client(), &document).await, sentence);
}

#[tokio::test]
async fn the_pages_around_a_field_multiply_its_cost() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let sentence = "The document costs 10001 points; 10000 are allowed.";
    let inside = |fields| format!("{{nodes{{{}}}}}", "id ".repeat(fields));
    // `viewer`, `sessions`, and a hundred times `nodes` with 98 fields make 9,902.
    assert_bound(&zhang, 10_000, sentence, |cost| {
        format!("{{viewer{{sessions(first:100){}{}}}}}", inside(98), "id ".repeat(cost - 9_902))
    })
    .await;
    // Whatever of the connection is asked for.
    for field in ["totalCount ", "pageInfo ", "edges "] {
        let inside =
            field.repeat(99).replace("pageInfo", "pageInfo{hasNextPage}").replace("edges", "edges{cursor}");
        let rows = if field == "totalCount " { 100 } else { 50 };
        assert_bound(&zhang, 10_000, sentence, |cost| {
            format!("{{viewer{{sessions(first:{rows}){{{inside}}}{}}}}}", "id ".repeat(cost - 9_902))
        })
        .await;
    }
    // One row more is a hundred points more.
    let sentence = "The document costs 10002 points; 10000 are allowed.";
    for arguments in ["(first:100)", "(last:100)", "(first:4000000000)", "(first:$given)", "(first:$default)"]
    {
        for inside in [inside(99), "{...f}fragment f on SessionConnection".to_owned() + &inside(99)] {
            let (selection, fragment) = inside.split_once("fragment").unwrap_or((&inside, ""));
            let fragment = if fragment.is_empty() { String::new() } else { format!("fragment{fragment}") };
            let query = "query($given:Int,$default:Int=100)";
            let document = format!("{query}{{viewer{{sessions{arguments}{selection}}}}}{fragment}");
            let answer = zhang.query_with(&document, json!({ "given": 100 })).await;
            assert_eq!(answer.message(), sentence, "{arguments}");
        }
    }
    let nested = |levels| {
        let (open, close) = ("sessions(first:60){nodes{user{".repeat(levels), "}}}".repeat(levels));
        format!("{{viewer{{{open}id{close}}}}}")
    };
    assert!(passes(&zhang, &nested(1)).await);
    assert!(refusal(&zhang, &nested(4)).await.starts_with("The document costs "));
    let unlimited = "{viewer{sessions{nodes{user{sessions{nodes{user{sessions{nodes{id}}}}}}}}}}";
    assert!(
        refusal(&zhang, unlimited).await.starts_with("The document costs "),
        "a page has 20 rows by itself"
    );
}

#[tokio::test]
async fn introspection_and_the_consoles_operations_pass() {
    let app = TestApp::start().await;
    let introspection = include_str!("fixtures/introspection.graphql");
    let answer = app.client().query(introspection).await;
    assert!(answer.list_at("/__schema/types").len() > 20);
    assert!(answer.list_at("/__schema/types").iter().all(|kind| kind.get("isOneOf").is_some()));
    let lists = |levels| {
        let (open, close) = ("fields{type{".repeat(levels), "}}".repeat(levels));
        format!("{{__schema{{types{{{open}name{close}}}}}}}")
    };
    let sentence = "The document nests lists of introspection 3 deep; 2 are allowed.";
    assert_bound(&app.client(), 2, sentence, lists).await;

    let sentence = "The document costs 10420 points; 10000 are allowed.";
    assert_bound(&app.client(), 19, sentence, |count| {
        let schema = format!("__schema{{types{{{}}}}}", "name ".repeat(25));
        format!("{{{}}}", (0..count).map(|number| format!("a{number}:{schema} ")).collect::<String>())
    })
    .await;

    let (operations, fragments) = console_documents();
    assert!(operations.len() >= 10 && fragments.len() >= 3, "{operations:?}");
    for operation in operations {
        let document = with_fragments(operation, &fragments);
        // Without variables nothing is done.
        assert!(passes(&app.client(), &document).await, "{document}");
    }
}

/// Every document of the console: operations, and fragments by their name.
fn console_documents() -> (Vec<String>, Vec<(String, String)>) {
    let (mut operations, mut fragments) = (Vec::new(), Vec::new());
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let Ok(text) = fs::read_to_string(&entry) else { continue };
            for template in
                text.split("graphql(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('`'))
            {
                let document = template.split('`').next().unwrap().trim().to_owned();
                match document.strip_prefix("fragment ") {
                    Some(rest) => fragments.push((rest.split(' ').next().unwrap().to_owned(), document)),
                    None => operations.push(document),
                }
            }
        }
    }
    (operations, fragments)
}

fn with_fragments(mut document: String, fragments: &[(String, String)]) -> String {
    let mut missing: Vec<_> = fragments.iter().collect();
    while let Some(at) = missing.iter().position(|(name, _)| document.contains(&format!("...{name}\n"))) {
        write!(document, "\n{}", missing.remove(at).1).unwrap();
    }
    document
}

#[tokio::test]
async fn selections_nest_so_deep_and_no_deeper_wherever_they_are_written() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let sentence = "The document nests selections too deep; 32 levels are allowed.";
    let nested = |levels: usize| format!("{}id{}", "...{".repeat(levels), "}".repeat(levels));
    assert_bound(&zhang, 29, sentence, |levels| format!("{{viewer{{{}}}}}", nested(levels))).await;
    assert_bound(&zhang, 29, sentence, |levels| {
        format!("{{viewer{{...f}}}} fragment f on User{{{}}}", nested(levels - 1))
    })
    .await;
    // A fragment that is known by then.
    assert_bound(&zhang, 29, sentence, |levels| {
        format!("{{viewer{{...f ...{{...f}}}}}} fragment f on User{{{}}}", nested(levels - 2))
    })
    .await;
}

/// As long a chain of fragments as the most generous limits let a document have, each with 20 sets one in the other.
fn chain(first: &str) -> String {
    let mut document = format!("{{viewer{{{first}}}}}");
    let (open, close) = ("...{".repeat(20), "}".repeat(20));
    for number in 0..55 {
        write!(document, "fragment f{number} on User{{{open}...f{}{close}}}", number + 1).unwrap();
    }
    document + "fragment f55 on User{id}"
}

#[tokio::test]
async fn a_chain_of_fragments_is_refused_by_a_process_that_goes_on() {
    let server = Installation::new()
        .await
        .with("GRAPHQL_MAX_TOKENS", "4000")
        .with("GRAPHQL_MAX_DOCUMENT_BYTES", "65536")
        .serve()
        .await;
    let zhang = server.with_user("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    let backwards: String = (0..56).rev().map(|number| format!("...f{number} ")).collect();
    for document in [chain("...f0"), chain(&backwards), chain("id")] {
        let sentence = if document.starts_with("{viewer{id}}") {
            "The document has a fragment that no operation uses."
        } else {
            "The document nests selections too deep; 32 levels are allowed."
        };
        assert_eq!(refusal(&zhang, &document).await, sentence);
        socket.subscribe("1", &document).await;
        let error = socket.next().await;
        assert_eq!(error["payload"][0]["message"], sentence, "{error}");
    }
    socket.run("1", "{ introspectionAllowed }").await;
    zhang.query("{ viewer { id } }").await.data();
    server.stop().await;
}

#[tokio::test]
async fn fields_that_conflict_are_refused_wherever_they_meet() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for document in [
        "{viewer{a:name a:email}}",
        "{viewer{a:name ...{a:email}}}",
        "{viewer{a:name ...on User{a:email}}}",
        "{viewer{a:name ...f}} fragment f on User{a:email}",
        "{viewer{...f a:name}} fragment f on User{a:email}",
        "{viewer{...f ...g}} fragment f on User{a:name} fragment g on User{...{a:email}}",
        "{viewer{a:name} viewer{a:email}}",
        "{viewer{a:name} ...f} fragment f on Query{viewer{a:email}}",
        "{viewer{sessions(first:1){totalCount}} viewer{sessions(first:2){totalCount}}}",
        "{viewer{sessions{nodes{a:id}}} viewer{sessions{...f}}} fragment f on SessionConnection{nodes{a:ip}}",
        "query($a:ID!,$b:ID!){node(id:$a){id} node(id:$b){id}}",
        r#"{node(id:"甲"){...on User{a:name} ...on User{a:email}}}"#,
        r#"{node(id:"甲"){a:id ...on User{a:email}}}"#,
        "{errorCodes} query b{viewer{a:name ...f}} fragment f on User{a:email}",
    ] {
        let document = document.replace("{errorCodes} query b", "query a{errorCodes} query b");
        let message = refusal(&zhang, &document).await;
        assert!(message.contains("has the name of another one"), "{document}: {message}");
    }
}

#[tokio::test]
async fn what_is_the_same_or_never_meets_does_not_conflict() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let two_types = "query($id:ID!){node(id:$id){...on User{x:email} ...on Session{x:ip}}}";
    for (id, x) in [(zhang.user_id().await, Some("张三@example.com")), (zhang.session_id().await, None)] {
        let answer = zhang.query_with(two_types, json!({ "id": id })).await;
        let found = answer.text_at("/node/x");
        assert!(x.is_none_or(|x| x == found) && !found.is_empty(), "{}", answer.text);
    }
    for document in [
        "{viewer{a:name} b:viewer{a:email}}",
        "{viewer{a:name ...f ...f} viewer{a:name}} fragment f on User{a:name ...on User{a:name}}",
        "query($n:Int=1){viewer{sessions(first:$n){totalCount} sessions(first:$n){nodes{id}}}}",
        "{viewer{sessions(first:1,state:ACTIVE){totalCount} sessions(state:ACTIVE,first:1){totalCount}}}",
    ] {
        zhang.query(document).await.data();
    }
}

#[tokio::test]
async fn what_validation_would_choke_on_is_refused_before() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let unused = "The document has a fragment that no operation uses.";
    for document in [
        "{viewer{id}} fragment f on User{id}",
        "{viewer{...f}} fragment f on User{id} fragment g on User{...f}",
        "{viewer{id}} fragment f on User{...g} fragment g on User{...f}",
    ] {
        assert_eq!(refusal(&zhang, document).await, unused, "{document}");
    }
    let sentence = "The document has a name or number of 257 bytes; 256 are allowed.";
    for place in ["{viewer{x}}", "{viewer{x:id}}", "{x:viewer{id}}", "query x{viewer{id}}", "{viewer{...x}}"]
    {
        assert_bound(&zhang, 256, sentence, |bytes| place.replace('x', &"x".repeat(bytes))).await;
    }
    assert_bound(&zhang, 256, sentence, |bytes| format!("{{node(id:{}){{id}}}}", "1".repeat(bytes))).await;

    let mut socket = Socket::connect(&zhang).await;
    for kind in ["[Nothing!]=[1]", "[[Nothing]]=[[1]]", "[Nothing]", "Nothing=1", "[User!]=[1]", "[Node]=1"] {
        let document = format!("query($a:{kind}){{viewer{{id}}}}");
        let sentence = "A variable of the document has a type that is no input type.";
        let message = refusal(&zhang, &document).await;
        assert!(
            message == sentence || message.contains("Nothing") || message.contains("not allowed"),
            "{kind}: {message}"
        );
        socket.subscribe("1", &document).await;
        let error = socket.next().await;
        assert_eq!(error["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{kind}: {error}");
    }
    assert!(passes(&zhang, "query($a:[String]=[null]){viewer{id}}").await);
}

#[tokio::test]
async fn a_long_variable_is_used_a_few_times_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let long = "长".repeat(333_333);
    let inline = |count: usize| {
        let uses = (0..count).map(|number| format!("a{number}:node(id:$a){{id}} ")).collect::<String>();
        format!("query($a:ID!){{{uses}}}")
    };
    let in_a_fragment = |count: usize| {
        let uses = (0..count).map(|number| format!("a{number}:node(id:$a){{id}} ")).collect::<String>();
        format!("query($a:ID!){{...f}} fragment f on Query{{{uses}}}")
    };
    let sentence = "The variables are too long for how often the document uses them.";
    for make in [&inline as &dyn Fn(usize) -> String, &in_a_fragment] {
        for count in [1, 4] {
            let answer = zhang.query_with(&make(count), json!({ "a": long })).await;
            assert_eq!(answer.json["data"].as_object().unwrap().len(), count, "{:.300}", answer.text);
        }
        for count in [5, 20] {
            let answer = zhang.query_with(&make(count), json!({ "a": long })).await;
            assert_eq!((answer.code(), answer.message()), ("GRAPHQL_VALIDATION_FAILED", sentence));
        }
        let short = zhang.query_with(&make(20), json!({ "a": "短" })).await;
        assert_eq!(short.json["data"].as_object().unwrap().len(), 20, "{:.300}", short.text);
    }
}

#[tokio::test]
async fn what_does_not_parse_is_told_by_its_place_alone() {
    let app = TestApp::start().await;
    for (document, message, locations) in [
        (
            "{ a ? 机密 }",
            "The document is not GraphQL: syntax error at line 1, column 5.",
            json!([{ "line": 1, "column": 5 }]),
        ),
        (
            "",
            "The document is not GraphQL: syntax error at line 1, column 1.",
            json!([{ "line": 1, "column": 1 }]),
        ),
        (
            "query 机() { a }\n",
            "The document is not GraphQL: syntax error at line 1, column 7.",
            json!([{ "line": 1, "column": 7 }]),
        ),
        (
            "query a { b }\nquery a { b }",
            "The document is not GraphQL: two operations have the same name at line 2, column 1.",
            json!([{ "line": 2, "column": 1 }]),
        ),
        ("fragment f on Query { a }", "The document is not GraphQL: it has no operation.", Value::Null),
    ] {
        let answer = app.client().query(document).await;
        assert_eq!((answer.code(), answer.message()), ("GRAPHQL_PARSE_FAILED", message));
        assert_eq!(answer.error()["locations"], locations, "{}", answer.text);
    }
}

#[tokio::test]
async fn no_message_repeats_much_of_a_document() {
    let app = TestApp::start().await;
    let long = "x".repeat(10_000);
    for document in
        [format!("{{ {long} }}"), format!("{{ node(id: {long}) {{ id }} }}"), format!("{{ a({long}: }}")]
    {
        let answer = app.client().query(&document).await;
        for error in answer.json["errors"].as_array().unwrap() {
            assert!(error["message"].as_str().unwrap().chars().count() <= 201, "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_limits_hold_over_a_socket() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app.with_user("张三").await).await;
    let subscription = format!("subscription {{ sessionEvents {{ {} }} }}", "kind ".repeat(2_000));
    for document in [format!("{{ {} }}", "errorCodes ".repeat(21)), subscription, doubling("a")] {
        socket.subscribe("1", &document).await;
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("1")), "{error}");
        assert_eq!(error["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{error}");
        assert!(error["payload"][0]["message"].as_str().unwrap().starts_with("The document "), "{error}");
    }
    assert!(socket.run("1", "{ errorCodes }").await["data"]["errorCodes"].is_array());
}

/// 28 fragments, each spreading the next one twice.
fn doubling(last: &str) -> String {
    let mut document = String::from("{ ...f0 }");
    for number in 0..28 {
        write!(document, "fragment f{number} on Query {{ ...f{0} ...f{0} }}", number + 1).unwrap();
    }
    // Without a field at the end there is nothing but spreads.
    document + &last.replace('a', "fragment f28 on Query { a }")
}

fn corpus() -> Vec<String> {
    let mut documents = vec![doubling("a"), doubling("")];
    let shapes = [
        ("{user(id:", "[", "", "]", "){id}}"),
        ("{user(id:", "{a:", "1", "}", "){id}}"),
        ("", "{a:", "{a}", "}", ""),
        ("{viewer", "{...", "{id}", "}", "}"),
        ("query($a:", "[", "Int", "]", "){viewer{id}}"),
        ("query($a:ID=", "[", "", "]", "){user(id:$a){id}}"),
        ("query($a:ID=", "{a:", "1", "}", "){user(id:$a){id}}"),
        ("{viewer{id@a(b:", "[", "", "]", ")}}"),
        // The parser takes `\"\"\"` without an end for an empty string and a quote.
        (r#"{user(id:[""" ""#, "[", "", "]", "]){id}}"),
    ];
    for (before, open, middle, close, after) in shapes {
        for levels in [100, 1_900] {
            let (open, close) = (open.repeat(levels), close.repeat(levels));
            documents.push(format!("{before}{open}{middle}{close}{after}"));
            documents.push(format!("{before}{open}"));
        }
        documents.push(format!("{before}{}", open.repeat(if open.len() > 1 { 200_000 } else { 400_000 })));
    }
    let fan = "...wide ".repeat(500);
    documents.push(format!("{{viewer{{{fan}}}}} fragment wide on User{{{}}}", "id ".repeat(500)));
    let lone = "...none ".repeat(200);
    documents.push(format!(
        "{{viewer{{...a ...a}}}} fragment a on User{{{}}} fragment b on User{{{lone}}}",
        "...b ".repeat(200)
    ));
    documents.push("{...a} fragment a on Query{...a}".into());
    documents.push("{...a} fragment a on Query{...b} fragment b on Query{x{...a}}".into());
    documents.push(format!("{{viewer{{{}}}}}", "a:id ".repeat(40_000)));
    documents.push(format!("{{viewer{{{}}}}}", "a:id ".repeat(600)));
    documents.push(format!("{{viewer{{id {}}}}}", "@a ".repeat(10_000)));
    documents.push(format!("{{viewer{{id {}}}}}", "@a ".repeat(900)));
    let (open, close) = ("fields{type{".repeat(6), "}}".repeat(6));
    documents.push(format!("{{__type(name:\"User\"){{{open}name{close}}}}}"));
    documents.push(
        "{__schema{types{...t}}} fragment t on __Type{fields{type{interfaces{possibleTypes{name}}}}}".into(),
    );
    documents
}

#[tokio::test]
async fn hostile_documents_cost_one_answer_each() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    for document in corpus() {
        let message = within(AT_ONCE, &document[..document.len().min(60)], refusal(&zhang, &document)).await;
        let is_ours = message.starts_with("The document ") || message.contains("contains itself");
        assert!(is_ours, "{message}: {document:.200}");
    }
    let alive = zhang.send(zhang.request(Method::GET, "/health/live")).await;
    assert_eq!(alive.status, 200);
}

/// What keeps within the limits and is made to give validation as much to do as can be.
#[tokio::test]
async fn the_worst_that_is_allowed_is_bearable() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let arguments = (0..20).map(|number| format!("a{number}:1 ")).collect::<String>();
    let differing = format!("{{viewer{{x({arguments}) {}}}}}", "x ".repeat(1_900));
    let mut chain = String::from("{viewer{...f0}}");
    for number in 0..28 {
        write!(chain, "fragment f{number} on User{{...f{} {}}}", number + 1, "x ".repeat(50)).unwrap();
    }
    let mut operations = format!("fragment f on User{{{}}}", "x(y:$v)".repeat(200));
    for number in 0..9 {
        write!(operations, "query q{number}{{viewer{{...f}}}}").unwrap();
    }
    let mut unknown = String::from("fragment f on User{x(y:[");
    for number in 0..800 {
        write!(unknown, "$v{number} ").unwrap();
    }
    unknown += "])}";
    for number in 0..20 {
        write!(unknown, "query q{number}{{viewer{{...f}}}}").unwrap();
    }
    let inline = format!("{{viewer{{{}{}{}}}}}", "...{".repeat(29), "x ".repeat(1_800), "}".repeat(29));
    let around = format!(
        "{{viewer{{{0}x({arguments}) {1}{2}}}}}",
        "...{".repeat(29),
        "x ".repeat(1_780),
        "}".repeat(29)
    );
    // The longest way down: 588 sets of selections, one in the other.
    let mut deep = String::from("{viewer{...f0}}");
    for number in 0..28 {
        let (open, close) = ("...{".repeat(20), "}".repeat(20));
        write!(deep, "fragment f{number} on User{{{open}...f{}{close}}}", number + 1).unwrap();
    }
    for document in [deep, differing, around, chain, operations, unknown, inline] {
        let answer = within(AT_ONCE, &document[..60], zhang.query(&document)).await;
        assert!(answer.text.len() < 100_000, "{} bytes", answer.text.len());
    }
}
