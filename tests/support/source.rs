//! The source of the platform as text, for rules that the compiler does not know.

use std::path::Path;

/// A file of `src/`, without its unit tests and comments.
pub(crate) struct SourceFile {
    /// Path below `src/`: `user/service.rs`.
    pub(crate) path: String,
    pub(crate) code: String,
}

impl SourceFile {
    /// Every file that is part of the program.
    pub(crate) fn all() -> Vec<Self> {
        let mut files = Vec::new();
        collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "", &mut files);
        assert!(files.len() > 40, "src/ was found");
        files
    }

    /// The paths below the crate's root that the file names, in `use` and elsewhere: `store::page::Page`.
    pub(crate) fn crate_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut rest = self.code.as_str();
        while let Some(found) = next_path(rest, "crate::") {
            rest = &rest[found..];
            expand("", rest, &mut paths);
        }
        paths.extend(self.super_paths());
        paths
    }

    /// What `super::` leads to, from the root.
    fn super_paths(&self) -> Vec<String> {
        let module = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let mut paths = Vec::new();
        let mut rest = self.code.as_str();
        while let Some(found) = next_path(rest, "super::") {
            rest = &rest[found..];
            let mut parent: Vec<&str> = module.split('/').collect();
            parent.pop();
            while let Some(further) = rest.strip_prefix("super::") {
                rest = further;
                parent.pop();
            }
            let prefix: String = parent.iter().map(|part| format!("{part}::")).collect();
            expand(&prefix, rest, &mut paths);
        }
        paths
    }

    /// Whether the file names something of another crate.
    pub(crate) fn names(&self, path: &str) -> bool {
        self.uses_of(path).next().is_some()
    }

    /// What follows each naming of `path`.
    pub(crate) fn uses_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.code.match_indices(path).filter_map(move |(at, _)| {
            let rest = &self.code[at + path.len()..];
            let whole = !self.code[..at].ends_with(is_word) && !rest.starts_with(is_word);
            whole.then_some(rest)
        })
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if name.ends_with(".rs") && !is_test(&name) {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().map(|line| line.split("//").next().unwrap());
            files.push(SourceFile { path: name, code: lines.collect::<Vec<_>>().join("\n") });
        }
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path == "store/test_redis.rs"
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// Where the text behind the next `head` begins.
fn next_path(code: &str, head: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = code[from..].find(head) {
        let at = from + found;
        if !code[..at].ends_with(is_word) {
            return Some(at + head.len());
        }
        from = at + head.len();
    }
    None
}

/// `a::{b, c::d}` → `a::b`, `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let end = tree.find(|c| !is_word(c)).unwrap_or(tree.len());
    let (head, rest) = tree.split_at(end);
    let Some(group) = rest.strip_prefix('{') else {
        paths.push(format!("{prefix}{}", head.trim_end_matches("::")));
        return;
    };
    let prefix = format!("{prefix}{head}");
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                let item = group[start..at].trim();
                if !item.is_empty() {
                    expand(&prefix, item, paths);
                }
                start = at + 1;
                if c == '}' {
                    return;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

#[test]
fn paths_are_read_from_trees_of_use() {
    let code = "use crate::{a::{B, c::D}, e};\nuse super::f;\nuse super::super::g::{H, I};\nfn x() { crate::h::i(); other_crate::j() }";
    let file = SourceFile { path: "user/service.rs".into(), code: code.into() };
    let mut paths = file.crate_paths();
    paths.sort_unstable();
    assert_eq!(paths, ["a::B", "a::c::D", "e", "g::H", "g::I", "h::i", "user::f"]);
}
