//! CVSS 4.0, section 8: the MacroVector, its score, and how far below its most severe vectors this one lies.
//!
//! Six equivalence classes (EQ) sum up the metrics; EQ3 and EQ6 depend on each other and count as one. Each class has
//! its most severe vectors, and the score falls in proportion to the steps away from them (section 8.2), over whole
//! numbers. Supplemental metrics do not change a score.

use super::{Rating, Score, Vector, Version};

/// Least common multiple of the depths below: steps become whole numbers.
const WHOLE: i64 = 840;

/// Scores of the MacroVectors in tenths (section 8.3): by EQ1 and EQ2, then EQ3 and EQ6 together (`00`, `01`, `10`,
/// `11`, `21`), then EQ4 and EQ5. Numbers as FIRST publishes them.
const SCORES: [[[i64; 9]; 5]; 6] = [
    // EQ1 0, EQ2 0
    [
        [100, 98, 95, 100, 93, 91, 93, 89, 81],
        [99, 95, 92, 96, 87, 81, 90, 80, 68],
        [98, 95, 90, 93, 89, 81, 88, 78, 69],
        [95, 92, 84, 92, 81, 65, 80, 70, 48],
        [92, 82, 72, 79, 69, 50, 69, 55, 27],
    ],
    // EQ1 0, EQ2 1
    [
        [99, 95, 92, 95, 90, 84, 92, 82, 72],
        [97, 92, 85, 91, 83, 71, 81, 71, 53],
        [95, 92, 85, 92, 80, 70, 84, 71, 50],
        [93, 85, 73, 82, 72, 59, 70, 52, 30],
        [86, 75, 52, 71, 52, 29, 63, 29, 17],
    ],
    // EQ1 1, EQ2 0
    [
        [98, 94, 91, 94, 86, 77, 87, 74, 63],
        [95, 87, 81, 89, 74, 64, 75, 63, 49],
        [94, 88, 76, 86, 74, 59, 72, 57, 52],
        [89, 77, 67, 76, 58, 50, 57, 52, 25],
        [83, 70, 54, 65, 58, 26, 53, 21, 13],
    ],
    // EQ1 1, EQ2 1
    [
        [95, 88, 76, 90, 75, 61, 77, 68, 52],
        [90, 76, 70, 77, 62, 53, 66, 59, 30],
        [89, 76, 62, 74, 57, 47, 61, 57, 24],
        [78, 67, 58, 59, 57, 23, 52, 29, 16],
        [71, 59, 30, 58, 26, 15, 23, 13, 6],
    ],
    // EQ1 2, EQ2 0
    [
        [93, 86, 75, 86, 74, 56, 70, 52, 40],
        [87, 72, 58, 74, 61, 34, 54, 40, 22],
        [85, 74, 62, 72, 55, 46, 53, 34, 19],
        [75, 55, 51, 57, 41, 19, 36, 19, 8],
        [64, 51, 20, 47, 21, 11, 24, 9, 4],
    ],
    // EQ1 2, EQ2 1
    [
        [88, 73, 60, 73, 59, 41, 54, 45, 20],
        [75, 53, 50, 55, 40, 20, 43, 22, 11],
        [75, 58, 40, 61, 48, 20, 46, 17, 8],
        [55, 45, 21, 51, 18, 9, 18, 7, 2],
        [53, 24, 14, 24, 12, 5, 10, 3, 1],
    ],
];

/// A metric with what it says, most severe first.
type Steps = (&'static str, &'static [&'static str]);

const AV: Steps = ("AV", &["N", "A", "L", "P"]);
const PR: Steps = ("PR", &["N", "L", "H"]);
const UI: Steps = ("UI", &["N", "P", "A"]);
const AC: Steps = ("AC", &["L", "H"]);
const AT: Steps = ("AT", &["N", "P"]);
const VC: Steps = ("VC", &["H", "L", "N"]);
const VI: Steps = ("VI", &["H", "L", "N"]);
const VA: Steps = ("VA", &["H", "L", "N"]);
const SC: Steps = ("SC", &["S", "H", "L", "N"]);
const SI: Steps = ("SI", &["S", "H", "L", "N"]);
const SA: Steps = ("SA", &["S", "H", "L", "N"]);
const CR: Steps = ("CR", &["H", "M", "L"]);
const IR: Steps = ("IR", &["H", "M", "L"]);
const AR: Steps = ("AR", &["H", "M", "L"]);

/// A class: its metrics, and per level the most severe vectors (section 8.2, tables 24 to 28; each letter one metric)
/// and its depth in steps.
struct Class {
    metrics: &'static [Steps],
    levels: &'static [(&'static [&'static str], i64)],
}

const EQ1: Class = Class {
    metrics: &[AV, PR, UI],
    levels: &[(&["NNN"], 1), (&["ANN", "NLN", "NNP"], 4), (&["PNN", "ALP"], 5)],
};
const EQ2: Class = Class { metrics: &[AC, AT], levels: &[(&["LN"], 1), (&["HN", "LP"], 2)] };
const EQ36: Class = Class {
    metrics: &[VC, VI, VA, CR, IR, AR],
    levels: &[
        (&["HHHHHH"], 7),
        (&["HHLMMH", "HHHMMM"], 6),
        (&["LHHHHH", "HLHHHH"], 8),
        (&["LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"], 8),
        (&["LLLHHH"], 10),
    ],
};
const EQ4: Class = Class { metrics: &[SC, SI, SA], levels: &[(&["HSS"], 6), (&["HHH"], 5), (&["LLL"], 4)] };

/// What holds of a metric: modified before base, and the worst where nothing is said.
fn holds(vector: &Vector, metric: &str) -> &'static str {
    match (metric, vector.modified(metric)) {
        ("E", "X") => "A",
        ("CR" | "IR" | "AR", "X") => "H",
        (_, value) => value,
    }
}

/// The levels of a vector: EQ1, EQ2, EQ3 with EQ6 as a row of the table, EQ4, EQ5.
#[derive(Clone, Copy)]
struct Macro {
    eq1: usize,
    eq2: usize,
    eq36: usize,
    eq4: usize,
    eq5: usize,
}

impl Macro {
    fn of(vector: &Vector) -> Self {
        let is = |metric: &str, value: &str| holds(vector, metric) == value;
        let open = [is("AV", "N"), is("PR", "N"), is("UI", "N")];
        let eq1 = if open == [true; 3] {
            0
        } else if open != [false; 3] && !is("AV", "P") {
            1
        } else {
            2
        };
        let high = [is("VC", "H"), is("VI", "H"), is("VA", "H")];
        let required = [is("CR", "H"), is("IR", "H"), is("AR", "H")];
        let eq6 = usize::from(!high.iter().zip(required).any(|(high, required)| *high && required));
        let eq36 = match high {
            [true, true, _] => eq6,
            [false, false, false] => 4,
            _ => 2 + eq6,
        };
        let eq4 = if is("SI", "S") || is("SA", "S") {
            0
        } else {
            2 - usize::from(is("SC", "H") || is("SI", "H") || is("SA", "H"))
        };
        let eq5 = match holds(vector, "E") {
            "A" => 0,
            "P" => 1,
            _ => 2,
        };
        Self { eq1, eq2: usize::from(!(is("AC", "L") && is("AT", "N"))), eq36, eq4, eq5 }
    }

    /// The score of the MacroVector, when there is one of these levels.
    fn score(self) -> Option<i64> {
        if self.eq2 > 1 || self.eq4 > 2 || self.eq5 > 2 {
            return None;
        }
        SCORES.get(self.eq1 * 2 + self.eq2)?.get(self.eq36)?.get(self.eq4 * 3 + self.eq5).copied()
    }

    /// The score one level lower in EQ3 and EQ6: the higher one where both can be lowered.
    fn lower_eq36(self) -> Option<i64> {
        let to = |eq36| Self { eq36, ..self }.score();
        match self.eq36 {
            0 => to(1).max(to(2)),
            1 | 2 => to(3),
            3 => to(4),
            _ => None,
        }
    }
}

impl Class {
    /// Steps of a vector below the first of the level's most severe vectors that is nowhere less severe.
    fn steps(&self, vector: &Vector, level: usize) -> (i64, i64) {
        let (most_severe, depth) = self.levels[level];
        let rank =
            |(_, values): &Steps, value: &str| values.iter().position(|known| *known == value).unwrap_or(0);
        let below = |worst: &&str| {
            let letters = worst.char_indices().map(|(at, letter)| &worst[at..at + letter.len_utf8()]);
            self.metrics.iter().zip(letters).try_fold(0, |sum, (metric, letter)| {
                let steps = rank(metric, holds(vector, metric.0)).checked_sub(rank(metric, letter))?;
                Some(sum + steps)
            })
        };
        let steps = most_severe.iter().find_map(below).unwrap_or(0);
        (i64::try_from(steps).unwrap_or(0), depth)
    }
}

pub(super) fn rate(vector: &Vector) -> Rating {
    let at = Macro::of(vector);
    let harmless = ["VC", "VI", "VA", "SC", "SI", "SA"].iter().all(|metric| holds(vector, metric) == "N");
    let tenths = if harmless { 0 } else { at.score().map_or(0, |score| lowered(vector, at, score)) };
    let base = Score::from_tenths(u8::try_from(tenths.clamp(0, 100)).unwrap_or(0));
    Rating { version: Version::V4, base, temporal: None, environmental: None }
}

/// The score less the mean of what each class takes away in proportion to its steps, rounded half up.
fn lowered(vector: &Vector, at: Macro, score: i64) -> i64 {
    let classes = [
        (Macro { eq1: at.eq1 + 1, ..at }.score(), EQ1.steps(vector, at.eq1)),
        (Macro { eq2: at.eq2 + 1, ..at }.score(), EQ2.steps(vector, at.eq2)),
        (at.lower_eq36(), EQ36.steps(vector, at.eq36)),
        (Macro { eq4: at.eq4 + 1, ..at }.score(), EQ4.steps(vector, at.eq4)),
        // EQ5 has one metric: nothing lies between its levels.
        (Macro { eq5: at.eq5 + 1, ..at }.score(), (0, 1)),
    ];
    let lower = classes.iter().filter_map(|(lower, steps)| Some((score - (*lower)?, *steps)));
    let mut count = 0;
    let mut taken = 0;
    for (distance, (steps, depth)) in lower.filter(|(distance, _)| *distance >= 0) {
        count += 1;
        taken += distance * steps * (WHOLE / depth);
    }
    if count == 0 {
        return score;
    }
    let whole = WHOLE * count;
    (2 * (score * whole - taken) + whole).div_euclid(2 * whole)
}
