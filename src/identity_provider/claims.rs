//! From what a provider says to what is kept of it.

use serde_json::Value;

use super::{Identity, id_token::Claims};
use crate::{auth::viewer::Role, config::identity::RoleClaim, email::Email};

/// How many groups are kept, and how long each may be.
const MAX_GROUPS: usize = 200;
const MAX_GROUP_CHARS: usize = 200;

/// The claim of this name, or at the end of a way with dots between.
pub(super) fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.').try_fold(claims.get(first)?, |value, step| value.get(step))
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The person of these claims. When it was authenticated is for the ID token alone to say.
pub(super) fn identity(claims: &Claims, role: Option<&RoleClaim>, groups_claim: Option<&str>) -> Identity {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let email_verified = match claims.get("email_verified") {
        // Some write it as a text.
        Some(Value::String(word)) => word == "true",
        Some(Value::Bool(word)) => *word,
        _ => false,
    };
    let name = ["name", "preferred_username", "nickname"].into_iter().find_map(text);
    Identity {
        subject: text("sub").unwrap_or_default().to_owned(),
        email: text("email").and_then(|email| Email::parse_as_written(email).ok()),
        email_verified,
        name: name.map(str::to_owned),
        role: role.map(|role| role_of(claims, role)),
        groups: groups_claim.map(|claim| groups_of(claims, claim)),
        authenticated_at: None,
    }
}

/// A claim that is missing has none of the values.
fn role_of(claims: &Claims, rule: &RoleClaim) -> Role {
    let values = find(claims, &rule.claim).map(texts).unwrap_or_default();
    let is_admin = values.iter().any(|value| rule.admin_values.iter().any(|admin| admin == value));
    if is_admin { Role::Admin } else { Role::User }
}

fn groups_of(claims: &Claims, claim: &str) -> Vec<String> {
    let groups = find(claims, claim).map(texts).unwrap_or_default();
    let fits = |group: &&str| group.chars().count() <= MAX_GROUP_CHARS && !group.contains('\0');
    groups.into_iter().filter(fits).take(MAX_GROUPS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_role_comes_of_a_text_a_list_or_something_deeper() {
        let rule = |claim: &str| RoleClaim {
            claim: claim.into(),
            admin_values: vec!["平台管理员".into(), "root".into()],
        };
        for (value, claim, role) in [
            (json!({ "role": "root" }), "role", Role::Admin),
            (json!({ "role": "roots" }), "role", Role::User),
            (json!({ "groups": ["员工", "平台管理员"] }), "groups", Role::Admin),
            (json!({ "realm_access": { "roles": ["root"] } }), "realm_access.roles", Role::Admin),
            (json!({ "https://a.example/roles": ["root"] }), "https://a.example/roles", Role::Admin),
            (json!({ "groups": { "root": true } }), "groups", Role::User),
            (json!({ "groups": [["root"], 1, null] }), "groups", Role::User),
            (json!({}), "groups", Role::User),
            (json!({ "a": "root" }), "a.b.c", Role::User),
        ] {
            assert_eq!(role_of(&claims(value.clone()), &rule(claim)), role, "{claim} of {value}");
        }
    }

    #[test]
    fn an_address_is_verified_only_where_the_provider_says_so() {
        for (said, verified) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("TRUE"), false),
            (json!(1), false),
            (json!(false), false),
            (json!(null), false),
        ] {
            let claims = claims(json!({ "sub": "1", "email": "张三@例子.公司", "email_verified": said }));
            let identity = identity(&claims, None, None);
            assert_eq!(identity.email_verified, verified, "{said}");
            assert_eq!(identity.email.unwrap().as_str(), "张三@例子.公司");
            assert_eq!((identity.role, identity.groups), (None, None));
        }
        assert!(!identity(&claims(json!({ "sub": "1", "email": "a@b.example" })), None, None).email_verified);
    }

    #[test]
    fn groups_have_bounds() {
        let many: Vec<String> = (0..1000).map(|n| format!("组{n}")).collect();
        let claims = claims(json!({ "sub": "1", "groups": many, "odd": ["长".repeat(201), "a\0b", "好"] }));
        let groups = |claim: &str| identity(&claims, None, Some(claim)).groups.unwrap();
        assert_eq!(groups("groups").len(), MAX_GROUPS);
        assert_eq!(groups("odd"), ["好"]);
        assert!(groups("none").is_empty());
    }
}
