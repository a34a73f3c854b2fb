//! Passkeys: adding and removing them, and showing one as the second step of a sign-in.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, authenticator::Authenticator, email_of};

async fn passkeys(client: &Client) -> Vec<Value> {
    let answer =
        client.query("{ viewer { secondFactors { passkeys { id name createdAt lastUsedAt } } } }").await;
    answer.list_at("/viewer/secondFactors/passkeys").to_vec()
}

async fn remove(client: &Client, id: &str) -> Response {
    let document = "mutation($id: ID!) { removePasskey(input: { passkeyId: $id }) { secondFactors { passkeys { id } } } }";
    client.query_with(document, json!({ "id": id })).await
}

async fn first_step(app: &TestApp) -> (Client, String) {
    let client = app.client();
    let challenge = client.first_step(&email_of("张三"), PASSWORD).await;
    (client, challenge)
}

/// Asks for a passkey as the second step.
async fn asked(client: &Client, challenge: &str) -> (String, Value) {
    let arguments = format!(r#"(input: {{ challenge: "{challenge}" }})"#);
    client.passkey_options("startPasskeySecondFactor", &arguments).await
}

fn shown(challenge: &str, credential: Value) -> Value {
    json!({ "passkey": { "challenge": challenge, "credential": credential } })
}

/// The whole second step.
async fn second_step(client: &Client, challenge: &str, authenticator: &mut Authenticator) -> Response {
    let (own, options) = asked(client, challenge).await;
    client.second_step(challenge, shown(&own, authenticator.get(&options))).await
}

#[tokio::test]
async fn one_is_added_and_completes_a_sign_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (challenge, options) = zhang.passkey_options("startPasskeyRegistration", "").await;
    assert_eq!(options["rp"], json!({ "id": "localhost", "name": "FastGPT Platform" }));
    assert_eq!(
        (&options["user"]["name"], &options["user"]["displayName"]),
        (&json!("张三@example.com"), &json!("张三"))
    );
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["excludeCredentials"], json!([]));
    let mut phone = app.authenticator();
    let credential = phone.create(&options);
    let answer = zhang.register(&challenge, credential, " 我的手机 ").await;
    assert_eq!(answer.list_at("/finishPasskeyRegistration/recoveryCodes").len(), 10);
    let added = &answer.list_at("/finishPasskeyRegistration/user/secondFactors/passkeys")[0];
    assert_eq!((&added["name"], &added["lastUsedAt"]), (&json!("我的手机"), &Value::Null));
    let user = phone.user_handle.clone().unwrap();
    assert!(zhang.user_id().await.ends_with(&uuid::Uuid::from_slice(&user).unwrap().to_string()));

    let client = app.client();
    let first = client.try_first_step(&email_of("张三"), PASSWORD).await;
    assert_eq!(first.at("/signIn/methods"), &json!(["PASSKEY", "RECOVERY_CODE"]));
    let challenge = first.text_at("/signIn/challenge");
    let (own, options) = asked(&client, &challenge).await;
    assert_ne!(own, challenge);
    let allowed = &options["allowCredentials"][0];
    assert_eq!(
        (&allowed["type"], &allowed["transports"]),
        (&json!("public-key"), &json!(["internal", "hybrid"]))
    );
    let answer = client.second_step(&challenge, shown(&own, phone.get(&options))).await;
    assert_eq!(answer.at("/completeSignIn/viewer/name"), "张三");
    assert!(passkeys(&client).await[0]["lastUsedAt"].is_string());
    let events = client.query("{ viewer { activity(first: 20) { nodes { kind details } } } }").await;
    let events = events.list_at("/viewer/activity/nodes");
    assert_eq!(events[0]["details"]["secondFactor"], "PASSKEY");
    let added = events.iter().find(|event| event["kind"] == "PASSKEY_ADDED").unwrap();
    assert_eq!(added["details"], json!({ "name": "我的手机" }));
    assert_eq!(app.mails_to(&email_of("张三")).await.len(), 1);
}

#[tokio::test]
async fn what_another_replica_began_is_finished_here() {
    let app = TestApp::start().await;
    let replica = app.replica(&[]).await;
    let (here, there) = (app.with_user("张三").await, replica.sign_in("张三").await);
    let (challenge, options) = there.passkey_options("startPasskeyRegistration", "").await;
    let mut phone = app.authenticator();
    here.register(&challenge, phone.create(&options), "手机").await.data();
    let (client, challenge) = first_step(&app).await;
    let (own, options) = asked(&replica.client(), &challenge).await;
    client.second_step(&challenge, shown(&own, phone.get(&options))).await.data();
}

#[tokio::test]
async fn a_challenge_is_good_once_for_whom_and_what_it_was_asked_for() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let (challenge, options) = zhang.passkey_options("startPasskeyRegistration", "").await;
    let mut phone = app.authenticator();
    let credential = phone.create(&options);
    let foreign = li.register(&challenge, credential.clone(), "手机").await;
    assert_eq!(foreign.code(), "INVALID_TOKEN");
    let answers = join_all((0..4).map(|_| zhang.register(&challenge, credential.clone(), "手机"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    assert!(
        answers.iter().all(|answer| answer.json.get("errors").is_none() || answer.code() == "INVALID_TOKEN")
    );
    assert_eq!(passkeys(&zhang).await.len(), 1);

    // Of one sign-in to another, of a sign-in to a session, and the other way round.
    let (client, first) = first_step(&app).await;
    let (other, second) = first_step(&app).await;
    let (own, options) = asked(&client, &first).await;
    let answer = phone.get(&options);
    assert_eq!(other.second_step(&second, shown(&own, answer.clone())).await.code(), "INVALID_TOKEN");
    assert_eq!(client.show_passkey(&own, answer.clone()).await.code(), "INVALID_TOKEN");
    let (session, options) = zhang.passkey_options("startPasskeyReauthentication", "").await;
    let in_session = shown(&session, phone.get(&options));
    assert_eq!(client.second_step(&first, in_session).await.code(), "INVALID_TOKEN");
    client.second_step(&first, shown(&own, answer.clone())).await.data();
    assert_eq!(other.second_step(&second, shown(&own, answer)).await.code(), "INVALID_TOKEN", "it was used");
    let (own, options) = asked(&other, &second).await;
    app.advance(TimeDelta::minutes(10)).await;
    let late = other.second_step(&second, shown(&own, phone.get(&options))).await;
    assert_eq!(late.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn whatever_is_wrong_with_an_answer_it_is_refused_alike() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let phone = app.enroll_passkey(&zhang, "手机").await;
    let of_li = app.enroll_passkey(&app.with_user("李四").await, "李四的手机").await;
    let other_origin = Authenticator { origin: "https://evil.example".into(), ..phone.clone() };
    let other_port = Authenticator { origin: "http://localhost:1".into(), ..phone.clone() };
    let unverified = Authenticator { verifies_user: false, ..phone.clone() };
    let replayed = Authenticator { other_challenge: Some("AAAA".into()), ..phone.clone() };
    let other_user = Authenticator { user_handle: of_li.user_handle.clone(), ..phone.clone() };
    let with_other_key = Authenticator { id: phone.id.clone(), ..of_li.clone() };
    let mut unknown = app.authenticator();
    unknown.create(&json!({ "rp": { "id": "localhost" }, "user": { "id": "AAAA" }, "challenge": "AAAA" }));
    unknown.user_handle = phone.user_handle.clone();
    let wrong = [other_origin, other_port, unverified, replayed, other_user, with_other_key, unknown, of_li];
    for mut authenticator in wrong {
        let (client, challenge) = first_step(&app).await;
        let answer = second_step(&client, &challenge, &mut authenticator).await;
        assert_eq!(
            (answer.code(), answer.message()),
            ("INVALID_CODE", "This is not the right code or passkey.")
        );
    }
    // One whose authenticator tells nothing of its user is right where the user is known.
    let mut silent = Authenticator { tells_user: false, ..phone };
    let (client, challenge) = first_step(&app).await;
    second_step(&client, &challenge, &mut silent).await.data();
}

#[tokio::test]
async fn a_registration_that_is_wrong_adds_nothing() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let good = app.authenticator();
    let wrong = [
        Authenticator { origin: "https://evil.example".into(), ..good.clone() },
        Authenticator { verifies_user: false, ..good.clone() },
        Authenticator { other_challenge: Some("AAAA".into()), ..good.clone() },
    ];
    for mut authenticator in wrong {
        assert_eq!(zhang.add_passkey(&mut authenticator, "手机").await.code(), "INVALID_CODE");
    }
    for (credential, rule) in [
        (json!({}), "MALFORMED"),
        (json!(null), "REQUIRED"),
        (json!("文本"), "MALFORMED"),
        (json!({ "id": "x".repeat(20_000) }), "TOO_LONG"),
    ] {
        let (challenge, _) = zhang.passkey_options("startPasskeyRegistration", "").await;
        let answer = zhang.register(&challenge, credential, "手机").await;
        assert_eq!(answer.violations()[0].1, rule);
    }
    for (name, rule) in [("", "TOO_SHORT"), ("　", "TOO_SHORT"), ("a\u{0}b", "FORBIDDEN_CHARACTER")] {
        let answer = zhang.add_passkey(&mut good.clone(), name).await;
        assert_eq!(answer.violations(), [("input.name", rule)]);
    }
    let long = zhang.add_passkey(&mut good.clone(), &"名".repeat(81)).await;
    assert_eq!(long.violations(), [("input.name", "TOO_LONG")]);
    assert!(passkeys(&zhang).await.is_empty());
    app.sign_in("张三").await;
}

#[tokio::test]
async fn damaged_answers_are_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let mut phone = app.authenticator();
    let (challenge, options) = zhang.passkey_options("startPasskeyRegistration", "").await;
    let whole = phone.create(&options);
    for (part, damage) in [
        ("attestationObject", "AAAA"),
        ("attestationObject", ""),
        ("attestationObject", "o2NmbXQ"),
        ("clientDataJSON", "e30"),
        ("clientDataJSON", "W1tbW1tbW1s"),
    ] {
        let mut damaged = whole.clone();
        damaged["response"][part] = damage.into();
        assert_eq!(
            zhang.register(&challenge, damaged, "手机").await.code(),
            "INVALID_CODE",
            "{part} {damage}"
        );
    }
    assert_eq!(
        zhang.register(&challenge, whole, "手机").await.code(),
        "INVALID_TOKEN",
        "five tries are enough"
    );
    phone = app.enroll_passkey(&zhang, "手机").await;
    let (client, challenge) = first_step(&app).await;
    for (part, damage) in [("authenticatorData", "AAAA"), ("signature", "AAAA"), ("clientDataJSON", "e30")] {
        let (own, options) = asked(&client, &challenge).await;
        let mut answer = phone.get(&options);
        answer["response"][part] = damage.into();
        assert_eq!(
            client.second_step(&challenge, shown(&own, answer)).await.code(),
            "INVALID_CODE",
            "{part}"
        );
    }
}

#[tokio::test]
async fn a_copy_whose_counter_stayed_behind_is_refused() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let mut key = Authenticator { counter: 7, ..app.authenticator() };
    zhang.add_passkey(&mut key, "安全密钥").await.data();
    let mut copy = key.clone();
    let (client, challenge) = first_step(&app).await;
    second_step(&client, &challenge, &mut key).await.data();
    let (client, challenge) = first_step(&app).await;
    assert_eq!(second_step(&client, &challenge, &mut copy).await.code(), "INVALID_CODE");
    // And one that stopped counting.
    let mut stopped = Authenticator { counter: 0, ..key.clone() };
    assert_eq!(second_step(&client, &challenge, &mut stopped).await.code(), "INVALID_CODE");
    second_step(&client, &challenge, &mut key).await.data();
}

#[tokio::test]
async fn of_two_at_once_with_one_count_one_gets_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let mut key = Authenticator { counter: 7, ..app.authenticator() };
    zhang.add_passkey(&mut key, "安全密钥").await.data();
    let mut sign_ins = Vec::new();
    for _ in 0..4 {
        let (client, challenge) = first_step(&app).await;
        let (own, options) = asked(&client, &challenge).await;
        sign_ins.push((client, challenge, shown(&own, key.clone().get(&options))));
    }
    let answers = join_all(
        sign_ins.iter().map(|(client, challenge, shown)| client.second_step(challenge, shown.clone())),
    )
    .await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json.get("errors").is_none());
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.code() == "INVALID_CODE"));
}

#[tokio::test]
async fn ten_are_enough_and_one_is_not_registered_twice() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let first = app.enroll_passkey(&zhang, "第1把").await;
    let (challenge, options) = zhang.passkey_options("startPasskeyRegistration", "").await;
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1);
    let again = zhang.register(&challenge, first.clone().create(&options), "又一次").await;
    assert_eq!(again.code(), "INVALID_CODE", "it is excluded");
    let li = app.with_user("李四").await;
    assert_eq!(li.add_passkey(&mut first.clone(), "张三的").await.code(), "CONFLICT");
    for number in 2..10 {
        app.enroll_passkey(&zhang, &format!("第{number}把")).await;
    }
    // Two tabs that both saw nine.
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let (challenge, options) = zhang.passkey_options("startPasskeyRegistration", "").await;
        tabs.push((challenge, app.authenticator().create(&options)));
    }
    let answers =
        join_all(tabs.iter().map(|(challenge, key)| zhang.register(challenge, key.clone(), "第10把"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    assert_eq!(passkeys(&zhang).await.len(), 10);
    let start = zhang.query("mutation { startPasskeyRegistration { challenge } }").await;
    assert_eq!(start.code(), "CONFLICT");
    let names: Vec<String> =
        passkeys(&zhang).await.iter().map(|key| key["name"].as_str().unwrap().into()).collect();
    assert_eq!((names[0].as_str(), names[9].as_str()), ("第1把", "第10把"), "the earliest first");
}

#[tokio::test]
async fn its_owner_names_and_removes_it_and_nobody_else_does() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let mut phone = app.enroll_passkey(&zhang, "手机").await;
    let id = passkeys(&zhang).await[0]["id"].as_str().unwrap().to_owned();
    let rename = "mutation($id: ID!, $name: String!) { renamePasskey(input: { passkeyId: $id, name: $name }) { id name } }";
    let renamed = zhang.query_with(rename, json!({ "id": id, "name": "新手机" })).await;
    assert_eq!(renamed.at("/renamePasskey"), &json!({ "id": id, "name": "新手机" }));
    let long = zhang.query_with(rename, json!({ "id": id, "name": "名".repeat(81) })).await;
    assert_eq!(long.violations(), [("input.name", "TOO_LONG")]);
    let node = "query($id: ID!) { node(id: $id) { ... on Passkey { name } } }";
    for client in [&zhang, &app.admin().await] {
        assert_eq!(client.query_with(node, json!({ "id": id })).await.at("/node/name"), "新手机");
    }
    assert_eq!(li.query_with(node, json!({ "id": id })).await.code(), "NOT_FOUND");
    for client in [&li, &app.admin().await] {
        assert_eq!(client.query_with(rename, json!({ "id": id, "name": "x" })).await.code(), "NOT_FOUND");
        assert_eq!(remove(client, &id).await.code(), "NOT_FOUND");
    }

    let (client, challenge) = first_step(&app).await;
    let (own, options) = asked(&client, &challenge).await;
    assert_eq!(remove(&zhang, &id).await.at("/removePasskey/secondFactors/passkeys"), &json!([]));
    let late = client.second_step(&challenge, shown(&own, phone.get(&options))).await;
    assert_eq!(late.code(), "INVALID_CODE", "it was removed meanwhile");
    assert_eq!(remove(&zhang, &id).await.code(), "NOT_FOUND");
    app.sign_in("张三").await;
    let document = "{ viewer { activity(first: 10) { nodes { kind details } } } }";
    let events = zhang.query(document).await;
    let events = events.list_at("/viewer/activity/nodes");
    let details = |kind: &str| events.iter().find(|event| event["kind"] == kind).unwrap()["details"].clone();
    assert_eq!(details("PASSKEY_RENAMED"), json!({ "before": "手机", "after": "新手机" }));
    assert_eq!(details("PASSKEY_REMOVED"), json!({ "name": "新手机" }));
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.enroll_passkey(&zhang, "手机").await;
    app.enroll_passkey(&zhang, "电脑").await;
    app.sql("UPDATE users SET has_password = FALSE WHERE name = '张三'", []).await;
    let ids: Vec<String> =
        passkeys(&zhang).await.iter().map(|key| key["id"].as_str().unwrap().into()).collect();
    let both = join_all(ids.iter().map(|id| remove(&zhang, id))).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        both.iter().partition(|answer| answer.json.get("errors").is_none());
    assert_eq!((done.len(), refused[0].code()), (1, "CONFLICT"));
    assert_eq!(passkeys(&zhang).await.len(), 1);
}

#[tokio::test]
async fn where_there_can_be_none_everything_else_goes_on() {
    for (site, word) in [("http://127.0.0.1:5000", "domain name"), ("http://platform.example.com", "https")] {
        let app = TestApp::configured(&[("SITE_URL", site)]).await;
        let zhang = app.with_user("张三").await;
        let document = "mutation { startPasskeyRegistration { challenge } }";
        let answer = zhang.query(document).await;
        assert_eq!(answer.code(), "CONFLICT");
        assert!(answer.message().contains(word), "{}", answer.message());
        assert_eq!(
            app.client().query("mutation { startPasskeySignIn { challenge } }").await.code(),
            "CONFLICT"
        );
        app.enroll_totp(&zhang).await;
        let first = app.client().try_first_step(&email_of("张三"), PASSWORD).await;
        assert_eq!(first.at("/signIn/methods"), &json!(["TOTP", "RECOVERY_CODE"]));
    }
}

#[tokio::test]
async fn whoever_has_none_is_told_so_after_the_first_step_alone() {
    let app = TestApp::start().await;
    app.enroll_totp(&app.with_user("张三").await).await;
    let (client, challenge) = first_step(&app).await;
    let start = "mutation($c: String!) { startPasskeySecondFactor(input: { challenge: $c }) { options } }";
    assert_eq!(client.query_with(start, json!({ "c": challenge })).await.code(), "CONFLICT");
    assert_eq!(client.query_with(start, json!({ "c": "编造的" })).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn one_is_proof_in_a_session_that_goes_on() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let mut phone = app.enroll_passkey(&zhang, "手机").await;
    let laptop = app.client();
    let (challenge, options) = laptop.passkey_options("startPasskeySignIn", "").await;
    laptop.show_passkey(&challenge, phone.get(&options)).await.data();
    app.advance(TimeDelta::minutes(11)).await;
    let document = "mutation($input: ReauthenticateInput!) { reauthenticate(input: $input) { validUntil } }";
    let (own, options) = zhang.passkey_options("startPasskeyReauthentication", "").await;
    let input = json!({ "input": shown(&own, phone.get(&options)) });
    let other_session = laptop.query_with(document, input.clone()).await;
    assert_eq!(other_session.code(), "INVALID_TOKEN", "it was asked for in another session");
    let answers = join_all((0..3).map(|_| zhang.query_with(document, input.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.json.get("errors").is_none()).count(), 1);
    zhang.query("mutation { generateRecoveryCodes { recoveryCodes } }").await.data();
    let methods = zhang.query("{ viewer { reauthenticationMethods } }").await;
    assert_eq!(methods.at("/viewer/reauthenticationMethods"), &json!(["PASSWORD", "PASSKEY"]));
    let mut unverified = Authenticator { verifies_user: false, ..phone };
    let (own, options) = zhang.passkey_options("startPasskeyReauthentication", "").await;
    let input = json!({ "input": shown(&own, unverified.get(&options)) });
    assert_eq!(zhang.query_with(document, input).await.code(), "INVALID_CODE");
}
