//! The documents: links lead somewhere, both languages tell the same, and what is named is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use fastgpt_platform::config::KEYS;

use crate::support::process::Installation;

mod page;

use page::{Page, in_chinese, in_english, pages, root};

/// Pages for those who work on the platform, in English alone.
const ENGLISH_ALONE: &[&str] = &["docs/architecture.md"];

const PROGRAMS: &[&str] = &["fastgpt-platform", "fastgpt-platformctl"];

/// Folders whose files are meant wherever a path begins with them.
const FOLDERS: &[&str] = &["deploy", "docs", "frontend", "fuzz", "migration", "src", "tests"];

/// What a build makes, and what the older platform had.
const ELSEWHERE: &[&str] = &["frontend/dist", "frontend/.env"];

/// Variables that the server does not read: of compose files, of scripts, of the tests.
#[rustfmt::skip]
const OTHER_VARIABLES: &[&str] = &[
    "CARGO_MIRROR", "DEBIAN_IMAGE", "DEBIAN_MIRROR", "NGINX_IMAGE", "NODE_IMAGE", "NPM_REGISTRY", "POSTGRES_IMAGE",
    "REDIS_IMAGE", "RUST_IMAGE", "FASTGPT_PLATFORM", "WEBHOOK_URL", "TEST_POSTGRES_URL", "TEST_REDIS_URL",
];

/// What comes of a sign-in by an identity provider.
#[rustfmt::skip]
const OUTCOMES: &[&str] = &[
    "SECOND_FACTOR_REQUIRED", "ACCESS_DENIED", "STATE_EXPIRED", "PROVIDER_UNAVAILABLE", "EMAIL_UNVERIFIED",
    "EMAIL_TAKEN", "ACCOUNT_SUSPENDED", "ALREADY_LINKED",
];

/// Takes what is wrong with each page and fails with all of it.
fn assert_faultless(faults_of: impl Fn(&Page) -> Vec<String>) {
    let named =
        |page: &Page| faults_of(page).into_iter().map(|fault| format!("{}: {fault}", page.name)).collect();
    let faults: Vec<String> = pages().iter().flat_map::<Vec<_>, _>(named).collect();
    assert!(faults.is_empty(), "{} fault(s):\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn every_link_leads_somewhere() {
    let leads_somewhere = |page: &Page, link: &str| {
        let (path, anchor) = page.target(link);
        path.exists() && (anchor.is_empty() || Page::read(path.to_str().unwrap()).anchors().contains(anchor))
    };
    assert_faultless(|page| {
        page.links().filter(|link| !leads_somewhere(page, link)).map(str::to_owned).collect()
    });
}

#[test]
fn both_languages_tell_the_same() {
    assert_faultless(|english| {
        if english.is_chinese() || ENGLISH_ALONE.contains(&&*english.name) {
            return Vec::new();
        }
        let chinese = Page::read(&in_chinese(&english.name));
        let levels = |page: &Page| page.headings.iter().map(|(level, _)| *level).collect::<Vec<_>>();
        let files = |page: &Page| {
            let file = |link: &str| in_english(link.split('#').next().unwrap());
            page.links().map(file).collect::<BTreeSet<_>>()
        };
        let parts = [
            ("headings", levels(english) == levels(&chinese)),
            ("blocks of code", english.blocks == chinese.blocks),
            ("first columns of tables", english.first_column() == chinese.first_column()),
            ("links", files(english) == files(&chinese)),
        ];
        let differ =
            parts.iter().filter(|(_, same)| !same).map(|(part, _)| format!("in Chinese, other {part}"));
        // The link to the other language alone leads there.
        let own = english.name.trim_start_matches("docs/");
        let strays = chinese.links().filter(|link| {
            let there = in_chinese(&in_english(link));
            *link != own && *link != there && chinese.target(&there).0.exists()
        });
        differ.chain(strays.map(|link| format!("in Chinese, {link} leads to English"))).collect()
    });
}

/// What `--help` says there is.
struct Help {
    commands: BTreeSet<String>,
    flags: BTreeSet<String>,
}

impl Help {
    async fn of(command: &[&str]) -> Self {
        let help = Installation::on_sqlite().run(&[command, &["--help"]].concat()).await;
        assert!(help.success, "{command:?}: {help:?}");
        let lines: Vec<&str> = help.out.lines().map(str::trim).collect();
        let commands = lines.iter().skip_while(|line| **line != "Commands:").skip(1);
        let commands = commands.take_while(|line| !line.is_empty()).filter_map(|line| line.split(' ').next());
        let options = lines.iter().filter(|line| line.starts_with('-'));
        let flags = options.flat_map(|line| line.split([' ', ','])).filter(|word| word.starts_with("--"));
        Self { commands: commands.map(str::to_owned).collect(), flags: flags.map(str::to_owned).collect() }
    }
}

/// The arguments of each call of the program in a piece of code; `up|down` are two calls.
fn calls(code: &str) -> Vec<Vec<&str>> {
    let words: Vec<&str> = code.split_whitespace().map(|word| word.trim_matches(['[', ']'])).collect();
    let mut calls = Vec::new();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| PROGRAMS.contains(word)) {
        let mut alike = vec![Vec::new()];
        for word in words[at + 1..].iter().take_while(|word| !["&&", "|", ";", ">"].contains(word)) {
            let extended = |name| alike.iter().map(move |call: &Vec<_>| [&**call, &[name]].concat());
            alike = word.split('|').flat_map(extended).collect();
        }
        calls.extend(alike);
    }
    calls
}

#[tokio::test]
async fn every_command_is_one_that_the_binary_knows() {
    let pages = pages();
    let calls: BTreeSet<Vec<&str>> = pages.iter().flat_map(Page::code).flat_map(calls).collect();
    assert!(calls.len() > 10, "{calls:?}");
    let mut helps = BTreeMap::from([(vec![], Help::of(&[]).await)]);
    let mut unknown = Vec::new();
    for call in calls {
        let mut command = Vec::new();
        for word in &call {
            let help = &helps[&command];
            let is_flag = word.starts_with("--");
            let is_command = !help.commands.is_empty() && word.starts_with(|c: char| c.is_ascii_lowercase());
            if is_flag && !help.flags.contains(word.split('=').next().unwrap()) {
                unknown.push(format!("{word} in {call:?}"));
            } else if is_command && help.commands.contains(*word) {
                command.push(*word);
                if !helps.contains_key(&command) {
                    helps.insert(command.clone(), Help::of(&command).await);
                }
            } else if is_command {
                unknown.push(format!("{word} in {call:?}"));
                break;
            }
        }
    }
    assert!(unknown.is_empty(), "the binary does not know: {unknown:#?}");
}

#[test]
fn every_target_of_make_is_there() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let is_there = |target: &str| makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
    assert_faultless(|page| {
        let after_make = page.code().filter_map(|code| {
            code.split_once("make ").filter(|(before, _)| before.is_empty() || before.ends_with(' '))
        });
        let targets = after_make.filter_map(|(_, rest)| rest.split_whitespace().next());
        targets.filter(|target| !is_there(target)).map(|target| format!("make {target}")).collect()
    });
}

/// The paths of this repository in a page; in trees an entry is indented below its folder.
fn paths(page: &Page) -> Vec<String> {
    let words = page.code().flat_map(str::split_whitespace).map(|word| word.trim_matches(['\'', '"']));
    let is_meant = |path: &&str| {
        let folder = path.split_once('/').map(|(folder, _)| folder);
        folder.is_some_and(|folder| FOLDERS.contains(&folder) || path.ends_with(".rs"))
            && !path.contains(['*', '<', '…', '$'])
    };
    let mut paths: Vec<String> = words.filter(is_meant).map(str::to_owned).collect();
    for (_, lines) in page.blocks.iter().filter(|(language, _)| language == "text") {
        let mut folder = "";
        for line in lines {
            match line.strip_prefix("  ") {
                Some(entry) => paths.push(format!("{folder}{entry}")),
                None => folder = line,
            }
        }
    }
    paths
}

#[test]
fn every_path_is_there() {
    let exists = |path: &str| root().join(path).exists() || root().join("src").join(path).exists();
    let is_elsewhere = |path: &str| ELSEWHERE.contains(&path);
    assert_faultless(|page| {
        paths(page).into_iter().filter(|path| !exists(path) && !is_elsewhere(path)).collect()
    });
}

/// `A_WORD` in backquotes is a configuration key, a variable of something else, or a word of the schema.
#[test]
fn every_variable_is_known() {
    let schema = fs::read_to_string(root().join("schema.graphql")).unwrap();
    // A name that stands for any is no part of a word.
    let keys = KEYS.iter().flat_map(|key| key.name.split(['<', '>']));
    let others = OTHER_VARIABLES.iter().chain(OUTCOMES).copied();
    let known: BTreeSet<&str> = keys.chain(others).chain(schema.split_whitespace()).collect();
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    assert_faultless(|page| {
        let words = page.spans().flat_map(|span| span.split(|c| !is_part(c)));
        let variables = words.filter(|word| word.contains('_') && word.starts_with(char::is_alphabetic));
        variables.filter(|word| !known.contains(word)).map(str::to_owned).collect()
    });
}
