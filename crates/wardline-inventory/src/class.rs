//! The class of a device: what it is for.
//!
//! In: clues that name a class code. Out: the surest code, with a confidence that the next best code lowers:
//! two classes with equal right are a coin toss, and its confidence says so.

use crate::choose;
use crate::clue::Clue;
use wardline_model::Confidence;

/// Below this a class is not shown: it must be more likely than not.
pub(crate) const CONFIDENCE_MIN: u32 = 50;

/// The class code and how sure it is.
pub(crate) fn of<'a>(clues: impl Iterator<Item = Clue<'a>>) -> Option<(String, Confidence)> {
    let ranked = choose::rank(clues, str::to_owned);
    let best = ranked.first()?;
    let against = ranked.get(1).map_or(0, |second| {
        // Within a family (a chemistry or an immunology analyser) a second opinion weighs half.
        let family = |code: &str| code.split('.').next().unwrap_or_default().to_owned();
        let weight = if family(&second.value) == family(&best.value) { 4 } else { 2 };
        u32::from(second.confidence) / weight
    });
    let confidence = u32::from(best.confidence) * (100 - against) / 100;
    (confidence >= CONFIDENCE_MIN).then(|| (best.value.clone(), u8::try_from(confidence).unwrap_or(99)))
}
