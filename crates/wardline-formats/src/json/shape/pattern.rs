//! Patterns that texts in documents must fit, by name.

use regex::Regex;
use std::sync::LazyLock;

/// A pattern: its name, its expression, and what to say of a text that does not fit.
type Pattern = (&'static str, &'static str, &'static str);

const PATTERNS: &[Pattern] = &[
    ("uri", r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\\^`{|}\x22]*$", "is no URI (RFC 3986)"),
    ("uri-reference", r"^[^\s<>\\^`{|}\x22]*$", "is no URI reference (RFC 3986)"),
    (
        "date-time",
        r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$",
        "is no date with time and zone (RFC 3339)",
    ),
    ("date", r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", "is no date YYYY-MM-DD"),
    ("email", r"^[^@\s]+@[^@\s]+$", "is no mail address"),
    ("uuid", r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", "is no UUID"),
    (
        "sharing-id",
        r"^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|0{8}-(0{4}-){3}0{12}|f{8}-(f{4}-){3}f{12})$",
        "is no UUID of version 4, nor the smallest or largest one",
    ),
    (
        "urn-uuid",
        r"^urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        "is no urn:uuid",
    ),
    ("cve", r"^CVE-[0-9]{4}-[0-9]{4,}$", "is no CVE id"),
    ("cwe", r"^CWE-[1-9]\d{0,5}$", "is no CWE id"),
    ("cwe-version", r"^[1-9]\d*\.([0-9]|([1-9]\d+))(\.\d+)?$", "is no version of the CWE"),
    (
        "cpe",
        r##"^(cpe:2\.3:[aho*\-](:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-])){5}(:(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-]))(:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-])){4}|[cC][pP][eE]:/[AHOaho]?(:[A-Za-z0-9._\-~%]*){0,6})$"##,
        "is no CPE name (2.2 or 2.3)",
    ),
    ("purl", r"^pkg:[A-Za-z.\-+][A-Za-z0-9.\-+]*/.+", "is no package URL"),
    ("hash", r"^[0-9a-fA-F]{32,}$", "is no hash of at least 32 hexadecimal digits"),
    (
        "lang",
        r"^(([A-Za-z]{2,3}(-[A-Za-z]{3}(-[A-Za-z]{3}){0,2})?|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[A-WY-Za-wy-z0-9](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?|[Xx](-[A-Za-z0-9]{1,8})+|[Ii]-[Dd][Ee][Ff][Aa][Uu][Ll][Tt]|[Ii]-[Mm][Ii][Nn][Gg][Oo])$",
        "is no language tag (RFC 5646)",
    ),
    (
        "revision",
        r"^(0|[1-9][0-9]*)$|^((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-((0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(\+([0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*))?)$",
        "is neither a whole number nor a semantic version",
    ),
    ("category", r"^[^\s\-_.](.*[^\s\-_.])?$", "begins or ends with a blank, dash, underscore or dot"),
    ("trimmed", r"^\S(.*\S)?$", "begins or ends with a blank"),
    ("probability", r"^(0\.[0-9]+|1\.0+)$", "is no probability"),
    (
        "stix-id",
        r"^[a-z0-9][a-z0-9-]+[a-z0-9]--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "is no STIX identifier (type--UUID)",
    ),
    (
        "stix-time",
        r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?Z$",
        "is no STIX timestamp (RFC 3339 in UTC)",
    ),
    ("spdx-id", r"^SPDXRef-[A-Za-z0-9.\-]+$", "is no SPDX identifier (SPDXRef-…)"),
    ("spdx-time", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "is no SPDX time (YYYY-MM-DDThh:mm:ssZ)"),
    (
        "cdx-hash",
        r"^([a-fA-F0-9]{32}|[a-fA-F0-9]{40}|[a-fA-F0-9]{64}|[a-fA-F0-9]{96}|[a-fA-F0-9]{128})$",
        "is no hash of 32, 40, 64, 96 or 128 hexadecimal digits",
    ),
    ("spdx-licence", r"^[A-Za-z0-9.+-]+$", "is no identifier of the SPDX licence list"),
    ("hex", r"^[0-9a-fA-F]+$", "is not hexadecimal"),
];

static COMPILED: LazyLock<Vec<(&'static str, Option<Regex>, &'static str)>> = LazyLock::new(|| {
    PATTERNS.iter().map(|(name, expression, why)| (*name, Regex::new(expression).ok(), *why)).collect()
});

/// Identifiers of the SPDX lists.
const LICENCES: &str = include_str!("../../inspect/licences.txt");

/// Whether there is a pattern of that name.
pub(super) fn exists(name: &str) -> bool {
    COMPILED.iter().any(|(known, compiled, _)| *known == name && compiled.is_some())
}

/// What is wrong with a text by a pattern, if anything.
pub(super) fn misfit(name: &str, text: &str) -> Option<&'static str> {
    let (_, compiled, why) = COMPILED.iter().find(|(known, ..)| *known == name)?;
    let listed = name != "spdx-licence"
        || LICENCES.lines().skip(1).flat_map(|line| line.split(' ')).any(|id| id == text);
    let fits = compiled.as_ref().is_none_or(|regex| regex.is_match(text)) && listed;
    (!fits).then_some(*why)
}
