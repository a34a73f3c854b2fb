//! Where people go after a sign-in: a path of the console, and nowhere else.

use url::Url;

/// Nobody is at home there.
const ORIGIN: &str = "http://console.invalid";
/// Longer ones are none of the console's.
const MAX_BYTES: usize = 1024;

/// The way back that was asked for, as far as it stays inside the console; otherwise `otherwise`. An address elsewhere
/// would make a sign-in a trap. The console has the same rule (`frontend/src/paths.ts`).
pub(super) fn local(next: Option<&str>, otherwise: &str) -> String {
    let asked = next.filter(|next| next.starts_with('/') && next.len() <= MAX_BYTES);
    asked.and_then(resolve).map_or_else(|| otherwise.to_owned(), |url| path_of(&url))
}

/// The path with one more parameter.
pub(super) fn with_parameter(next: &str, name: &str, value: &str) -> String {
    let Some(mut url) = resolve(next) else { return next.to_owned() };
    url.query_pairs_mut().append_pair(name, value);
    path_of(&url)
}

fn resolve(next: &str) -> Option<Url> {
    let origin = Url::parse(ORIGIN).ok()?;
    let url = origin.join(next).ok()?;
    // A path of `/.//host` resolves to `//host`, which a browser takes for another site.
    (url.origin() == origin.origin() && !url.path().starts_with("//")).then_some(url)
}

fn path_of(url: &Url) -> String {
    url[url::Position::BeforePath..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_paths_of_the_console_are_ways_back() {
        for (next, way) in [
            ("/security", "/security"),
            ("/chat/1?tab=历史#end", "/chat/1?tab=%E5%8E%86%E5%8F%B2#end"),
            ("/a/../b", "/b"),
            ("/?next=//evil.example", "/?next=//evil.example"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/.//evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/..//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("security", "/"),
            (" /security", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(Some(next), "/"), way, "{next:?}");
        }
        assert_eq!(local(None, "/security"), "/security");
        assert_eq!(local(Some(&format!("/{}", "a".repeat(MAX_BYTES))), "/"), "/");
    }

    #[test]
    fn a_parameter_is_added_before_the_fragment() {
        assert_eq!(with_parameter("/security", "linked", "公司"), "/security?linked=%E5%85%AC%E5%8F%B8");
        assert_eq!(with_parameter("/a?b=c#d", "linked", "github"), "/a?b=c&linked=github#d");
    }

    proptest! {
        #[test]
        fn no_way_back_leaves_the_console(next in "[/\\\\.:@?#a-z\\t\\n ]{0,20}") {
            let way = local(Some(&next), "/");
            let base = Url::parse("https://console.example/").unwrap();
            let there = base.join(&way).unwrap();
            prop_assert_eq!(there.origin(), base.origin());
            // Also where it is put behind the console's own address.
            let there = Url::parse(&format!("https://console.example{way}")).unwrap();
            prop_assert_eq!(there.host_str(), Some("console.example"));
            prop_assert_eq!(local(Some(&way), "/"), way);
        }
    }
}
