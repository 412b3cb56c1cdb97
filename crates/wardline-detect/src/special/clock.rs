//! Clocks that are wrong: not by the clock of the capture alone, which may itself be wrong, but by what most clocks say.
//!
//! Every device that tells its time has one vote, and so has the capture. Right is what most of them agree on, within
//! [`APART`]; where no two agree, the capture's clock stands. So a laptop that is hours off blames nobody.

use crate::{Shows, matcher};
use wardline_model::{Attribute, Device};

/// Seconds by which a clock may differ from the others: results of one examination still fall in order.
const APART: i64 = 300;

/// What most clocks say, as their difference from that of the capture.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    right: i64,
    agree: usize,
}

impl Clocks {
    /// Asks all devices.
    pub(crate) fn among(devices: &[Device]) -> Self {
        let mut votes: Vec<i64> = devices.iter().filter_map(vote).collect();
        votes.push(0);
        votes.sort_unstable();
        let near =
            |right: i64| votes.iter().filter(|vote| vote.abs_diff(right) < APART.unsigned_abs()).count();
        let capture = Self { right: 0, agree: near(0) };
        votes.iter().fold(capture, |best, &right| {
            let agree = near(right);
            if agree > best.agree { Self { right, agree } } else { best }
        })
    }

    /// Whether the clock of a device differs from those of most others.
    pub(crate) fn look<'d>(&self, device: &'d Device) -> Shows<'d> {
        let differs = |seconds: i64| seconds.abs_diff(self.right) >= APART.unsigned_abs();
        let Some(seconds) = vote(device).filter(|seconds| differs(*seconds)) else { return Shows::default() };
        let wrong = matcher::of(device, Attribute::ClockOffset)
            .filter(|evidence| evidence.value.parse().is_ok_and(differs));
        let mut shows = Shows::of(wrong.collect());
        let (apart, way) =
            (seconds.abs_diff(self.right), if seconds < self.right { "behind" } else { "ahead" });
        let of = match self.agree {
            0 | 1 => "the clock of the capture".to_owned(),
            many => format!("what {many} clocks agree on"),
        };
        shows.remark = Some(format!("It is {} {way} of {of}.", period(apart)).replace("behind of", "behind"));
        shows
    }
}

/// What the clock of a device says: the middle of all that was heard.
fn vote(device: &Device) -> Option<i64> {
    let said = matcher::of(device, Attribute::ClockOffset).filter_map(|evidence| evidence.value.parse().ok());
    let mut said: Vec<i64> = said.collect();
    said.sort_unstable();
    said.get(said.len() / 2).copied()
}

/// Seconds in the largest unit that people would say.
fn period(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        172_800..63_072_000 => (seconds / 86_400, "days"),
        _ => (seconds / 31_536_000, "years"),
    };
    format!("{number} {unit}")
}
