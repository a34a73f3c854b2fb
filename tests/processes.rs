//! The binary from outside: its commands, its starts that must not succeed, what it leaves in its folder.

use std::{
    ffi::OsString,
    fs,
    net::TcpListener,
    os::unix::{ffi::OsStringExt, fs::PermissionsExt},
};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD,
    process::{Installation, Server, until, within},
    socket::Socket,
};

#[tokio::test]
async fn help_says_what_every_command_does() {
    let installation = Installation::on_sqlite();
    for (command, says) in [
        ("", "Everything is configured by environment variables"),
        ("serve", "Start the server"),
        ("migrate", "Bring the database up to date"),
        ("migrate up", "Apply every pending step"),
        ("migrate down", "Undo the latest steps"),
        ("migrate status", "whether they are applied"),
        ("schema", "Print the GraphQL schema"),
        ("admin", "Create and repair accounts"),
        ("admin create", "--password-stdin"),
        ("admin reset-password", "end all of the account's sessions"),
        ("admin set-role", "--role"),
        ("admin end-sessions", "End all sessions of an account"),
        ("admin reset-second-factors", "Remove all second factors"),
        ("backup", "--daily-at"),
        ("restore", "--keep-sessions"),
        ("healthcheck", "exits 0 when it is ready"),
        ("doctor", "the command or setting that mends it"),
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = installation.run(&arguments).await;
        assert!(help.success && help.out.contains(says), "{command}: {help:?}");
    }
    let version = installation.run(&["--version"]).await;
    assert_eq!(version.out.trim(), concat!("fastgpt-platform ", env!("CARGO_PKG_VERSION")));
    assert!(!installation.run(&["frobnicate"]).await.success);
}

#[tokio::test]
async fn schema_is_the_one_in_the_repository() {
    let printed = Installation::on_sqlite().run(&["schema"]).await;
    assert!(printed.success);
    let kept = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    assert!(printed.out == kept, "schema.graphql is not what the server speaks: make schema");
}

#[tokio::test]
async fn migrations_go_up_and_down() {
    let installation = Installation::empty().await;
    let status = async || {
        let status = installation.run(&["migrate", "status"]).await;
        assert!(status.success, "{status:?}");
        let steps = status.out.lines().map(|line| line.starts_with("applied")).collect::<Vec<_>>();
        assert!(steps.len() > 1, "{status:?}");
        steps
    };
    let migrate = async |arguments: &[&str]| {
        let done = installation.run(&[&["migrate"], arguments].concat()).await;
        assert!(done.success, "{done:?}");
        done.out
    };
    let steps = status().await.len();
    assert_eq!(status().await, vec![false; steps], "and looking changes nothing");
    assert!(migrate(&["up"]).await.starts_with(&format!("{steps} step(s) applied")));
    assert_eq!(status().await, vec![true; steps]);
    assert!(migrate(&["up"]).await.starts_with("0 step(s) applied"));
    assert!(migrate(&["down"]).await.starts_with("1 step(s) undone"));
    assert_eq!(status().await.iter().filter(|applied| **applied).count(), steps - 1);
    assert!(migrate(&["down", "100"]).await.starts_with(&format!("{} step(s) undone", steps - 1)));
    assert_eq!(status().await, vec![false; steps]);
    assert!(!installation.run(&["migrate", "down", "0"]).await.success);
    assert!(migrate(&["up"]).await.starts_with(&format!("{steps} step(s) applied")));
    installation.serve().await.admin().await;
}

#[tokio::test]
async fn admin_creates_accounts() {
    let installation = Installation::new().await;
    let server = installation.serve().await;
    let given = ["create", "--email", "Wang@Example.com", "--name", "王", "--password-stdin"];
    let out = installation.admin(&given, &format!("{PASSWORD}\n")).await;
    assert!(out.starts_with("wang@example.com created as User:") && !out.contains(PASSWORD), "{out}");
    let wang = server.sign_in("wang").await;
    let me = "{ viewer { name role } }";
    assert_eq!(wang.query(me).await.at("/viewer"), &json!({ "name": "王", "role": "ADMIN" }));

    let out = installation.admin(&["create", "--email", "li@example.com", "--role", "user"], "").await;
    let made_up = out.lines().find_map(|line| line.strip_prefix("password: ")).unwrap();
    let li = server.client().signed_in("li@example.com", made_up).await;
    assert_eq!(li.query(me).await.at("/viewer/role"), "USER");

    for (arguments, password, says) in [
        (given, PASSWORD, "already has an account"),
        (
            ["create", "--email", "nowhere", "--name", "x", "--password-stdin"],
            PASSWORD,
            "not an email address",
        ),
        (["create", "--email", "a@example.com", "--name", " ", "--password-stdin"], PASSWORD, "name"),
        (["create", "--email", "a@example.com", "--name", "x", "--password-stdin"], "short", "8 to 128"),
    ] {
        let refused = installation.run_with_input(&[&["admin"], &arguments[..]].concat(), password).await;
        assert!(!refused.success && refused.err.contains(says), "{refused:?}");
    }
}

/// Runs an `admin` command against an account, whose open socket, requests and refresh must end with it.
async fn ends_the_session(installation: &Installation, server: &Server, arguments: &[&str], input: &str) {
    let zhang = server.sign_in("zhang").await;
    let mut socket = Socket::connect(&zhang).await;
    zhang.query("{ viewer { id } }").await.data();
    installation.admin(&[arguments, &["--email", "zhang@example.com"]].concat(), input).await;
    let refused = async {
        assert_eq!(socket.close_code().await, 4403);
        while zhang.query("{ viewer { id } }").await.status != 401 {}
    };
    within(installation.promised(), "the session ends", refused).await;
}

#[tokio::test]
async fn admin_repairs_accounts_of_a_running_server() {
    let installation = Installation::new().await;
    let server = installation.serve().await;
    server.with_user("zhang").await;

    ends_the_session(&installation, &server, &["end-sessions"], "").await;
    ends_the_session(&installation, &server, &["set-role", "--role", "admin"], "").await;
    let zhang = server.sign_in("zhang").await;
    assert_eq!(zhang.query("{ users { totalCount } }").await.at("/users/totalCount"), 2);

    let new = "eight crimson bicycles";
    ends_the_session(&installation, &server, &["reset-password", "--password-stdin"], new).await;
    let old = server.client().sign_in("zhang@example.com", PASSWORD).await;
    assert_eq!(old.code(), "INVALID_CREDENTIALS");
    server.client().signed_in("zhang@example.com", new).await;
    let out = installation.admin(&["reset-password", "--email", "zhang@example.com"], "").await;
    let made_up = out.lines().find_map(|line| line.strip_prefix("password: ")).unwrap();
    server.client().signed_in("zhang@example.com", made_up).await;

    let out = installation.admin(&["reset-second-factors", "--email", "zhang@example.com"], "").await;
    assert_eq!(out.trim(), "zhang@example.com has no second factor");

    for command in [
        vec!["end-sessions"],
        vec!["reset-password"],
        vec!["reset-second-factors"],
        vec!["set-role", "--role", "user"],
    ] {
        let arguments = [&["admin"], &command[..], &["--email", "nobody@example.com"]].concat();
        let refused = installation.run(&arguments).await;
        assert!(!refused.success && refused.err.contains("user"), "{refused:?}");
    }
}

#[tokio::test]
async fn healthcheck_tells_by_its_exit_code() {
    let installation = Installation::new().await;
    let mut server = installation.serve().await;
    let (port, url) = (server.port.to_string(), format!("http://127.0.0.1:{}/health/live", server.port));
    let asking = installation.clone().with("PORT", &port);
    let ready = asking.run(&["healthcheck"]).await;
    assert!(ready.success && ready.out.contains(r#""status":"ok""#), "{ready:?}");
    let live = installation.run(&["healthcheck", "--url", &url]).await;
    assert!(live.success, "{live:?}");
    let elsewhere =
        installation.run(&["healthcheck", "--url", &url.replace("health/live", "api/nothing")]).await;
    assert!(!elsewhere.success && elsewhere.err.contains("404"), "{elsewhere:?}");
    server.process.kill();
    let away = asking.run(&["healthcheck"]).await;
    assert!(!away.success && away.err.contains(&port), "{away:?}");
}

#[tokio::test]
async fn healthcheck_asks_where_the_server_listens() {
    let installation = Installation::new().await;
    let server = installation.serve().await;
    let port = server.port.to_string();
    let asking = |host: &str| installation.clone().with("PORT", &port).with("HOST", host);
    for host in ["127.0.0.1", "0.0.0.0"] {
        let ready = asking(host).run(&["healthcheck"]).await;
        assert!(ready.success, "{host}: {ready:?}");
    }
    // Nobody listens there.
    for (host, asked) in [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("::", "[::1]")] {
        let away = asking(host).run(&["healthcheck"]).await;
        assert!(!away.success && away.err.contains(&format!("http://{asked}:{port}/")), "{host}: {away:?}");
    }
}

/// Starts a server that must not come up, and gives what it says.
async fn refusal(installation: &Installation) -> String {
    let refused = installation.run(&["serve"]).await;
    assert!(!refused.success && !refused.err.contains("panicked"), "{refused:?}");
    refused.err
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refusal(&Installation::new().await.with("PORT", &port)).await;
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("PORT"), "{said}");
}

#[tokio::test]
async fn a_database_out_of_reach_is_named_without_its_password() {
    let url = "postgresql://someone:hunter2secret@127.0.0.1:1/app";
    let installation = Installation::on_sqlite().with("DATABASE_URL", url);
    let commands =
        [&["serve"][..], &["migrate", "up"], &["admin", "end-sessions", "--email", "a@example.com"]];
    for refused in join_all(commands.map(|command| installation.run(command))).await {
        assert!(!refused.success && refused.err.contains("PostgreSQL at 127.0.0.1:1/app"), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_database_that_refuses_is_named_without_its_password() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let url: url::Url = installation.var("DATABASE_URL").parse().unwrap();
    let (mut stranger, mut missing) = (url.clone(), url);
    stranger.set_password(Some("hunter2secret")).unwrap();
    missing.set_path("no_such_database");
    for url in [stranger, missing] {
        let said = refusal(&installation.clone().with("DATABASE_URL", url.as_str())).await;
        assert!(said.contains("PostgreSQL at 127.0.0.1"), "{said}");
        assert!(!said.contains(url.password().unwrap()), "{said}");
    }
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_named() {
    let installation = Installation::on_sqlite();
    // The tests may run as root, whom permissions do not hold.
    let file = installation.folder().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.join("data").to_str().unwrap(), "/proc/data"] {
        let said = refusal(&installation.clone().with("DATA_DIR", folder)).await;
        assert!(said.contains(folder), "{said}");
    }
}

#[tokio::test]
async fn all_problems_of_the_configuration_are_listed() {
    let installation = Installation::on_sqlite();
    fs::write(installation.folder().join(".env"), "ACCESS_TOKEN_TTL=soon\nPORT=70000\n").unwrap();
    let said = refusal(&installation.clone().with("APP_ENV", "production").with("CORS_ORIGIN", "*")).await;
    for key in ["ACCESS_TOKEN_TTL", "CORS_ORIGIN", "JWT_SECRET", "SESSION_SECRET"] {
        assert!(said.contains(&format!("\n  {key}: ")), "{key} is not in: {said}");
    }
    assert!(!said.contains("PORT"), "the environment goes before the file: {said}");
}

#[tokio::test]
async fn a_file_of_settings_that_cannot_be_read_is_not_shown() {
    let installation = Installation::on_sqlite();
    fs::write(installation.folder().join(".env"), "ADMIN_PASSWORD=hunter2 with spaces\n").unwrap();
    let said = refusal(&installation).await;
    assert!(said.contains(".env") && !said.contains("with spaces") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn what_is_not_utf_8_in_the_environment_is_another_programs_business() {
    let foreign = OsString::from_vec(b"caf\xe9".to_vec());
    let installation = Installation::new().await.with("ANOTHER_PROGRAM", foreign);
    installation.serve().await.admin().await;
}

#[tokio::test]
async fn production_without_an_administrator_says_how_to_get_one() {
    let installation = Installation::new()
        .await
        .with("APP_ENV", "production")
        .with("JWT_SECRET", "j".repeat(48))
        .with("SESSION_SECRET", "s".repeat(48));
    let server = installation.serve().await;
    let log = server.process.log();
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("admin create")), "{log}");
    server.stop().await;

    installation.admin(&["create", "--email", "wang@example.com"], "").await;
    let log = installation.serve().await.process.log();
    assert!(!log.contains("admin create"), "{log}");
}

#[tokio::test]
async fn the_first_command_on_a_machine_may_be_any() {
    for arguments in [&["migrate", "status"][..], &["admin", "create", "--email", "wang@example.com"]] {
        let installation = Installation::on_sqlite();
        let done = installation.run(arguments).await;
        assert!(done.success, "{done:?}");
        installation.serve().await;
    }
}

#[tokio::test]
async fn a_data_folder_has_one_server() {
    let installation = Installation::on_sqlite();
    let first = installation.serve().await;
    let said = refusal(&installation).await;
    assert!(said.contains("another server uses the data folder"), "{said}");
    first.admin().await;
    first.stop().await;
    installation.serve().await.admin().await;
}

#[tokio::test]
async fn what_lies_in_the_data_folder_is_for_its_owner_alone() {
    let installation = Installation::on_sqlite();
    let server = installation.serve().await;
    server.with_user("zhang").await;
    let mode = |name: &str| {
        let path = installation.folder().join("data").join(name);
        let metadata = fs::metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700, "the folder");
    for name in ["platform.db", "platform.db-wal", "platform.db-shm", "jwt_secret", "session_secret"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_first_start_makes_what_the_second_uses() {
    let installation = Installation::new().await;
    let first = installation.serve().await;
    let printed = first.process.out();
    assert!(printed.contains("http://platform.test") && printed.contains(ADMIN_EMAIL), "{printed}");
    assert!(printed.contains(ADMIN_PASSWORD), "the published password is no secret: {printed}");
    let admin = first.admin().await;
    let secrets = || {
        ["jwt_secret", "session_secret"].map(|name| {
            let path = installation.folder().join("data").join(name);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            fs::read(path).unwrap()
        })
    };
    let made = secrets();
    assert_ne!(made[0], made[1]);
    let refresh_token = admin.refresh_token().unwrap();
    first.stop().await;

    let second = installation.serve().await;
    assert_eq!(secrets(), made);
    let again = second.client();
    again.set_token(Some(&admin.token()));
    assert_eq!(again.query("{ viewer { email } }").await.at("/viewer/email"), ADMIN_EMAIL);
    again.refresh_with(&refresh_token).await.data();
    assert_eq!(again.query("{ users { totalCount } }").await.at("/users/totalCount"), 1, "one administrator");
}

/// Everything that a log must not hold of a conversation that goes right, and wrong, in every way.
async fn converse(installation: &Installation, server: &Server) -> Vec<String> {
    let zhang = server.with_user("zhang").await;
    let mut secrets: Vec<String> = ["JWT_SECRET", "SESSION_SECRET", "ADMIN_PASSWORD"]
        .into_iter()
        .map(|key| installation.var(key).to_owned())
        .chain(installation.passwords_of_stores())
        .chain(
            [PASSWORD, "wrong lantern 4711", "eight crimson bicycles", "ninefold velvet harbour"]
                .map(str::to_owned),
        )
        .collect();
    let mut keep = |client: &Client| secrets.extend([client.token(), client.refresh_token().unwrap()]);
    keep(&zhang);
    server.client().sign_in("zhang@example.com", "wrong lantern 4711").await.error();
    let used = zhang.refresh_token().unwrap();
    zhang.refresh().await.data();
    keep(&zhang);
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "eight crimson bicycles" });
    let change = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { id } }";
    zhang.query_with(change, json!({ "input": input })).await.data();

    let mut socket = Socket::connect(&zhang).await;
    let sign_in = |password: &str| {
        format!(
            r#"mutation {{ signIn(input: {{ email: "zhang@example.com", password: "{password}",
                refreshTokenDelivery: BODY }}) {{ ... on SignedIn {{ accessToken refreshToken }} }} }}"#
        )
    };
    let answer = socket.run("1", &sign_in("eight crimson bicycles")).await;
    let signed_in = &answer["data"]["signIn"];
    socket.run("2", &sign_in("wrong lantern 4711")).await;
    socket.say(json!({ "type": "nonsense", "password": "wrong lantern 4711" })).await;
    socket.close_code().await;

    let stranger = server.client();
    let forged = zhang.token() + "forged";
    let mut refused = Socket::open(&stranger).await;
    refused.init(&forged).await;
    refused.close_code().await;
    stranger.set_token(Some(&forged));
    assert_eq!(stranger.query("{ viewer { id } }").await.status, 401);
    for body in [
        r#"{ "query": "wrong lantern 4711"#,
        r#"{ "query": "{ viewer(password: \"wrong lantern 4711\") }" }"#,
    ] {
        let request = server.client().request(Method::POST, "/api/graphql");
        let request = request.header("content-type", "application/json").body(body);
        let answer = stranger.send(request.query(&[("token", &forged)])).await;
        assert!(answer.json["errors"].is_array(), "{}", answer.text);
    }
    installation
        .admin(
            &["reset-password", "--email", "zhang@example.com", "--password-stdin"],
            "ninefold velvet harbour",
        )
        .await;
    stranger.set_token(None);
    stranger.refresh_with(&used).await.error();
    let back = server.client().signed_in("zhang@example.com", "ninefold velvet harbour").await;
    keep(&back);
    back.query("mutation { signOut }").await.data();
    for token in ["accessToken", "refreshToken"] {
        secrets.push(signed_in[token].as_str().unwrap().to_owned());
    }
    secrets.push(forged);
    secrets
}

/// A text as it is, and as a program prints it that takes it for bytes.
fn spellings(secret: &str) -> [String; 4] {
    let bytes = |spell: fn(&u8) -> String, glue: &str| {
        secret.bytes().map(|b| spell(&b)).collect::<Vec<_>>().join(glue)
    };
    [
        secret.to_owned(),
        secret.escape_default().to_string(),
        bytes(|byte| format!("{byte:02x}"), ""),
        bytes(u8::to_string, ", "),
    ]
}

async fn logs_hold_no_secret(format: &str, level: &str) {
    let installation = Installation::new()
        .await
        .with("LOG_FORMAT", format)
        .with("LOG_LEVEL", level)
        .with("JWT_SECRET", "the secret that signs tokens of this test")
        .with("SESSION_SECRET", "the secret that hashes tokens of this test")
        .with("ADMIN_PASSWORD", "an administrator's own password");
    let server = installation.serve().await;
    let secrets = converse(&installation, &server).await;
    server.process.signal("TERM");
    until("the server ends", async || server.process.log().contains("stopping").then_some(())).await;

    for (place, log) in installation.logs() {
        for secret in &secrets {
            for spelling in spellings(secret) {
                let found = log.lines().find(|line| line.contains(&spelling));
                assert!(found.is_none(), "{format}, {level}, {place}: {secret} in {found:?}");
            }
        }
    }
    let log = server.process.log();
    assert!(log.matches("answered").count() > 10, "there is a log: {log}");
    if format == "json" {
        let is_object =
            |line: &str| serde_json::from_str(line).is_ok_and(|line: serde_json::Value| line.is_object());
        assert_eq!(log.lines().find(|line| !is_object(line)), None);
    }
}

#[tokio::test]
async fn usual_logs_hold_no_secret() {
    join(logs_hold_no_secret("pretty", "info"), logs_hold_no_secret("json", "info")).await;
}

#[tokio::test]
async fn debugging_logs_hold_no_secret() {
    join(logs_hold_no_secret("pretty", "debug"), logs_hold_no_secret("json", "debug")).await;
}

#[tokio::test]
async fn the_most_talkative_logs_hold_no_secret() {
    join(logs_hold_no_secret("pretty", "trace"), logs_hold_no_secret("json", "trace")).await;
}
