//! Documents, taken apart.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A document in Markdown.
pub(super) struct Page {
    /// From the root of the repository.
    pub(super) name: String,
    pub(super) headings: Vec<(usize, String)>,
    /// Language and lines, without comments and what is explained in a column of its own.
    pub(super) blocks: Vec<(String, Vec<String>)>,
    /// Everything but blocks.
    pub(super) prose: Vec<String>,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    pub(super) fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut page = Self { name: name.into(), headings: vec![], blocks: vec![], prose: vec![] };
        let mut is_code = false;
        for line in text.lines() {
            if let Some(language) = line.strip_prefix("```") {
                is_code = !is_code;
                if is_code {
                    page.blocks.push((language.into(), Vec::new()));
                }
            } else if is_code {
                let (language, lines) = page.blocks.last_mut().unwrap();
                lines.push(without_explanation(language, line));
            } else {
                let level = line.bytes().take_while(|byte| *byte == b'#').count();
                if level > 0 {
                    page.headings.push((level, line[level..].trim().into()));
                }
                page.prose.push(line.into());
            }
        }
        assert!(!is_code, "{name}: a block has no end");
        page
    }

    pub(super) fn is_chinese(&self) -> bool {
        self.name.ends_with(".zh-CN.md")
    }

    /// Pieces of code: lines of blocks, and what stands in backquotes.
    pub(super) fn code(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().flat_map(|(_, lines)| lines).map(String::as_str).chain(self.spans())
    }

    pub(super) fn spans(&self) -> impl Iterator<Item = &str> {
        self.prose.iter().flat_map(|line| spans(line))
    }

    /// The addresses of links to files and headings of this repository.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        let links = self.prose.iter().flat_map(|line| line.split("](").skip(1));
        links.filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"))
    }

    /// Where a link leads: the file and the anchor.
    pub(super) fn target<'a>(&self, link: &'a str) -> (PathBuf, &'a str) {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let own = root().join(&self.name);
        (if path.is_empty() { own } else { own.parent().unwrap().join(path) }, anchor)
    }

    /// As GitHub makes them.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        for (_, title) in &self.headings {
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let numbered = (1..).map(|number| format!("{anchor}-{number}"));
            let free = [anchor.clone()].into_iter().chain(numbered).find(|name| !anchors.contains(name));
            anchors.extend(free);
        }
        anchors
    }

    /// Of each row of each table, the code in its first cell.
    pub(super) fn first_column(&self) -> Vec<Vec<&str>> {
        let rows = self.prose.iter().filter_map(|line| line.strip_prefix('|'));
        rows.map(|row| spans(row.split('|').next().unwrap()).collect()).collect()
    }
}

fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// In a text, what comes behind a gap explains; elsewhere comments do.
fn without_explanation(language: &str, line: &str) -> String {
    let start = line.len() - line.trim_start().len();
    let marks: &[&str] = if language == "text" { &["  "] } else { &[" # ", " // "] };
    let ends = marks.iter().filter_map(|mark| line[start..].find(mark).map(|at| start + at));
    let line = line[..ends.min().unwrap_or(line.len())].trim_end();
    let is_comment = ["# ", "// "].iter().any(|mark| line[start..].starts_with(mark));
    if is_comment { String::new() } else { line.into() }
}

pub(super) fn pages() -> Vec<Page> {
    let names = ["", "docs/"].into_iter().flat_map(|folder| {
        let files = fs::read_dir(root().join(folder)).unwrap();
        files.map(move |file| format!("{folder}{}", file.unwrap().file_name().to_str().unwrap()))
    });
    let pages: Vec<Page> = names.filter(|name| name.ends_with(".md")).map(|name| Page::read(&name)).collect();
    assert!(pages.len() > 10);
    pages
}

/// What an address is called in the other language.
pub(super) fn in_chinese(link: &str) -> String {
    link.replace("-en.png", "-zh.png").replace(".md", ".zh-CN.md")
}

pub(super) fn in_english(link: &str) -> String {
    link.replace("-zh.png", "-en.png").replace(".zh-CN.md", ".md")
}
