//! Looking for texts within texts.

use sea_orm::sea_query::LikeExpr;

/// A LIKE pattern that finds `text` anywhere and takes none of its characters for a wildcard.
#[must_use]
pub fn containing(text: &str) -> LikeExpr {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
