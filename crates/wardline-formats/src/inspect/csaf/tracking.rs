//! Tests of language, revision history, version and dates (6.1.12, 6.1.14 to 6.1.22, 6.1.28, 6.1.30, 6.1.37).

use super::{Document, Edition, walk};
use crate::inspect::time::instant;
use crate::json::{Node, Pointer};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A version of a document: a whole number or a semantic version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    semantic: bool,
    numbers: [u64; 3],
    pre_release: String,
    build: String,
}

impl Version {
    fn parse(text: &str) -> Self {
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (core, pre_release) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = core.split('.').map(|part| part.parse().unwrap_or(0));
        let numbers = [(); 3].map(|()| parts.next().unwrap_or(0));
        Self {
            semantic: core.contains('.'),
            numbers,
            pre_release: pre_release.to_owned(),
            build: build.to_owned(),
        }
    }

    /// Order of semantic versions (section 11), build metadata left out.
    fn order(&self, other: &Self) -> Ordering {
        let identifier = |a: &str, b: &str| match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        };
        let pre = || match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let (a, b) = (self.pre_release.split('.'), other.pre_release.split('.'));
                let first = a.clone().zip(b.clone()).map(|(a, b)| identifier(a, b)).find(|o| o.is_ne());
                first.unwrap_or_else(|| a.count().cmp(&b.count()))
            }
        };
        self.numbers.cmp(&other.numbers).then_with(pre)
    }

    const fn is_zero(&self) -> bool {
        matches!(self.numbers, [0, ..])
    }
}

/// ISO 639-1 codes.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

pub(super) fn test(document: &mut Document<'_>) {
    languages(document);
    history(document);
    versions(document);
    if document.edition == Edition::V21 {
        dates(document);
    }
}

fn languages(document: &mut Document<'_>) {
    for name in ["lang", "source_lang"] {
        let Some(tag) = document.head.text_of(name) else { continue };
        let place = Pointer::of(&["document", name]);
        let primary = tag.split('-').next().unwrap_or_default().to_lowercase();
        if primary.len() == 2 && !LANGUAGES.split(' ').any(|known| known == primary) {
            document.tell("6.1.12", &place, format!("there is no language \"{primary}\" (ISO 639)"));
        }
        if private(tag) {
            document.tell("6.2.14", &place, "a private language");
        }
        if primary == "i" && tag.eq_ignore_ascii_case("i-default") {
            document.tell("6.2.15", &place, "the default language says nothing");
        }
    }
    let (lang, source) = (document.head.text_of("lang"), document.head.text_of("source_lang"));
    let translator = document.head.of("publisher").text_of("category") == Some("translator");
    if translator && source.is_none() {
        document.tell("6.1.15", &Pointer::of(&["document"]), "a translation must name its source_lang");
    }
    if lang.is_some() && lang == source {
        document.tell(
            "6.1.28",
            &Pointer::of(&["document", "source_lang"]),
            "lang and source_lang are the same",
        );
    }
    if lang.is_none() {
        document.tell("6.2.12", &Pointer::of(&["document"]), "the language is not said");
    }
}

/// Subtags for private use (RFC 5646 section 2.2): languages qaa to qtz, scripts Qaaa to Qabx, regions AA, QM to QZ,
/// XA to XZ and ZZ, and everything behind an x.
fn private(tag: &str) -> bool {
    tag.to_lowercase().split('-').enumerate().any(|(index, part)| match (index, part.len()) {
        (_, 1) => part == "x",
        (0, 3) => ("qaa"..="qtz").contains(&part),
        (0, _) => false,
        (_, 4) => ("qaaa"..="qabx").contains(&part),
        (_, 2) => {
            part == "aa" || part == "zz" || ("qm"..="qz").contains(&part) || ("xa"..="xz").contains(&part)
        }
        _ => false,
    })
}

/// Items of the history with place, time and version, by time.
fn by_time<'n>(document: &Document<'n>) -> Vec<(usize, i128, Version, &'n Node<'n>)> {
    let items = document.tracking.list_of("revision_history").iter().enumerate();
    let mut items: Vec<_> = items
        .map(|(index, item)| {
            let time = item.text_of("date").and_then(instant).unwrap_or_default();
            (index, time, Version::parse(item.text_of("number").unwrap_or_default()), item)
        })
        .collect();
    // Of entries at the same time the version decides.
    items.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.2.order(&b.2)));
    items
}

fn item(index: usize) -> Pointer {
    crate::inspect::at(&["document", "tracking", "revision_history"], index)
}

fn history(document: &mut Document<'_>) {
    let items = by_time(document);
    let released = matches!(document.status(), "final" | "interim");
    if !items.is_sorted_by(|a, b| a.2.order(&b.2).is_le()) {
        let place = Pointer::of(&["document", "tracking", "revision_history"]);
        document.tell("6.1.14", &place, "versions do not rise with the dates");
    }
    let mut seen = BTreeSet::new();
    for (index, _, version, node) in &items {
        let (place, number) = (item(*index).member("number"), node.text_of("number").unwrap_or_default());
        if !seen.insert(number) {
            document.tell("6.1.22", &place, format!("version \"{number}\" is in the history twice"));
        }
        if released && version.is_zero() {
            document.tell("6.1.18", &place, format!("version \"{number}\" was before the first release"));
        }
        if !version.pre_release.is_empty() {
            document.tell("6.1.19", &place, format!("version \"{number}\" is a pre-release"));
        }
        if !version.build.is_empty() {
            document.tell("6.2.4", &place, "build metadata in the revision history");
        }
    }
    missing(document, &items);
}

/// 6.1.21: no whole or major version left out.
fn missing(document: &mut Document<'_>, items: &[(usize, i128, Version, &Node<'_>)]) {
    let mut majors: Vec<u64> = items.iter().map(|(_, _, version, _)| version.numbers[0]).collect();
    majors.sort_unstable();
    majors.dedup();
    let place = Pointer::of(&["document", "tracking", "revision_history"]);
    if let Some(first) = majors.first().copied()
        && first > 1
    {
        document.tell("6.1.21", &place, format!("the history begins with version {first}"));
    }
    let gap = majors.iter().zip(majors.iter().skip(1)).find(|(a, b)| a.saturating_add(1) < **b);
    if let Some((a, b)) = gap {
        document.tell("6.1.21", &place, format!("versions between {a} and {b} are missing"));
    }
}

fn versions(document: &mut Document<'_>) {
    let text = document.tracking.text_of("version").unwrap_or_default();
    let (version, status) = (Version::parse(text), document.status());
    let place = Pointer::of(&["document", "tracking", "version"]);
    if let Some((_, _, last, _)) = by_time(document).last() {
        let (mut a, mut b) = (version.clone(), last.clone());
        if status == "draft" {
            a.pre_release.clear();
            b.pre_release.clear();
        }
        if a.order(&b).is_ne() || a.semantic != b.semantic {
            document.tell("6.1.16", &place, format!("\"{text}\" is not the last version of the history"));
        }
    }
    if status != "draft" && (version.is_zero() || !version.pre_release.is_empty()) {
        let place = Pointer::of(&["document", "tracking", "status"]);
        document.tell("6.1.17", &place, format!("version \"{text}\" can only be a draft"));
    }
    if status != "draft" && !version.pre_release.is_empty() {
        document.tell("6.1.20", &place, format!("\"{text}\" is a pre-release, the document is no draft"));
    }
    let items = document.tracking.list_of("revision_history").iter();
    let numbers = items.filter_map(|item| item.text_of("number")).chain(document.tracking.text_of("version"));
    let kinds: BTreeSet<bool> = numbers.map(|number| Version::parse(number).semantic).collect();
    if kinds.len() > 1 {
        document.tell(
            "6.1.30",
            &Pointer::of(&["document", "tracking"]),
            "whole numbers and semantic versions are mixed",
        );
    }
}

/// 6.1.37: dates are real ones, in the form of RFC 3339 with a capital T and Z, no leap seconds that never were.
fn dates(document: &mut Document<'_>) {
    const NAMES: [&str; 8] = [
        "date",
        "current_release_date",
        "initial_release_date",
        "disclosure_date",
        "discovery_date",
        "exploitation_date",
        "timestamp",
        "release_date",
    ];
    let mut wrong = Vec::new();
    walk(document.root, &Pointer::default(), &mut |pointer, node| {
        for member in node.members().iter().filter(|member| NAMES.contains(&member.name.as_ref())) {
            let Some(text) = member.node.text() else { continue };
            let strict = text.len() > 19
                && text.as_bytes().get(10) == Some(&b'T')
                && !text.ends_with('z')
                && !text.ends_with("-00:00");
            let minute = text.get(17..19) != Some("60");
            if !strict || !minute || instant(text).is_none() {
                wrong.push((pointer.member(&member.name), text.to_owned()));
            }
        }
    });
    for (place, text) in wrong {
        let short: String = text.chars().take(60).collect();
        document.tell("6.1.37", &place, format!("\"{short}\" is no date with time and zone that there is"));
    }
}
