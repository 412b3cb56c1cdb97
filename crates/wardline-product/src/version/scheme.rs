//! How the versions of a product are to be read.

use super::order::{Letters, compare_tokens};
use super::{Day, Token, Version};
use std::cmp::Ordering;

/// The version scheme of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Numbers, letter releases, service packs, builds; leading letters name a line.
    #[default]
    Dotted,
    /// Leading letters are a sequence: `B.02` before `C.01`, `VB10A` before `VC20B`.
    Revision,
    /// Semantic versions: what follows `-` comes before the release, what follows `+` says nothing.
    Semantic,
    /// Days, whatever way they are written.
    Date,
    /// Article, country and release run together: `012U000061` is release 61 for the country U of article 012.
    /// Releases of one country compare, those of two do not; the article may be left out (`U61`).
    Country,
}

/// Names of the schemes in `data/products.toml`.
const NAMES: &[(&str, Scheme)] = &[
    ("dotted", Scheme::Dotted),
    ("revision", Scheme::Revision),
    ("semantic", Scheme::Semantic),
    ("date", Scheme::Date),
    ("country", Scheme::Country),
];

impl Scheme {
    /// The scheme of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, scheme)| *scheme == self).map_or("dotted", |(name, _)| name)
    }

    pub(super) fn compare(self, a: &Version, b: &Version) -> Option<Ordering> {
        match self {
            Self::Dotted => dotted(a, b),
            Self::Revision => compare_tokens(a.tokens(), b.tokens(), Letters::Sequence),
            Self::Semantic => semantic(a, b),
            Self::Date => Some(Day::read(a.text())?.cmp(&Day::read(b.text())?)),
            Self::Country => country(a.tokens(), b.tokens()),
        }
    }
}

/// Days written out (`July 1 2017`) compare as days under any scheme; a day and a number do not compare.
fn dotted(a: &Version, b: &Version) -> Option<Ordering> {
    match (Day::read(a.text()), Day::read(b.text())) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (None, None) => compare_tokens(a.tokens(), b.tokens(), Letters::Line),
        _ => None,
    }
}

fn semantic(a: &Version, b: &Version) -> Option<Ordering> {
    let (a, b) = (without_build(a.text()), without_build(b.text()));
    let (core_a, before_a) = a.split_once('-').map_or((a, None), |(core, before)| (core, Some(before)));
    let (core_b, before_b) = b.split_once('-').map_or((b, None), |(core, before)| (core, Some(before)));
    let cores = compare_tokens(&super::tokens(core_a), &super::tokens(core_b), Letters::Line)?;
    Some(cores.then_with(|| match (before_a, before_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => identifiers(a, b),
    }))
}

fn without_build(text: &str) -> &str {
    text.split_once('+').map_or(text, |(version, _)| version)
}

/// Identifiers before a release (semver.org 2.0, item 11): numbers by value and below words, words by their bytes,
/// fewer below more.
fn identifiers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => x.cmp(y),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The release of a country, with its article where that is told.
fn country(a: &[Token], b: &[Token]) -> Option<Ordering> {
    let (article_a, country_a, release_a) = country_parts(a)?;
    let (article_b, country_b, release_b) = country_parts(b)?;
    let one_article = article_a.zip(article_b).is_none_or(|(a, b)| a == b);
    (one_article && country_a == country_b).then(|| release_a.cmp(&release_b))
}

fn country_parts(tokens: &[Token]) -> Option<(Option<u64>, &str, u64)> {
    match tokens {
        [Token::Number(article), Token::Letters(country), Token::Number(release)] => {
            Some((Some(*article), country, *release))
        }
        // "u" alone with a number may have been read as an update's.
        [Token::Number(article), Token::After(5), Token::Number(release)] => {
            Some((Some(*article), "u", *release))
        }
        [Token::Letters(country), Token::Number(release)] => Some((None, country, *release)),
        _ => None,
    }
}
