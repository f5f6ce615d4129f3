use crate::hex;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A path in `testdata/`.
pub fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(name)
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folders of `testdata/captures` with IKEv2 traffic, sorted.
pub fn captures() -> Vec<PathBuf> {
    captures_of("ikev2-")
}

/// The folders of `testdata/captures` with IKEv1 traffic, sorted.
pub fn ikev1_captures() -> Vec<PathBuf> {
    captures_of("ikev1-")
}

fn captures_of(prefix: &str) -> Vec<PathBuf> {
    let folder = testdata("captures");
    let entries = std::fs::read_dir(&folder).expect("testdata/captures");
    let is_of =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() && is_of(path))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no captures");
    found
}

/// What is known of a capture: its `truth.json`.
pub fn truth(capture: &Path) -> Value {
    json(&capture.join("truth.json"))
}

/// The groups of a vector file in `testdata/vectors`, by its name without `.json`.
pub fn vectors(file: &str) -> Vec<Group> {
    let Value::Object(mut top) = json(&testdata(&format!("vectors/{file}.json"))) else {
        panic!("{file}: no object")
    };
    let Some(Value::Array(groups)) = top.remove("groups") else { panic!("{file}: no groups") };
    groups.into_iter().map(Group).collect()
}

/// A group of vectors from one source.
#[derive(Debug, Clone)]
pub struct Group(pub Value);

impl Group {
    /// What kind of check the vectors want.
    pub fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    /// The vectors; each also answers for the fields of its group.
    pub fn vectors(&self) -> impl Iterator<Item = Vector<'_>> {
        let list = self.0["vectors"].as_array().expect("vectors");
        list.iter().map(|own| Vector { group: &self.0, own })
    }
}

/// One vector.
#[derive(Debug, Clone, Copy)]
pub struct Vector<'a> {
    group: &'a Value,
    own: &'a Value,
}

impl<'a> Vector<'a> {
    /// A field of the vector or, failing that, of its group.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.own.get(field).or_else(|| self.group.get(field))
    }

    /// A text field; empty if absent.
    pub fn text(&self, field: &str) -> &'a str {
        self.value(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// A hex field as octets; empty if absent.
    pub fn octets(&self, field: &str) -> Vec<u8> {
        hex(self.text(field))
    }

    /// A number field.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.value(field).and_then(Value::as_u64)
    }

    /// A true or false field; false if absent.
    pub fn flag(&self, field: &str) -> bool {
        self.value(field).and_then(Value::as_bool).unwrap_or_default()
    }
}
