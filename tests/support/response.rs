//! An answer, and what tests ask of it.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null for a body that is no JSON.
    pub(crate) json: Value,
}

impl Response {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, json }
    }

    /// `data` of an answer that has no errors.
    pub(crate) fn data(&self) -> &Value {
        assert!(self.json.get("errors").is_none() && self.json["data"].is_object(), "{}", self.text);
        &self.json["data"]
    }

    /// What is at a JSON pointer in `data`.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.data().pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {}", self.text))
    }

    pub(crate) fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer} in {}", self.text)).into()
    }

    pub(crate) fn list_at(&self, pointer: &str) -> &[Value] {
        self.at(pointer).as_array().unwrap_or_else(|| panic!("no list at {pointer} in {}", self.text))
    }

    /// `key` of each object of the list at `pointer`.
    pub(crate) fn texts_at(&self, pointer: &str, key: &str) -> Vec<String> {
        self.list_at(pointer).iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    }

    /// The only error.
    pub(crate) fn error(&self) -> &Value {
        match self.json["errors"].as_array().map(Vec::as_slice) {
            Some([error]) => error,
            _ => panic!("not one error: {}", self.text),
        }
    }

    /// The only error's code.
    pub(crate) fn code(&self) -> &str {
        self.error()["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    pub(crate) fn message(&self) -> &str {
        self.error()["message"].as_str().unwrap()
    }

    /// Field and rule of every violation, of an answer that was refused for nothing else.
    pub(crate) fn violations(&self) -> Vec<(&str, &str)> {
        assert_eq!(self.code(), "INVALID_INPUT", "{}", self.text);
        let violations = self.error()["extensions"]["violations"].as_array().unwrap();
        let explained =
            |violation: &Value| violation["message"].as_str().is_some_and(|text| !text.is_empty());
        assert!(violations.iter().all(explained), "{}", self.text);
        violations
            .iter()
            .map(|violation| (violation["field"].as_str().unwrap(), violation["rule"].as_str().unwrap()))
            .collect()
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
