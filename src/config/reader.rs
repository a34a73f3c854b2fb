//! Reads single values and remembers everything that is wrong with them.

use std::{borrow::Cow, collections::HashMap, fmt, time::Duration};

/// The environment as it was at start: name → value.
pub type Vars = HashMap<String, String>;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The environment variable.
    pub key: Cow<'static, str>,
    /// What is wrong and what would be right. Never the value of a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Hands out typed values; problems pile up instead of stopping at the first.
pub(super) struct Reader<'a> {
    vars: &'a Vars,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(vars: &'a Vars) -> Self {
        Self { vars, problems: Vec::new() }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn problem(&mut self, key: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.problems.push(Problem { key: key.into(), message: message.into() });
    }

    /// What stands between `prefix` and `suffix` in the names of variables that have a value, in order.
    pub(super) fn names_between(&self, prefix: &str, suffix: &str) -> Vec<&'a str> {
        let between = |name: &'a String| name.strip_prefix(prefix)?.strip_suffix(suffix);
        let mut names: Vec<&str> =
            self.vars.keys().filter(|key| self.text(key).is_some()).filter_map(between).collect();
        names.sort_unstable();
        names
    }

    /// The text of a variable; an empty one counts as absent.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.vars.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The parsed value of a variable, `None` when it is absent or wrong.
    pub(super) fn parsed<T>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let key = key.into();
        match parse(self.text(&key)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(key, message);
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        let parse = |text: &str| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("\"{text}\" is not a whole number from {} to {}", range.start(), range.end())),
        };
        self.parsed(key, parse).unwrap_or(default)
    }

    /// A length of time such as `15m` or `30d`, at least one second.
    pub(super) fn duration(&mut self, key: &'static str, default: Duration) -> Duration {
        let parse = |text: &str| match humantime::parse_duration(text) {
            Ok(duration) if duration >= Duration::from_secs(1) && duration <= MAX_DURATION => Ok(duration),
            _ => Err(format!(
                "\"{text}\" is not a length of time; write 30s, 15m, 12h or 30d (1s to 10 years)"
            )),
        };
        self.parsed(key, parse).unwrap_or(default)
    }
}

const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
