//! Wireshark's tables, written as the keys are made.

use ipsec::ike::{ChildSaKeys, IkeSaKeys, KeyLog};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub struct Tables {
    ike: Mutex<File>,
    esp: Mutex<File>,
}

impl Tables {
    pub fn create(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let open = |name: &str| {
            let path = folder.join(name);
            let file = OpenOptions::new().create(true).append(true).open(&path);
            file.map(Mutex::new).map_err(|error| format!("{}: {error}", path.display()))
        };
        Ok(Self { ike: open("ikev2_decryption_table")?, esp: open("esp_sa")? })
    }
}

/// A line that cannot be written is missed by whoever reads the table, and by nobody else.
fn add(file: &Mutex<File>, line: &dyn core::fmt::Display) {
    let _ = writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
}

impl KeyLog for Tables {
    fn ike_sa(&self, keys: &IkeSaKeys<'_>) {
        add(&self.ike, keys);
    }

    fn child_sa(&self, keys: &ChildSaKeys<'_>) {
        add(&self.esp, keys);
    }
}
