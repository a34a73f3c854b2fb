//! Guessing: what it is counted by, how long it has to wait, and that no stranger keeps an owner out.

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{ADMIN_EMAIL, Client, PASSWORD, Response, TestApp, backend, email_of};

const WRONG: &str = "不是这个密码";

/// Three guesses at an account from one network, nine from one network, thirty at one account.
const THREE: &[(&str, &str)] = &[("SIGN_IN_ATTEMPTS_PER_MINUTE", "3")];

async fn guess(client: &Client, name: &str) -> Response {
    client.sign_in(&email_of(name), WRONG).await
}

/// Whether a guess was looked at: it was wrong, or there is a wait of so many seconds.
fn wait(answer: &Response) -> Option<u64> {
    match answer.code() {
        "INVALID_CREDENTIALS" => None,
        "RATE_LIMITED" => answer.error()["extensions"]["retryAfterSeconds"].as_u64(),
        _ => panic!("{}", answer.text),
    }
}

/// How many of guesses made at once were looked at.
async fn looked_at(guesses: impl IntoIterator<Item = impl Future<Output = Response>>) -> usize {
    join_all(guesses).await.iter().filter(|answer| wait(answer).is_none()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_guesses_at_once_are_no_more_than_the_allowance() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let hashed = || app.gateway.hasher.work.took.0.clone();
    let before = format!("{:?}", hashed());
    let clients: Vec<Client> = (0..10).map(|_| app.client_at("203.0.113.9")).collect();
    let guesses = (0..200).map(|number| guess(&clients[number % 10], "张三"));
    assert_eq!(looked_at(guesses).await, 3);
    assert_ne!(format!("{:?}", hashed()), before);
    let failures = "SELECT COUNT(*) FROM audit_events WHERE kind = 'SIGN_IN_FAILED'";
    assert_eq!(app.sql_value::<i64>(failures, []).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_networks_at_once_share_what_one_account_has() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let clients: Vec<Client> = (0..200).map(|number| app.client_at(&format!("203.0.113.{number}"))).collect();
    assert_eq!(looked_at(clients.iter().map(|client| guess(client, "张三"))).await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_share_the_allowance_where_there_is_a_redis() {
    let app = TestApp::configured(THREE).await;
    let other = app.replica(&[]).await;
    app.account("张三").await;
    let clients = [app.client_at("203.0.113.9"), other.client_at("203.0.113.9")];
    let guesses = (0..200).map(|number| guess(&clients[number % 2], "张三"));
    let replicas = if backend::redis().is_some() { 1 } else { 2 };
    assert_eq!(looked_at(guesses).await, 3 * replicas);

    // One that cannot reach Redis counts for itself.
    let alone = app.replica(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let client = alone.client_at("203.0.113.9");
    assert_eq!(looked_at((0..20).map(|_| guess(&client, "张三"))).await, 3);
}

#[tokio::test]
async fn waits_double_up_to_a_quarter_of_an_hour_and_guesses_are_forgiven_in_time() {
    let app = TestApp::configured(THREE).await;
    let client = app.client_at("203.0.113.9");
    for _ in 0..3 {
        assert_eq!(wait(&guess(&client, "张三").await), None);
    }
    // After the fourth wait a quarter of an hour has gone by, and one guess is forgiven.
    for expected in [60, 120, 240, 480, 480] {
        assert_eq!(wait(&guess(&client, "张三").await), Some(expected));
        assert_eq!(wait(&guess(&client, "张三").await), Some(expected), "trying adds nothing");
        app.advance(TimeDelta::seconds(i64::try_from(expected).unwrap() - 1)).await;
        assert_eq!(wait(&guess(&client, "张三").await), Some(1));
        app.advance(TimeDelta::seconds(1)).await;
        assert_eq!(wait(&guess(&client, "张三").await), None);
    }
    app.advance(TimeDelta::hours(3)).await;
    assert_eq!(looked_at((0..9).map(|_| guess(&client, "张三"))).await, 3);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_throttled_like_one_that_is() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let mut told = Vec::new();
    for (name, ip) in [("张三", "203.0.113.9"), ("没有的人", "203.0.113.10")] {
        let client = app.client_at(ip);
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(guess(&client, name).await.json);
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn no_stranger_keeps_the_owners_device_out() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let laptop = app.client_at("198.51.100.7");
    laptop.sign_in(&email_of("张三"), PASSWORD).await.data();
    // From everywhere, and from the very network of the owner.
    for number in 0..60 {
        guess(&app.client_at(&format!("203.0.113.{number}")), "张三").await;
    }
    let neighbour = app.client_at("198.51.100.7");
    for number in 0..30 {
        guess(&neighbour, &format!("第{number}人")).await;
    }
    let elsewhere = app.client_at("192.0.2.1");
    assert_eq!(wait(&elsewhere.sign_in(&email_of("张三"), PASSWORD).await), Some(1), "a new device waits");
    for _ in 0..5 {
        laptop.fork().sign_in(&email_of("张三"), PASSWORD).await.data();
    }
    // What the device is known for is its own owner alone.
    assert!(wait(&laptop.sign_in(&email_of("李四"), PASSWORD).await).is_some());

    // The device's own allowance is as small as any other.
    for _ in 0..3 {
        assert_eq!(wait(&guess(&laptop, "张三").await), None);
    }
    assert_eq!(wait(&laptop.sign_in(&email_of("张三"), PASSWORD).await), Some(60));
}

#[tokio::test]
async fn the_right_password_forgives_guesses_at_its_own_account_alone() {
    let app = TestApp::configured(THREE).await;
    app.account("坏人").await;
    app.account("张三").await;
    let network = || app.client_at("203.0.113.9");
    for _ in 0..2 {
        assert_eq!(wait(&guess(&network(), "坏人").await), None);
    }
    network().sign_in(&email_of("坏人"), PASSWORD).await.data();
    for _ in 0..2 {
        assert_eq!(wait(&guess(&network(), "坏人").await), None, "the account's own count began anew");
    }
    // Of nine guesses that the network has, four are gone; signing in to one's own account brings none back.
    let mut others = 0;
    for number in 0..20 {
        let name = format!("第{number}人");
        if wait(&guess(&network(), &name).await).is_some() {
            break;
        }
        others += 1;
        if number < 4 {
            network().sign_in(&email_of("坏人"), PASSWORD).await.data();
        }
    }
    assert_eq!(others, 5);
}

#[tokio::test]
async fn people_who_know_their_passwords_are_not_counted_together() {
    let app = TestApp::configured(THREE).await;
    for number in 0..30 {
        let name = format!("同事{number}");
        app.account(&name).await;
        app.client_at("203.0.113.9").sign_in(&email_of(&name), PASSWORD).await.data();
    }
}

#[tokio::test]
async fn a_reset_of_the_password_begins_the_account_anew() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let client = app.client_at("198.51.100.7");
    let email = email_of("张三");
    for number in 0..40 {
        guess(&app.client_at(&format!("203.0.113.{number}")), "张三").await;
    }
    app.advance(TimeDelta::minutes(30)).await;
    for _ in 0..3 {
        guess(&client, "张三").await;
    }
    assert_eq!(wait(&client.sign_in(&email, PASSWORD).await), Some(60));
    let ask = "mutation($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) }";
    client.query_with(ask, json!({ "input": { "email": email } })).await.data();
    let token = app.mail_to(&email).await.token();
    let reset = "mutation($input: ResetPasswordInput!) { resetPassword(input: $input) }";
    let input = json!({ "input": { "token": token, "newPassword": "夜里的雨敲着旧窗棂" } });
    client.query_with(reset, input).await.data();
    client.sign_in(&email, "夜里的雨敲着旧窗棂").await.data();
}

#[tokio::test]
async fn an_ipv6_subscriber_is_one_network() {
    let app = TestApp::configured(THREE).await;
    for host in 1..=3 {
        assert_eq!(wait(&guess(&app.client_at(&format!("2001:db8:1:2::{host}")), "张三").await), None);
    }
    assert_eq!(wait(&guess(&app.client_at("2001:db8:1:2:ffff::9"), "张三").await), Some(60));
    assert_eq!(wait(&guess(&app.client_at("2001:db8:1:3::1"), "张三").await), None);
    let listed = blocks(&app.admin().await).await;
    assert_eq!(listed[0]["network"], "2001:db8:1:2::/64");
}

#[tokio::test]
async fn nobody_is_believed_about_an_address_but_a_proxy() {
    let app = TestApp::configured(&[THREE, &[("TRUSTED_PROXIES", "192.0.2.0/24")]].concat()).await;
    for number in 1..=3 {
        assert_eq!(wait(&guess(&app.client_at(&format!("203.0.113.{number}")), "张三").await), None);
    }
    assert_eq!(wait(&guess(&app.client_at("203.0.113.4"), "张三").await), Some(60));
}

#[tokio::test]
async fn each_attempt_in_one_document_counts() {
    let app = TestApp::configured(&[THREE, &[("GRAPHQL_MAX_SIGN_INS", "10")]].concat()).await;
    let one = format!(
        r#"signIn(input: {{ email: "{}", password: "{WRONG}" }}) {{ __typename }}"#,
        email_of("张三")
    );
    let aliases: Vec<String> = (0..8).map(|number| format!("g{number}: {one}")).collect();
    let answer = app.client_at("203.0.113.9").query(&format!("mutation {{ {} }}", aliases.join(" "))).await;
    let errors = answer.json["errors"].as_array().unwrap();
    let of_code = |code: &str| errors.iter().filter(|error| error["extensions"]["code"] == code).count();
    assert_eq!([of_code("INVALID_CREDENTIALS"), of_code("RATE_LIMITED")], [3, 5], "{}", answer.text);
}

#[tokio::test]
async fn guesses_in_a_session_count_with_those_at_the_sign_in() {
    let app = TestApp::configured(THREE).await;
    let zhang = app.with_user("张三").await;
    let again =
        "mutation($password: String!) { reauthenticate(input: { password: $password }) { validUntil } }";
    let change = "mutation($current: String!, $new: String!) {
        changePassword(input: { currentPassword: $current, newPassword: $new }) { id } }";
    let change = async |current: &str, new: &str| {
        zhang.query_with(change, json!({ "current": current, "new": new })).await
    };
    assert_eq!(zhang.query_with(again, json!({ "password": WRONG })).await.code(), "INVALID_CREDENTIALS");
    assert_eq!(change(WRONG, "夜里的雨敲着旧窗棂").await.code(), "INVALID_INPUT");
    assert_eq!(wait(&guess(&zhang.fork(), "张三").await), None);
    for answer in [
        change(PASSWORD, "夜里的雨敲着旧窗棂").await,
        zhang.query_with(again, json!({ "password": PASSWORD })).await,
    ] {
        assert_eq!(wait(&answer), Some(60));
    }
    app.advance(TimeDelta::seconds(60)).await;
    zhang.query_with(again, json!({ "password": PASSWORD })).await.data();
    // A new password that breaks a rule is no guess at the current one.
    for _ in 0..5 {
        assert_eq!(change(PASSWORD, "太短").await.violations(), [("input.newPassword", "TOO_SHORT")]);
    }
}

#[tokio::test]
async fn guesses_at_a_code_are_counted_whatever_the_challenge() {
    let app = TestApp::configured(&[THREE, &[("REQUIRE_EMAIL_VERIFICATION", "on")]].concat()).await;
    let client = app.client_at("203.0.113.9");
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { ... on EmailVerificationRequired { challenge } } }";
    let verify = "mutation($input: VerifyEmailInput!) { verifyEmail(input: $input) { __typename } }";
    let mut codes = Vec::new();
    let email = email_of("张三");
    // The second and third are decoys, and nobody can tell.
    for _ in 0..3 {
        let input = json!({ "email": email, "password": PASSWORD, "name": "张三" });
        let challenge =
            client.query_with(sign_up, json!({ "input": input })).await.text_at("/signUp/challenge");
        for _ in 0..2 {
            let input = json!({ "input": { "challenge": challenge, "code": "不对" } });
            codes.push(client.query_with(verify, input).await.code().to_owned());
        }
    }
    let (wrong, limited) = codes.split_at(3);
    assert!(wrong.iter().all(|code| code == "INVALID_CODE"), "{codes:?}");
    assert!(limited.iter().all(|code| code == "RATE_LIMITED"), "{codes:?}");
}

async fn blocks(admin: &Client) -> Vec<Value> {
    let answer = admin.query("{ blocks { id kind account network attempts until } }").await;
    answer.list_at("/blocks").to_vec()
}

async fn clear(admin: &Client, block: &Value) -> bool {
    let clear = "mutation($id: ID!) { clearBlock(input: { blockId: $id }) }";
    admin.query_with(clear, json!({ "id": block["id"] })).await.at("/clearBlock") == true
}

#[tokio::test]
async fn administrators_see_who_waits_and_end_it() {
    let app = TestApp::configured(THREE).await;
    app.account("张三").await;
    let admin = app.admin().await;
    assert!(blocks(&admin).await.is_empty(), "whoever signs in does not wait");
    let client = app.client_at("203.0.113.9");
    for name in ["张三", "没有的人", "又一个"] {
        for _ in 0..3 {
            guess(&client, name).await;
        }
    }
    let listed = blocks(&admin).await;
    let find = |kind: &str, account: Option<String>| {
        listed.iter().find(|block| block["kind"] == kind && block["account"] == json!(account)).unwrap()
    };
    assert_eq!(listed.len(), 4, "{listed:?}");
    let of_zhang = find("ACCOUNT_AND_NETWORK", Some(email_of("张三")));
    assert_eq!((&of_zhang["network"], &of_zhang["attempts"]), (&json!("203.0.113.9"), &json!(3)));
    let until = DateTime::parse_from_rfc3339(of_zhang["until"].as_str().unwrap()).unwrap();
    assert_eq!(until, app.now() + TimeDelta::minutes(1));
    let of_network = find("NETWORK", None);
    assert_eq!((&of_network["network"], &of_network["attempts"]), (&json!("203.0.113.9"), &json!(9)));

    let (zhang, network) = (of_zhang.clone(), of_network.clone());
    assert!(clear(&admin, &network).await);
    assert!(clear(&admin, &zhang).await);
    assert!(!clear(&admin, &zhang).await, "it is over already");
    assert_eq!(blocks(&admin).await.len(), 2);
    client.sign_in(&email_of("张三"), PASSWORD).await.data();

    let found =
        app.sql_values::<String>("SELECT details FROM audit_events WHERE kind = 'BLOCK_CLEARED'", []).await;
    let mut found: Vec<Value> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    found.sort_by_key(Value::to_string);
    let expected = [
        json!({ "kind": "ACCOUNT_AND_NETWORK", "subject": email_of("张三") }),
        json!({ "kind": "NETWORK", "subject": "203.0.113.9" }),
    ];
    assert_eq!(found, expected);
    app.advance(TimeDelta::minutes(1)).await;
    assert!(blocks(&app.client().signed_in(ADMIN_EMAIL, "Admin@123456").await).await.is_empty());
    let nonsense = json!({ "id": "Block:1" });
    let clear = "mutation($id: ID!) { clearBlock(input: { blockId: $id }) }";
    assert_eq!(app.admin().await.query_with(clear, nonsense).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn at_most_a_hundred_blocks_are_listed_the_longest_wait_first() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "1")]).await;
    for number in 0..60 {
        let client = app.client_at(&format!("203.0.113.{number}"));
        for account in 0..3 {
            guess(&client, &format!("人{number}之{account}")).await;
        }
    }
    app.advance(TimeDelta::seconds(60)).await;
    guess(&app.client_at("203.0.113.30"), "人30之0").await;
    for number in 0..40 {
        let client = app.client_at(&format!("198.51.100.{number}"));
        for account in 0..3 {
            guess(&client, &format!("客{number}之{account}")).await;
        }
    }
    let listed = blocks(&app.admin().await).await;
    assert_eq!(listed.len(), 100);
    assert_eq!((&listed[0]["account"], &listed[0]["attempts"]), (&json!(email_of("人30之0")), &json!(2)));
}

#[tokio::test]
async fn refusals_are_counted_by_what_says_wait() {
    let app = TestApp::configured(THREE).await;
    let client = app.client_at("203.0.113.9");
    for _ in 0..5 {
        guess(&client, "张三").await;
    }
    let counted = |outcome: &'static str| {
        let refused = &app.gateway.happenings.refused_guesses;
        refused.get_or_create(&fastgpt_platform::metrics::Outcome { outcome }).get()
    };
    assert_eq!([counted("ACCOUNT_AND_NETWORK"), counted("NETWORK")], [2, 0]);
}
