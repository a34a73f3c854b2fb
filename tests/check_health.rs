//! `deploy/check-health.sh`, with a stand-in for the program and a webhook that keeps what it is told.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the script runs in place of the program: says what the file `report` says.
const PROGRAM: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 2
if [ "$1" = healthcheck ]; then [ ! -e stopped ]; exit; fi
cat report
! grep -q '✗' report
"#;

struct Watch {
    folder: TempDir,
    webhook: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let webhook = format!("http://{}/robot?token=1", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&told);
        std::thread::spawn(move || {
            for mut caller in listener.incoming().map_while(Result::ok) {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !is_whole(&request) {
                    let length = caller.read(&mut buffer).unwrap();
                    request.extend_from_slice(&buffer[..length]);
                }
                let request = String::from_utf8(request).unwrap();
                keep.lock().unwrap().push(request.split_once("\r\n\r\n").unwrap().1.to_owned());
                caller
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { folder, webhook, told }
    }

    fn finds(&self, report: &str) {
        fs::write(self.folder.path().join("report"), report).unwrap();
    }

    /// Runs the script: whether it found all well, and what it printed.
    fn run(&self, settings: &[(&str, &str)]) -> (bool, String) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/check-health.sh");
        let output = Command::new(script)
            .env("FASTGPT_PLATFORM", self.folder.path().join("program"))
            .env("STATE_FILE", self.folder.path().join("state/health"))
            .env("WEBHOOK_URL", &self.webhook)
            .envs(settings.iter().copied())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    /// What the webhook was told since the last call.
    fn told(&self) -> Vec<Value> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        told.iter().map(|body| serde_json::from_str(body).unwrap_or_else(|_| panic!("{body}"))).collect()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    body.len() >= length.parse::<usize>().unwrap()
}

const WELL: &str = "Storage\n  ✓ Database: fine\n  ! Redis: hm\n    → do it\n\n1 ok, 1 warnings, 0 failed\n";

fn failed(lines: &str) -> String {
    format!("Storage\n{lines}  ! Redis: hm\n    → do it\n\n0 ok, 1 warnings, 1 failed\n")
}

#[test]
fn alarms_are_raised_once_and_end_once() {
    let watch = Watch::start();
    watch.finds(WELL);
    assert_eq!(watch.run(&[]), (true, String::new()), "silent when all is well");
    assert!(watch.told().is_empty());

    let database = "  ✗ Database: \"away\" \\ for 3 s\n    → start\tit\n";
    watch.finds(&failed(database));
    let (well, said) = watch.run(&[]);
    assert!(!well && said.contains(database.trim_end()) && !said.contains("Redis"), "{said}");
    let told = watch.told();
    let text = told[0]["text"].as_str().unwrap();
    assert!(text.ends_with("needs help:\n  ✗ Database: \"away\" \\ for 3 s\n    → start it"), "{text}");

    watch.finds(&failed("  ✗ Database: \"away\" for 9 s\n"));
    assert_eq!(watch.run(&[]), (false, String::new()), "other figures are no news");
    assert!(!watch.run(&[("REPEAT_AFTER", "0")]).1.is_empty());
    watch.finds(&failed("  ✗ Database: away\n  ✗ SITE_URL: away\n"));
    assert!(watch.run(&[]).1.contains("SITE_URL"), "another failure is news");
    assert_eq!(watch.told().len(), 2);

    watch.finds(WELL);
    assert!(watch.run(&[]).1.contains("has recovered"));
    assert_eq!(watch.run(&[]), (true, String::new()));
    assert!(watch.told()[0]["text"].as_str().unwrap().ends_with("has recovered"));
}

#[test]
fn an_alarm_that_did_not_get_through_is_raised_again() {
    let watch = Watch::start();
    watch.finds(&failed("  ✗ Database: away\n"));
    for _ in 0..2 {
        assert!(watch.run(&[("WEBHOOK_URL", "http://127.0.0.1:1/")]).1.contains("Database"));
    }
    assert!(watch.run(&[]).1.contains("Database"));
    assert_eq!(watch.told().len(), 1);
}

#[test]
fn a_server_that_is_stopped_and_a_program_that_is_missing_are_alarms() {
    let watch = Watch::start();
    watch.finds(WELL);
    fs::write(watch.folder.path().join("stopped"), "").unwrap();
    assert!(watch.run(&[("WEBHOOK_URL", "")]).1.contains("✗ Server: not ready"));
    let (well, said) = watch.run(&[("WEBHOOK_URL", ""), ("FASTGPT_PLATFORM", "/nowhere/program")]);
    assert!(!well && said.contains("✗ Doctor: ") && said.contains("/nowhere/program"), "{said}");
}

/// Each in the form that its makers document.
#[test]
fn robots_are_told_in_their_own_form() {
    let watch = Watch::start();
    let content = |told: &Value, pointer: &str| told.pointer(pointer).is_some_and(Value::is_string);
    for (robot, kind, pointer) in [
        ("oapi.dingtalk.com", "msgtype", "/text/content"),
        ("qyapi.weixin.qq.com", "msgtype", "/text/content"),
        ("open.feishu.cn", "msg_type", "/content/text"),
        ("hooks.slack.com", "", "/text"),
    ] {
        watch.finds(&failed(&format!("  ✗ {robot}: away\n")));
        // The name of the robot is a part of the path here.
        assert!(!watch.run(&[("WEBHOOK_URL", &watch.webhook.replace("robot", &format!("{robot}/x")))]).0);
        let told = watch.told();
        assert!(content(&told[0], pointer), "{told:?}");
        assert!(kind.is_empty() || told[0][kind] == json!("text"), "{told:?}");
    }
}
