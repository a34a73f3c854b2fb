//! API keys: what programs of a user's call the API with.

pub mod live;
