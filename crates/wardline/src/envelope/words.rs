//! Words of the program that come back from another process of it: protocol names, rules, counters.
//!
//! There are a few hundred, and each is kept once for as long as the process lives. Limits: [`WORDS_MAX`], of
//! [`WORD_BYTES_MAX`]; a sensor that makes up more is not believed.

use anyhow::{Result, bail};
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

const WORDS_MAX: usize = 4_096;
const WORD_BYTES_MAX: usize = 64;

static WORDS: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

/// The word that reads so.
pub(super) fn word(text: &str) -> Result<&'static str> {
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(word) = words.get(text) {
        return Ok(word);
    }
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if text.is_empty() || text.len() > WORD_BYTES_MAX || !text.bytes().all(plain) {
        bail!("no word of this program: {text:?}");
    }
    if words.len() >= WORDS_MAX {
        bail!("more words than this program has: {text}");
    }
    let word: &'static str = Box::leak(text.to_owned().into_boxed_str());
    words.insert(word);
    Ok(word)
}
