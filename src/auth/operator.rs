//! The person at the command line.

/// Proof that the caller runs this program with its configuration in hand, and so
/// already holds the database: the command line makes it, and nothing else may.
#[derive(Debug)]
pub struct Operator(());

impl Operator {
    /// Called by `cli` alone (held by `tests/layering.rs`).
    #[must_use]
    pub fn at_the_command_line() -> Self {
        Self(())
    }
}
