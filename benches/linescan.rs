//! The baseline of `benches/run`: finds the logical lines of files with `memchr`, and decodes nothing.
//!
//! `cargo run --release --example linescan -- FILE...`
//!
//! It reads into a buffer that stays in the processor's cache. No LDIF reader can be faster on one thread. Prints the
//! number of logical lines and the number of blank lines.

use std::fs::File;
use std::io::{Read, Result, Write};

const BUFFER: usize = 256 << 10;

fn main() -> Result<()> {
    let (mut lines, mut blank) = (0_u64, 0_u64);
    let mut buffer = vec![0; BUFFER];
    for name in std::env::args().skip(1) {
        let mut file = File::open(name)?;
        // Whether the next block begins at the start of a line.
        let mut at_start = true;
        loop {
            let size = file.read(&mut buffer)?;
            let block = &buffer[..size];
            let Some(first) = block.first() else { break };
            if at_start {
                count(*first, &mut lines, &mut blank);
            }
            for end in memchr::memchr_iter(b'\n', block) {
                if let Some(next) = block.get(end + 1) {
                    count(*next, &mut lines, &mut blank);
                }
            }
            at_start = block.last() == Some(&b'\n');
        }
    }
    writeln!(std::io::stdout(), "{lines} {blank}")
}

/// Counts a line by its first byte; continuation lines are not counted.
fn count(first: u8, lines: &mut u64, blank: &mut u64) {
    match first {
        b' ' => {}
        b'\n' => *blank += 1,
        _ => *lines += 1,
    }
}
