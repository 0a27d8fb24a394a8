//! The yardstick of the race: reads every message of a file with checksums and digests, and no more.
#![expect(clippy::print_stdout, reason = "a program of the bench")]

fn main() {
    for path in std::env::args().skip(1) {
        match fieldassay_engine::scan::scan_with_digests(std::path::Path::new(&path)) {
            Ok((messages, digests)) => println!("{path} {messages} {}", digests.sha256),
            Err(error) => println!("{error}"),
        }
    }
}
