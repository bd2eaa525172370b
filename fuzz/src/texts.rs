//! Exports in memory, which are cut into blocks of any size.

use std::convert::Infallible;
use std::ops::ControlFlow;

use offboard::directory::Exports;
use offboard::directory::scan::BlockText;
use offboard::ldif::lines::last_record_boundary;

/// Exports in memory.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The text of each export.
    pub texts: Vec<Vec<u8>>,
    /// Approximate length of a block, in bytes.
    pub block: usize,
    /// Whether they are read without the fast path.
    pub is_thorough: bool,
}

impl Texts {
    /// Exports that are read in one block each.
    pub fn new(texts: Vec<Vec<u8>>) -> Self {
        Self { texts, block: usize::MAX, is_thorough: false }
    }

    /// Cuts a text into blocks as `io::source` does; each block with the number of its first line.
    pub fn blocks(text: &[u8], size: usize) -> Vec<(u64, &[u8])> {
        let mut blocks = Vec::new();
        let mut line = 1;
        let mut rest = text;
        while !rest.is_empty() {
            let mut wanted = size;
            let end = loop {
                if wanted >= rest.len() {
                    break rest.len();
                }
                if let Some(end) = last_record_boundary(&rest[..wanted]) {
                    break end;
                }
                wanted = wanted.saturating_mul(2);
            };
            let (block, after) = rest.split_at(end);
            blocks.push((line, block));
            line += block.iter().filter(|byte| **byte == b'\n').count() as u64;
            rest = after;
        }
        blocks
    }
}

impl Exports for Texts {
    type Error = Infallible;

    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (export, text) in self.texts.iter().enumerate() {
            let export = u16::try_from(export).unwrap_or(u16::MAX);
            for (first_line, bytes) in Self::blocks(text, self.block) {
                if take(work(BlockText { export, first_line, bytes })).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn is_thorough(&self) -> bool {
        self.is_thorough
    }
}
