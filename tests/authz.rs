//! Who may do what: every root field of the schema × every kind of caller.
//!
//! A field that is in the schema and not in the table fails the test: decide, then list it.

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD, TestApp, email_of,
    introspection::{names, types},
};

/// What a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// An answer without errors.
    Done,
    /// An answer without errors in which the field is null.
    Null,
    /// An error with this code, and no data.
    Refused(&'static str),
}
use Outcome::{Done, Null, Refused};

const UNAUTHENTICATED: Outcome = Refused("UNAUTHENTICATED");
const FORBIDDEN: Outcome = Refused("FORBIDDEN");
const NOT_FOUND: Outcome = Refused("NOT_FOUND");
const INVALID_TOKEN: Outcome = Refused("INVALID_TOKEN");

struct Case {
    /// `Query.viewer`
    field: &'static str,
    document: &'static str,
    anonymous: Outcome,
    /// Somebody else than the person whom `$user` and `$session` are of.
    other: Outcome,
    admin: Outcome,
}

const fn case(field: &'static str, document: &'static str, [anonymous, other, admin]: [Outcome; 3]) -> Case {
    Case { field, document, anonymous, other, admin }
}

/// `$user` and `$session` are 张三's, who is none of the callers.
const CASES: &[Case] = &[
    case("Query.viewer", "{ viewer { id } }", [Null, Done, Done]),
    case("Query.introspectionAllowed", "{ introspectionAllowed }", [Done, Done, Done]),
    case("Query.errorCodes", "{ errorCodes }", [Done, Done, Done]),
    case("Query.node", "query($user: ID!) { node(id: $user) { id } }", [UNAUTHENTICATED, NOT_FOUND, Done]),
    case(
        "Query.node",
        "query($session: ID!) { node(id: $session) { id } }",
        [UNAUTHENTICATED, NOT_FOUND, Done],
    ),
    case("Query.user", "query($user: ID!) { user(id: $user) { id } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.users", "{ users { nodes { id } } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.users", "{ users { totalCount } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case(
        "Mutation.signUp",
        r#"mutation { signUp(input: { email: "新人@example.com", password: "清晨的露水打湿了石阶", name: "新人" }) { __typename } }"#,
        // The second and third come with the address of the first.
        [Done, Refused("CONFLICT"), Refused("CONFLICT")],
    ),
    case(
        "Mutation.signIn",
        r#"mutation { signIn(input: { email: "张三@example.com", password: "清晨的露水打湿了石阶" }) { __typename } }"#,
        [Done, Done, Done],
    ),
    case(
        "Mutation.refreshSession",
        r#"mutation { refreshSession(input: { refreshToken: "编造的" }) { accessToken } }"#,
        [UNAUTHENTICATED, UNAUTHENTICATED, UNAUTHENTICATED],
    ),
    case(
        "Mutation.updateProfile",
        r#"mutation { updateProfile(input: { name: "新名" }) { id } }"#,
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.changePassword",
        r#"mutation { changePassword(input: { currentPassword: "不对", newPassword: "夜里的雨敲着旧窗棂" }) { id } }"#,
        [UNAUTHENTICATED, Refused("INVALID_INPUT"), Refused("INVALID_INPUT")],
    ),
    case(
        "Mutation.endSession",
        "mutation($session: ID!) { endSession(input: { sessionId: $session }) { id } }",
        [UNAUTHENTICATED, NOT_FOUND, Done],
    ),
    case("Mutation.endOtherSessions", "mutation { endOtherSessions }", [UNAUTHENTICATED, Done, Done]),
    case(
        "Mutation.renewToken",
        r#"mutation { renewToken(input: { accessToken: "编造的" }) { accessTokenExpiresAt } }"#,
        [Refused("BAD_REQUEST"), Refused("BAD_REQUEST"), Refused("BAD_REQUEST")],
    ),
    case("Query.logSetting", "{ logSetting { configured } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case(
        "Mutation.changeLogLevel",
        "mutation { changeLogLevel(input: { level: DEBUG, minutes: 1 }) { until } }",
        [UNAUTHENTICATED, FORBIDDEN, Done],
    ),
    case("Mutation.resetLogLevel", "mutation { resetLogLevel }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.registration", "{ registration { mode } }", [Done, Done, Done]),
    case("Query.emailedLink", r#"{ emailedLink(token: "编造的") { email } }"#, [INVALID_TOKEN; 3]),
    case("Query.invitations", "{ invitations { nodes { id } } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.invitations", "{ invitations { totalCount } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case(
        "Mutation.inviteUser",
        r#"mutation { inviteUser(input: { email: "来客@example.com" }) { id } }"#,
        [UNAUTHENTICATED, FORBIDDEN, Done],
    ),
    case(
        "Mutation.resendInvitation",
        r#"mutation { resendInvitation(input: { invitationId: "Invitation:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, FORBIDDEN, NOT_FOUND],
    ),
    case(
        "Mutation.withdrawInvitation",
        r#"mutation { withdrawInvitation(input: { invitationId: "Invitation:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, FORBIDDEN, NOT_FOUND],
    ),
    case("Query.authProviders", "{ authProviders { id label kind } }", [Done, Done, Done]),
    case(
        "Mutation.startAccountLink",
        r#"mutation { startAccountLink(input: { provider: "无" }) { authorizationUrl } }"#,
        [UNAUTHENTICATED, NOT_FOUND, NOT_FOUND],
    ),
    case(
        "Mutation.unlinkAccount",
        r#"mutation { unlinkAccount(input: { linkedAccountId: "LinkedAccount:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, NOT_FOUND, NOT_FOUND],
    ),
    case("Query.apiKeys", "{ apiKeys { nodes { id } } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.apiKeys", "{ apiKeys { totalCount } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case(
        "Mutation.createApiKey",
        r#"mutation { createApiKey(input: { name: "脚本", scopes: [READ] }) { apiKey { id } } }"#,
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.revokeApiKey",
        r#"mutation { revokeApiKey(input: { apiKeyId: "ApiKey:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, NOT_FOUND, NOT_FOUND],
    ),
    case("Query.blocks", "{ blocks { id } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case(
        "Mutation.clearBlock",
        r#"mutation { clearBlock(input: { blockId: "Block:0198f000-0000-7000-8000-000000000000" }) }"#,
        [UNAUTHENTICATED, FORBIDDEN, Done],
    ),
    case("Query.mails", "{ mails { nodes { id } } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    case("Query.mails", "{ mails { totalCount } }", [UNAUTHENTICATED, FORBIDDEN, Done]),
    // Whoever asks from this machine, in development: `tests/mail.rs` has the others.
    case("Query.developmentMails", "{ developmentMails { id } }", [Done, Done, Done]),
    case(
        "Mutation.retryMail",
        r#"mutation { retryMail(input: { mailId: "Mail:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, FORBIDDEN, NOT_FOUND],
    ),
    case(
        "Mutation.verifyEmail",
        r#"mutation { verifyEmail(input: { token: "编造的" }) { __typename } }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.resendEmailVerification",
        r#"mutation { resendEmailVerification(input: { email: "无人@example.com" }) { email } }"#,
        [Done, Done, Done],
    ),
    case(
        "Mutation.requestPasswordReset",
        r#"mutation { requestPasswordReset(input: { email: "张三@example.com" }) }"#,
        [Done, Done, Done],
    ),
    case(
        "Mutation.resetPassword",
        r#"mutation { resetPassword(input: { token: "编造的", newPassword: "夜里的雨敲着旧窗棂" }) }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.disownSignIn",
        r#"mutation { disownSignIn(input: { token: "编造的" }) { passwordResetToken } }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.requestEmailChange",
        r#"mutation { requestEmailChange(input: { newEmail: "新址@example.com" }) }"#,
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.confirmEmailChange",
        r#"mutation { confirmEmailChange(input: { token: "编造的" }) { email } }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.reauthenticate",
        r#"mutation { reauthenticate(input: { password: "不对" }) { validUntil } }"#,
        [UNAUTHENTICATED, Refused("INVALID_CREDENTIALS"), Refused("INVALID_CREDENTIALS")],
    ),
    case(
        "Mutation.requestDataExport",
        "mutation { requestDataExport { id } }",
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.cancelAccountDeletion",
        "mutation { cancelAccountDeletion { id } }",
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.deleteMyAccount",
        r#"mutation { deleteMyAccount(input: { password: "清晨的露水打湿了石阶" }) { id } }"#,
        // The administrator has another password.
        [UNAUTHENTICATED, Done, Refused("INVALID_INPUT")],
    ),
    case(
        "Query.secondFactorChallenge",
        r#"{ secondFactorChallenge(challenge: "编造的") { challenge } }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.completeSignIn",
        r#"mutation { completeSignIn(input: { challenge: "编造的", totpCode: "123456" }) { accessToken } }"#,
        [INVALID_TOKEN; 3],
    ),
    case(
        "Mutation.startPasskeySecondFactor",
        r#"mutation { startPasskeySecondFactor(input: { challenge: "编造的" }) { challenge } }"#,
        [INVALID_TOKEN; 3],
    ),
    case("Mutation.startPasskeySignIn", "mutation { startPasskeySignIn { challenge } }", [Done, Done, Done]),
    case(
        "Mutation.signInWithPasskey",
        r#"mutation { signInWithPasskey(input: { passkey: { challenge: "编造的", credential: {} } }) { accessToken } }"#,
        [Refused("INVALID_INPUT"); 3],
    ),
    case(
        "Mutation.startPasskeyReauthentication",
        "mutation { startPasskeyReauthentication { challenge } }",
        [UNAUTHENTICATED, Refused("CONFLICT"), Refused("CONFLICT")],
    ),
    case(
        "Mutation.startTotpEnrollment",
        "mutation { startTotpEnrollment { secret } }",
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.confirmTotpEnrollment",
        r#"mutation { confirmTotpEnrollment(input: { challenge: "编造的", code: "123456" }) { recoveryCodes } }"#,
        [UNAUTHENTICATED, INVALID_TOKEN, INVALID_TOKEN],
    ),
    case(
        "Mutation.disableTotp",
        "mutation { disableTotp { id } }",
        [UNAUTHENTICATED, Refused("CONFLICT"), Refused("CONFLICT")],
    ),
    case(
        "Mutation.startPasskeyRegistration",
        "mutation { startPasskeyRegistration { challenge } }",
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.finishPasskeyRegistration",
        r#"mutation { finishPasskeyRegistration(input: { challenge: "编造的", credential: {}, name: "手机" }) { recoveryCodes } }"#,
        [UNAUTHENTICATED, INVALID_TOKEN, INVALID_TOKEN],
    ),
    case(
        "Mutation.renamePasskey",
        r#"mutation { renamePasskey(input: { passkeyId: "Passkey:0198f000-0000-7000-8000-000000000000", name: "手机" }) { id } }"#,
        [UNAUTHENTICATED, NOT_FOUND, NOT_FOUND],
    ),
    case(
        "Mutation.removePasskey",
        r#"mutation { removePasskey(input: { passkeyId: "Passkey:0198f000-0000-7000-8000-000000000000" }) { id } }"#,
        [UNAUTHENTICATED, NOT_FOUND, NOT_FOUND],
    ),
    case(
        "Mutation.generateRecoveryCodes",
        "mutation { generateRecoveryCodes { recoveryCodes } }",
        [UNAUTHENTICATED, Refused("CONFLICT"), Refused("CONFLICT")],
    ),
    case(
        "Mutation.forgetRememberedDevices",
        "mutation { forgetRememberedDevices }",
        [UNAUTHENTICATED, Done, Done],
    ),
    case(
        "Mutation.resetSecondFactors",
        "mutation($user: ID!) { resetSecondFactors(input: { userId: $user }) { id } }",
        [UNAUTHENTICATED, FORBIDDEN, Done],
    ),
    // Last, since it ends the caller's session.
    case("Mutation.signOut", "mutation { signOut }", [UNAUTHENTICATED, Done, Done]),
];

/// Subscriptions are no requests: the tests at the end are theirs, and `websocket.rs`.
const SUBSCRIPTIONS: &[&str] =
    &["Subscription.sessionEvents", "Subscription.myActivity", "Subscription.dataExportProgress"];

/// Every root field, and a document that asks for it, of whoever walks through them for a reason of its own.
pub(crate) fn documents() -> impl Iterator<Item = (&'static str, &'static str)> {
    let name = |case: &'static Case| case.field.split_once('.').unwrap().1;
    CASES.iter().map(move |case| (name(case), case.document))
}

#[tokio::test]
async fn every_root_field_is_listed() {
    let types = types().await;
    let roots = ["Query", "Mutation", "Subscription"];
    let mut there: Vec<String> = roots
        .iter()
        .flat_map(|root| names(&types[*root], "fields").into_iter().map(move |name| format!("{root}.{name}")))
        .collect();
    let mut listed: Vec<&str> =
        CASES.iter().map(|case| case.field).chain(SUBSCRIPTIONS.iter().copied()).collect();
    there.sort_unstable();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, there);
}

#[tokio::test]
async fn every_root_field_knows_its_callers() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let variables = json!({ "user": zhang.user_id().await, "session": zhang.session_id().await });
    let (other, admin) = (app.with_user("李四").await, app.admin().await);
    for case in CASES {
        let callers = [
            ("anonymous", app.client(), case.anonymous),
            ("other", other.fork(), case.other),
            ("admin", admin.fork(), case.admin),
        ];
        for (who, client, expected) in callers {
            let outcome = run(&client, case, &variables).await;
            assert_eq!(outcome, expected, "{} for {who}: {}", case.field, case.document);
        }
    }
}

async fn run(client: &Client, case: &Case, variables: &Value) -> Outcome {
    let answer = client.query_with(case.document, used(case.document, variables)).await;
    if answer.json.get("errors").is_none() {
        let (_, field) = case.field.split_once('.').unwrap();
        return if answer.at(&format!("/{field}")).is_null() { Null } else { Done };
    }
    assert!(leaks_nothing(&answer.json["data"]), "{}", answer.text);
    const CODES: [&str; 8] = [
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "NOT_FOUND",
        "CONFLICT",
        "INVALID_INPUT",
        "BAD_REQUEST",
        "INVALID_TOKEN",
        "INVALID_CREDENTIALS",
    ];
    let code = answer.code().to_owned();
    Refused(CODES.into_iter().find(|known| *known == code).unwrap_or_else(|| panic!("{code}")))
}

/// Only the variables that a document declares.
fn used(document: &str, variables: &Value) -> Value {
    let declared = |name: &&String| document.contains(&format!("${name}:"));
    let pairs = variables.as_object().unwrap().iter().filter(|(name, _)| declared(name));
    Value::Object(pairs.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Null, or an object whose only field is null.
fn leaks_nothing(data: &Value) -> bool {
    data.is_null() || data.as_object().is_some_and(|fields| fields.values().all(Value::is_null))
}

#[tokio::test]
async fn another_persons_objects_look_like_none_at_all() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let li = app.with_user("李四").await;
    let invented =
        ["User:0198f000-0000-7000-8000-000000000000", "Session:0198f000-0000-7000-8000-000000000000"];
    let real = [zhang.user_id().await, zhang.session_id().await];
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (real, invented) in real.iter().zip(invented) {
        let (real, invented) = (
            li.query_with(node, json!({ "id": real })).await,
            li.query_with(node, json!({ "id": invented })).await,
        );
        assert_eq!(real.code(), "NOT_FOUND");
        assert_eq!(real.json, invented.json, "what is not there cannot be told from what is not yours");
    }
    let end = "mutation($id: ID!) { endSession(input: { sessionId: $id }) { id } }";
    assert_eq!(li.query_with(end, json!({ "id": real[1] })).await.code(), "NOT_FOUND");
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三", "the session goes on");
}

#[tokio::test]
async fn one_reads_ones_own_objects_and_an_administrator_those_of_others() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (user, session) = (zhang.user_id().await, zhang.session_id().await);
    let node = "query($id: ID!) { node(id: $id) { __typename ... on User { email } ... on Session { user { email } isCurrent } } }";
    for (client, is_current) in [(&zhang, true), (&app.admin().await, false)] {
        let answer = client.query_with(node, json!({ "id": user })).await;
        assert_eq!(answer.at("/node"), &json!({ "__typename": "User", "email": "张三@example.com" }));
        let answer = client.query_with(node, json!({ "id": session })).await;
        let user = json!({ "email": "张三@example.com" });
        assert_eq!(
            answer.at("/node"),
            &json!({ "__typename": "Session", "user": user, "isCurrent": is_current })
        );
    }
}

#[tokio::test]
async fn nobody_watches_without_signing_in() {
    let app = TestApp::start().await;
    let answer = app.session_events(None).await.next().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn one_watches_ones_own_sessions_alone_even_as_an_administrator() {
    let app = TestApp::start().await;
    let (zhang, admin) = (app.with_user("张三").await, app.admin().await);
    for (watcher, again) in [(&zhang, email_of("张三")), (&admin, ADMIN_EMAIL.to_owned())] {
        let mut events = app.session_events(Some(app.viewer(watcher).await)).await;
        assert!(futures_util::poll!(events.next()).is_pending());
        app.with_user(&format!("看客{}", again.len())).await;
        let password = if again == ADMIN_EMAIL { ADMIN_PASSWORD } else { PASSWORD };
        let own = app.client().signed_in(&again, password).await.session_id().await;
        let event = events.next().await.unwrap();
        assert_eq!(event["data"]["sessionEvents"], json!({ "kind": "STARTED", "session": { "id": own } }));
    }
}
