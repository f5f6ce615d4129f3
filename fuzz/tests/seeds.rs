//! Every committed seed, replayed on a stable toolchain; a target without seeds fails.

use ipsec_fuzz::TARGETS;
use std::path::Path;

#[test]
fn seeds() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut run = 0;
        for entry in entries {
            let path = entry.expect("an entry").path();
            println!("{}", path.display());
            target(&std::fs::read(&path).expect("a seed"));
            run += 1;
        }
        assert!(run > 0, "{name} has no seeds");
    }
}
