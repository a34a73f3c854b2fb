//! What a socket lives through while it is open: tokens, rights, limits, silence, and the end of everything.

mod authority;
mod bounds;
mod leaving;
mod memory;
mod protocol;
mod renewal;

use serde_json::Value;

const ME: &str = "{ viewer { email } }";
const WATCH: &str = "subscription { sessionEvents { kind } }";

/// The code of the first of a list of errors.
fn code_of(errors: &Value) -> &str {
    errors[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {errors}"))
}
