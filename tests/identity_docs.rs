//! `docs/identity.md` tells every limit and lifetime as the code has it, in both languages.

use std::{collections::BTreeSet, fs};

use fastgpt_platform::limits::{Limit, limits};

/// The rows of the page's table: name, value and where it is set.
fn documented(page: &str) -> Vec<[String; 3]> {
    let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let code = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        match cells[..] {
            [name, _, value, set_in] if name.trim().starts_with('`') => {
                Some([code(name), value.trim().to_owned(), code(set_in)])
            }
            _ => None,
        }
    };
    text.lines().filter(|line| line.starts_with('|')).filter_map(row).collect()
}

#[test]
fn the_documents_tell_every_limit_as_it_is() {
    let listed: Vec<[String; 3]> = limits()
        .into_iter()
        .map(|Limit { name, value, set_in }| [name.to_owned(), value, set_in.to_owned()])
        .collect();
    assert!(listed.len() > 30 && listed.iter().flatten().all(|cell| !cell.is_empty()), "{listed:?}");
    let names: BTreeSet<&String> = listed.iter().map(|[name, ..]| name).collect();
    assert_eq!(names.len(), listed.len(), "each once");
    for page in ["identity.md", "identity.zh-CN.md"] {
        let told = documented(page);
        for row in &listed {
            assert!(told.contains(row), "docs/{page} does not tell {row:?}");
        }
        assert_eq!(told, listed, "docs/{page}");
    }
}
