//! That the table of the README says what the code does.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use ipsec_crypto_suite::{AeadId, CipherId, KexId, MacId, PrfId, Protection, SignatureId, rustcrypto};

/// The cells of the row of an algorithm: of its own name, or of its family's where the row lists key lengths or hashes.
fn row(name: &str) -> Vec<String> {
    let readme = include_str!("../README.md");
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let fits = |first: &str| match first.split_once(", ") {
        None => first == name,
        Some((family, members)) => members.trim_start_matches("with SHA2-").split('/').any(|member| {
            let hash = members.starts_with("with SHA2-");
            let parts: Vec<_> = name.split('-').collect();
            let own: Vec<_> =
                parts.iter().copied().filter(|part| *part != member && !(hash && *part == "SHA2")).collect();
            own.len() + 1 + usize::from(hash) == parts.len() && own.join("-") == family
        }),
    };
    let mut rows =
        readme.lines().filter(|line| line.starts_with("| ")).map(cells).filter(|row| fits(&row[0]));
    let found = rows.next().unwrap_or_else(|| panic!("no row for {name}"));
    assert_eq!(rows.next(), None, "two rows for {name}");
    found
}

/// Whether a cell holds the number as a word.
fn says(cell: &str, number: impl ToString) -> bool {
    cell.split([' ', ',']).any(|word| word == number.to_string())
}

fn check(name: &str, ikev2: u16, legacy: bool, default: bool) {
    let row = row(name);
    assert!(says(&row[1], ikev2), "{name}: IKEv2 {ikev2} in {row:?}");
    assert_eq!(row[5] == "`legacy`", legacy, "{name}: {row:?}");
    assert!(!default || row[5].starts_with("yes"), "{name}: {row:?}");
    assert!(default || !row[5].starts_with("yes") || row[5].contains('('), "{name}: {row:?}");
}

#[test]
fn the_table_has_every_algorithm_with_its_numbers_and_defaults() {
    let defaults = || Protection::IKE_DEFAULTS.iter().chain(Protection::ESP_DEFAULTS).copied();
    for id in AeadId::ALL {
        check(id.name(), id.ikev2().0, false, defaults().any(|one| one == Protection::Aead(*id)));
        if let Some((esp, _)) = id.ikev1_esp() {
            assert!(says(&row(id.name())[2], esp), "{id}");
        }
    }
    for id in CipherId::ALL {
        let default =
            defaults().any(|one| matches!(one, Protection::Composed { cipher, .. } if cipher == *id));
        check(id.name(), id.ikev2().0, id.is_legacy(), default);
        let numbers =
            [id.ikev1_esp().map(|(esp, _)| u16::from(esp)), id.ikev1_phase_1().map(|(phase_1, _)| phase_1)];
        assert!(numbers.into_iter().flatten().all(|number| says(&row(id.name())[2], number)), "{id}");
    }
    for id in MacId::ALL {
        let default = defaults().any(|one| matches!(one, Protection::Composed { mac, .. } if mac == *id));
        check(id.name(), id.ikev2(), id.is_legacy(), default);
        let numbers = [id.ikev1(), id.ikev1_ah().map(u16::from)];
        assert!(numbers.into_iter().flatten().all(|number| says(&row(id.name())[2], number)), "{id}");
    }
    for id in PrfId::ALL {
        check(id.name(), id.ikev2(), id.is_legacy(), PrfId::DEFAULTS.contains(id));
    }
    for id in KexId::ALL {
        check(id.name(), id.ikev2(), id.is_legacy(), KexId::DEFAULTS.contains(id));
        let group = id.ikev1().is_some_and(|group| says(&row(id.name())[2], group));
        assert_eq!(group, id.ikev1().is_some(), "{id}");
    }
    for id in SignatureId::ALL {
        assert_eq!(row(id.name())[5] == "`legacy`", id.is_legacy(), "{id}");
    }
    assert!(rustcrypto::provider().aeads.len() == AeadId::ALL.len());
}
