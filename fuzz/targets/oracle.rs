//! Random directories in which it is easy to hit the wrong entry: no plan reaches further than its leavers, no protected or
//! vetoed entry changes, and the order of the inputs does not matter.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use offboard_fuzz::oracle::check;
use offboard_fuzz::random_directory::{Choose, RandomDirectory};

/// Choices from the bytes of an input; the first one of each kind once they are used up.
struct Bytes<'b>(Unstructured<'b>);

impl Choose for Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.0.int_in_range(0..=end - 1).unwrap_or(0)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let choose = &mut Bytes(Unstructured::new(bytes));
    let directory = RandomDirectory::new(choose);
    let reordered = directory.reordered(choose);
    if let Err(violation) = check(&directory, &reordered) {
        panic!("{violation}\n{}", directory.written());
    }
});
