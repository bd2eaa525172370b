//! The words that a key of the policy takes: each is a variant of an enum, which strum names.

use strum::VariantArray;

/// An enum whose variants a policy writes as words.
pub trait Word: VariantArray + Copy + Into<&'static str> {
    /// All words, in the order of the variants.
    fn words() -> Vec<&'static str> {
        Self::VARIANTS.iter().map(|variant| (*variant).into()).collect()
    }

    /// The variant of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|variant| (*variant).into() == word)
    }
}

impl<T: VariantArray + Copy + Into<&'static str>> Word for T {}
