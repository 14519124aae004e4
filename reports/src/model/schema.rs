//! The JSON schema of a results file, generated from the model.

use super::Results;

/// The JSON schema (draft 2020-12) of `isolab-results/2`, as text that ends in a newline.
pub fn json() -> String {
    let schema = schemars::schema_for!(Results);
    // A schema is a tree of strings and numbers, which always has a text.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
