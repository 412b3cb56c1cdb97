//! Names of companies in a form that compares: lower case, no accents, no punctuation, no legal form.

/// Longest name looked at, in bytes: longer texts are not names.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// Words that only say what sort of company it is. Taken from the end of a name, never the last word left.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "and",
    "aps",
    "as",
    "asa",
    "bv",
    "bvba",
    "cc",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "gmbh",
    "inc",
    "incorporated",
    "kabushiki",
    "kaisha",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "sasu",
    "se",
    "sl",
    "slu",
    "spa",
    "srl",
    "sro",
    "spzoo",
    "zoo",
];

/// A name in the forms that compare, legal form kept: accents dropped (`Drager`) and, where that differs,
/// written out as German and Scandinavian names are (`Draeger`).
pub(crate) fn full_forms(name: &str) -> Vec<String> {
    forms(name, |_| {})
}

/// The same without the legal form.
pub(crate) fn short_forms(name: &str) -> Vec<String> {
    forms(name, |words| {
        while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(&word.as_str())) {
            words.pop();
        }
    })
}

fn forms(name: &str, shorten: impl Fn(&mut Vec<String>)) -> Vec<String> {
    let mut forms = Vec::new();
    for written_out in [false, true] {
        let mut words = words(name, written_out);
        shorten(&mut words);
        let form = words.join(" ");
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn words(name: &str, written_out: bool) -> Vec<String> {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut plain = String::new();
    for c in name[..end].chars().flat_map(char::to_lowercase) {
        match c {
            // "S.p.A.", "A/S", "L'Air": one word.
            '.' | '/' | '\'' | '’' => {}
            // The accent of a letter written as two characters.
            '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => push_plain(c, written_out, &mut plain),
            _ => plain.push(' '),
        }
    }
    let words: Vec<String> = plain.split_whitespace().map(str::to_owned).collect();
    join_kg_aa(words)
}

/// `KG aA` is written in two words.
fn join_kg_aa(mut words: Vec<String>) -> Vec<String> {
    if let [.., kg, aa] = words.as_slice()
        && kg == "kg"
        && aa == "aa"
    {
        words.pop();
    }
    words
}

fn push_plain(c: char, written_out: bool, plain: &mut String) {
    match c {
        'ä' | 'æ' if written_out => plain.push_str("ae"),
        'ö' | 'ø' | 'œ' if written_out => plain.push_str("oe"),
        'ü' if written_out => plain.push_str("ue"),
        'å' if written_out => plain.push_str("aa"),
        'à'..='å' | 'æ' | 'ā' | 'ă' | 'ą' => plain.push('a'),
        'ç' | 'ć' | 'č' => plain.push('c'),
        'ď' | 'đ' | 'ð' => plain.push('d'),
        'è'..='ë' | 'ē' | 'ę' | 'ě' => plain.push('e'),
        'ğ' => plain.push('g'),
        'ì'..='ï' | 'ī' | 'ı' => plain.push('i'),
        'ł' => plain.push('l'),
        'ñ' | 'ń' | 'ň' => plain.push('n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'œ' => plain.push('o'),
        'ř' => plain.push('r'),
        'ś' | 'ş' | 'š' => plain.push('s'),
        'ß' => plain.push_str("ss"),
        'ť' | 'ţ' => plain.push('t'),
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => plain.push('u'),
        'ý' | 'ÿ' => plain.push('y'),
        'ź' | 'ż' | 'ž' => plain.push('z'),
        other => plain.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_fall_off_the_end_only() {
        for (name, wanted) in [
            ("VMware, Inc.", "vmware"),
            ("Becton, Dickinson and Company", "becton dickinson"),
            ("Drägerwerk AG & Co. KGaA", "dragerwerk"),
            ("Drägerwerk AG & Co. KG aA", "dragerwerk"),
            ("ESAOTE S.p.A.", "esaote"),
            ("Radiometer Medical A/S", "radiometer medical"),
            ("Shenzhen Mindray Bio-Medical Electronics Co.,Ltd.", "shenzhen mindray bio medical electronics"),
            ("CO", "co"),
            ("AG Neovo", "ag neovo"),
            ("bioMérieux SA", "biomerieux"),
            ("biome\u{301}rieux", "biomerieux"),
        ] {
            assert_eq!(short_forms(name)[0], wanted);
        }
    }

    #[test]
    fn a_full_form_keeps_the_legal_form() {
        assert_eq!(full_forms("CONTEC Co., Ltd."), ["contec co ltd"]);
        assert_eq!(short_forms("CONTEC Co., Ltd."), ["contec"]);
    }

    #[test]
    fn accents_are_dropped_or_written_out() {
        assert_eq!(short_forms("DRÄGER"), ["drager", "draeger"]);
        assert_eq!(short_forms("Brüel & Kjær"), ["bruel kjar", "brueel kjaer"]);
        assert_eq!(short_forms("Draeger"), ["draeger"]);
    }

    #[test]
    fn any_text_is_bounded() {
        assert_eq!(short_forms(""), [""; 0]);
        assert_eq!(short_forms(" .,& "), [""; 0]);
        assert!(full_forms(&"é".repeat(100_000))[0].len() <= NAME_BYTES_MAX);
    }
}
