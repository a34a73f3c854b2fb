//! What operators set up from `deploy/monitoring` and read in `docs/metrics.md` names the metrics that there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use crate::{
    metrics::scrape,
    support::{backend, process::Installation, socket::Socket},
};

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The metrics of a page's table: name → kind.
fn documented(path: &str) -> BTreeMap<String, String> {
    let page = read(path);
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        Some((name, cells.next()?.to_owned()))
    };
    page.lines().filter_map(row).collect()
}

#[tokio::test]
async fn the_documents_list_what_is_reported() {
    let all = documented("docs/metrics.md");
    assert_eq!(documented("docs/metrics.zh-CN.md"), all);

    let installation = Installation::new().await.with("METRICS_ADDR", "127.0.0.1:0");
    let server = installation.serve().await;
    // What has never happened is not reported.
    let zhang = server.with_user("张三").await;
    zhang.refresh().await.data();
    zhang.query("{ nothing }").await.code();
    let mut socket = Socket::watch(&zhang).await;
    zhang.query("mutation { signOut }").await.data();
    assert_eq!(socket.close_code().await, 4403);

    let backup = installation.run(&["backup"]).await;
    assert!(backup.success, "{}", backup.err);

    let report = scrape(&server).await;
    let kinds = report.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let reported: BTreeMap<String, String> = kinds
        .map(|(name, kind)| {
            (if kind == "counter" { format!("{name}_total") } else { name.to_owned() }, kind.to_owned())
        })
        .collect();
    for (name, kind) in &reported {
        assert_eq!(all.get(name), Some(kind), "{name}");
    }
    let absent: Vec<&String> = all.keys().filter(|name| !reported.contains_key(*name)).collect();
    let without_redis = if backend::redis().is_some() { None } else { Some("redis_failures_total") };
    assert_eq!(absent, without_redis.into_iter().collect::<Vec<_>>());
}

/// Words of PromQL, and the labels that stand in expressions.
const WORDS: &[&str] = &[
    "absent",
    "and",
    "by",
    "changes",
    "code",
    "count",
    "for",
    "histogram_quantile",
    "increase",
    "instance",
    "job",
    "kind",
    "le",
    "max",
    "min",
    "name",
    "on",
    "or",
    "outcome",
    "rate",
    "route",
    "state",
    "status",
    "sum",
    "tier",
    "cache",
    "time",
    "topk",
    "up",
    "vector",
    "label_values",
];

/// The names in expressions that are no words of the language, no values and no lengths of time.
fn metrics_in(expression: &str) -> BTreeSet<String> {
    let values = expression.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let outside: String = values.split(['[', ']']).step_by(2).collect::<Vec<_>>().join(" ");
    let words = outside.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    names.filter(|name| !WORDS.contains(name)).map(str::to_owned).collect()
}

fn check(source: &str, expressions: impl IntoIterator<Item = String>) {
    let all = documented("docs/metrics.md");
    let is_series = |name: &str| {
        let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix));
        match all.get(name) {
            Some(kind) => kind != "histogram",
            None => histogram.is_some_and(|name| all.get(name).is_some_and(|kind| kind == "histogram")),
        }
    };
    let mut seen = 0;
    for expression in expressions {
        for name in metrics_in(&expression) {
            assert!(is_series(&name), "{source}: there is no {name}, in {expression}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{source}: {seen}");
}

#[test]
fn alerts_name_metrics_that_exist() {
    let rules = read("deploy/monitoring/fastgpt-platform.rules.yml");
    let expressions = rules.split("expr:").skip(1).map(|rest| {
        let end = ["\n        for:", "\n        labels:"].iter().filter_map(|next| rest.find(next)).min();
        rest[..end.unwrap()].trim_start_matches([' ', '|']).to_owned()
    });
    check("the alerts", expressions);
}

#[test]
fn the_dashboard_names_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&read("deploy/monitoring/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    check("the dashboard", targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
}
