//! Prints the figures: `ratios [--json] [--only PREFIX]`.

use testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() {
    let (mut json, mut prefix) = (false, String::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--only" => prefix = arguments.next().expect("--only wants a prefix"),
            other => panic!("unknown argument {other}"),
        }
    }
    for figure in benches::figures(&prefix) {
        if json {
            println!("{{\"name\": \"{}\", \"value\": {:.4}}}", figure.name, figure.value);
        } else {
            println!("{:<44} {:>8.3}", figure.name, figure.value);
        }
    }
}
