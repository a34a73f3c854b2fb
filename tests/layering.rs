//! The house's rules of dependency (section 5 of the design), held against the text of `src/`.

use crate::support::source::SourceFile;

/// Floors from the cellar up; who lives on one may use what is on it and below. The first prefix that fits counts.
const FLOORS: &[(&str, u8)] = &[
    ("main", 11),
    ("cli", 11),
    ("http", 10),
    // Sees the platform from outside, as people and proxies do.
    ("doctor", 7),
    // What every resolver uses lies below the features' resolvers; the merged roots lie above them.
    ("graphql/context", 7),
    ("graphql/error", 7),
    ("graphql/limits", 7),
    ("graphql/page", 7),
    ("graphql/loaders", 7),
    ("graphql", 9),
    ("worker", 9),
    // What `docs/identity.md` tells of all of them.
    ("limits", 10),
    ("user/graphql", 8),
    ("second_factor/graphql", 8),
    ("second_factor/passkey/graphql", 8),
    ("second_factor/recovery_code/graphql", 8),
    ("second_factor/totp/graphql", 8),
    ("api_key/graphql", 8),
    ("audit/graphql", 8),
    ("data_export/graphql", 8),
    ("erasure/graphql", 8),
    ("invitation/graphql", 8),
    ("linked_account/graphql", 8),
    ("mail/graphql", 8),
    ("recovery/graphql", 8),
    ("registration/graphql", 8),
    ("throttle/graphql", 8),
    ("verification/graphql", 8),
    ("session/reauthenticate", 8),
    ("log_level/graphql", 8),
    ("session/graphql", 8),
    ("session/sign_in", 8),
    ("backup", 7),
    ("api_key", 6),
    ("audit", 6),
    ("data_export", 6),
    ("erasure", 6),
    ("invitation", 6),
    ("job", 6),
    ("known_device", 6),
    ("linked_account", 6),
    ("mail", 6),
    ("one_time_token", 6),
    ("recovery", 6),
    ("registration", 6),
    ("second_factor", 6),
    ("throttle", 6),
    ("user", 6),
    ("verification", 6),
    ("session", 6),
    ("owned", 6),
    ("log_level", 6),
    ("gateway", 5),
    ("auth", 4),
    ("identity_provider", 4),
    ("store", 2),
    ("config", 4),
    ("error", 1),
    ("email", 1),
    ("locale", 1),
    ("id", 1),
    ("clock", 1),
    ("metrics", 1),
    ("telemetry", 4),
];

/// What goes up all the same, each for a reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The gateway owns what features keep in memory; it calls none of their services.
    ("gateway.rs", "api_key::StoredApiKey"),
    ("gateway.rs", "session::Session"),
    ("gateway.rs", "session::happenings::Happenings"),
    ("gateway.rs", "session::sockets::Sockets"),
    ("gateway.rs", "log_level::service::CurrentLogLevel"),
    ("gateway.rs", "mail::transport::Transport"),
    ("gateway.rs", "user::User"),
];

fn floor(path: &str) -> u8 {
    let path = path.replace("::", "/");
    let fits = |part: &str| path == part || path.starts_with(&format!("{part}/"));
    // `graphql` re-exports what resolvers use.
    if ["graphql/RequestContext", "graphql/Result", "graphql/ApiError"].contains(&path.as_str()) {
        return 7;
    }
    let found = FLOORS.iter().find(|(part, _)| fits(part));
    found.unwrap_or_else(|| panic!("{path} is on no floor: give it one")).1
}

#[test]
fn dependencies_point_down() {
    let mut upward = Vec::new();
    let mut used = Vec::new();
    for file in SourceFile::all().iter().filter(|file| file.path != "lib.rs" && file.path != "main.rs") {
        let own = floor(file.path.trim_end_matches(".rs").trim_end_matches("/mod"));
        for target in file.crate_paths() {
            // A module's own children are its own affair.
            if floor(&target) > own {
                match EXCEPTIONS.iter().find(|(from, to)| *from == file.path && *to == target) {
                    Some(exception) => used.push(exception),
                    None => upward.push(format!("{} uses {target}", file.path)),
                }
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
    for exception in EXCEPTIONS {
        assert!(used.contains(&exception), "{exception:?} is no longer needed");
    }
}

#[test]
fn http_stays_in_http() {
    offenders("axum or tower_http above the transport", |file| {
        !file.path.starts_with("http/")
            && ["axum", "tower_http", "async_graphql_axum"]
                .iter()
                .any(|name| file.names(&format!("{name}::")))
    });
}

fn is_resolver(path: &str) -> bool {
    path.starts_with("graphql/")
        || path.ends_with("/graphql.rs")
        || ["session/sign_in.rs", "session/reauthenticate.rs"].contains(&path)
}

/// `start.rs` is the half of the session's services that begins one.
fn is_service(path: &str) -> bool {
    path.ends_with("/service.rs") || path == "session/start.rs"
}

#[test]
fn services_do_not_know_graphql() {
    offenders("async_graphql in a service", |file| is_service(&file.path) && file.names("async_graphql"));
    // An enum of the model may say how the schema writes it, and that is all.
    let only_the_derive = |file: &SourceFile| {
        file.uses_of("async_graphql").all(|rest| rest.starts_with("::Enum"))
            && !file.names("async_graphql::Enum::")
    };
    offenders("more of async_graphql than the derive", |file| {
        !is_resolver(&file.path) && !file.path.starts_with("http/") && !only_the_derive(file)
    });
}

#[test]
fn resolvers_build_no_queries() {
    offenders("sea_orm in a resolver", |file| is_resolver(&file.path) && file.names("sea_orm"));
}

#[test]
fn only_services_open_transactions() {
    offenders("a transaction", |file| {
        let opens = file.names("TransactionTrait") || file.code.contains(".begin(");
        opens && !is_service(&file.path) && !file.path.starts_with("store/")
    });
}

#[test]
fn tables_are_private_to_their_feature() {
    let files = SourceFile::all();
    let entities: Vec<&str> = files.iter().filter_map(|file| file.path.strip_suffix("/entity.rs")).collect();
    assert!(entities.len() > 1, "{entities:?}");
    for feature in entities {
        let module = files.iter().find(|file| file.path == format!("{feature}/mod.rs")).unwrap();
        assert!(module.code.lines().any(|line| line == "mod entity;"), "{feature}/mod.rs");
    }
    offenders("the table outside its feature", |file| {
        let feature = file.path.split('/').next().unwrap();
        let foreign = |path: &String| {
            path.split("::").nth(1) == Some("entity") && path.split("::").next() != Some(feature)
        };
        file.crate_paths().iter().any(foreign)
    });
}

#[test]
fn proofs_are_made_in_one_place_each() {
    offenders("an operator who is not at the command line", |file| {
        file.names("at_the_command_line") && !file.path.starts_with("cli/") && file.path != "auth/operator.rs"
    });
    offenders("a viewer whose session was not begun or refreshed just now", |file| {
        file.names("establish") && !["session/start.rs", "auth/viewer.rs"].contains(&file.path.as_str())
    });
    offenders("a credential without a check", |file| {
        let checks = ["user/credential.rs", "verification/service.rs", "second_factor/passkey/sign_in.rs"];
        file.names("by_other_means") && !checks.contains(&file.path.as_str())
    });
    offenders("a credential without a provider's word", |file| {
        let hears = ["user/credential.rs", "linked_account/answer/service.rs"];
        file.names("by_provider") && !hears.contains(&file.path.as_str())
    });
    let files = SourceFile::all();
    let viewer = &files.iter().find(|file| file.path == "auth/viewer.rs").unwrap().code;
    let fields = viewer.split_once("pub struct Viewer {").unwrap().1.split_once('}').unwrap().0;
    assert!(!fields.contains("pub"), "a Viewer's fields are private: {fields}");
    assert!(viewer.contains("pub struct Admin(Viewer);"), "an Admin's field is private");
    assert!(viewer.contains("pub struct RecentlyAuthenticated(SignedInViewer);"), "and so is its");
    for proof in ["Viewer", "Admin", "SignedInViewer", "RecentlyAuthenticated"] {
        let (before, _) = viewer.split_once(&format!("pub struct {proof}")).unwrap();
        let derives = before.trim_end().lines().last().unwrap();
        assert_eq!(derives, "#[derive(Debug, Clone, Copy)]", "nothing that makes a {proof}");
    }
    // Literals in this file alone; `Self` counts as well.
    assert_eq!(
        viewer.matches(" Self {").count(),
        4,
        "a Viewer is made in `of_session` and `of_key`, which return it"
    );
    let callers = "called by `authenticate` and `establish`, and by `as_of_now` of one that is there";
    assert_eq!(viewer.matches("Self::of_session(").count(), 3, "{callers}");
    assert_eq!(viewer.matches("Self::of_key").count(), 2, "{callers}");
    assert_eq!(viewer.matches("Ok(SignedInViewer {").count(), 1, "made in `signed_in`");
    assert_eq!(viewer.matches("RecentlyAuthenticated(*self)").count(), 1, "made in `recently_authenticated`");
    assert_eq!(viewer.matches("Admin(*self)").count(), 1, "an Admin is made in `admin`");
}

#[test]
fn the_environment_and_time_have_one_door_each() {
    for (what, door) in [("std::env::var", "config.rs"), ("Utc::now", "clock.rs"), ("now_v7", "id.rs")] {
        offenders(what, |file| file.code.contains(what) && file.path != door);
    }
}

fn offenders(what: &str, is_one: impl Fn(&SourceFile) -> bool) {
    let files = SourceFile::all();
    let found: Vec<&str> = files.iter().filter(|file| is_one(file)).map(|file| file.path.as_str()).collect();
    assert!(found.is_empty(), "{what}: {found:?}");
}
