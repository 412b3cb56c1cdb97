//! Makers by any of their names.

use crate::name::{full_forms, short_forms};
use std::collections::BTreeMap;

/// A maker that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker<'a> {
    /// The name Wardline shows.
    pub canonical: &'a str,
    /// Whether the text is one of the names but for case, accents and punctuation; false when a legal form had
    /// to be taken off.
    pub exact: bool,
}

/// All known makers.
///
/// A name without a legal form stands for every legal form (`Siemens` for `Siemens GmbH`), a name with one for
/// that alone: so a group and its medical business, or two companies of one name, can be told apart.
#[derive(Clone, Debug, Default)]
pub struct Makers {
    names: Vec<String>,
    /// Normalised name to its maker; `None` when two makers claim it: then it says nothing.
    by_form: BTreeMap<String, Option<usize>>,
}

impl Makers {
    /// The makers of a list of canonical names with their aliases; a canonical name is its own alias.
    pub fn new<N, A, I, T>(makers: I) -> Self
    where
        I: IntoIterator<Item = (N, A)>,
        N: AsRef<str>,
        A: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        let mut all = Self::default();
        for (name, aliases) in makers {
            let maker = all.names.len();
            all.names.push(name.as_ref().to_owned());
            all.claim(name.as_ref(), maker);
            for alias in aliases {
                all.claim(alias.as_ref(), maker);
            }
        }
        all
    }

    fn claim(&mut self, name: &str, maker: usize) {
        for form in full_forms(name) {
            let holder = self.by_form.entry(form).or_insert(Some(maker));
            if *holder != Some(maker) {
                *holder = None;
            }
        }
    }

    /// The maker of that name; `None` when it is nobody's name, or the name of two.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<Maker<'_>> {
        let (maker, exact) = match self.holder(&full_forms(name)) {
            Some(holder) => (holder, true),
            None => (self.holder(&short_forms(name))?, false),
        };
        Some(Maker { canonical: self.names.get(maker?)?, exact })
    }

    /// Who holds any of the forms; `Some(None)` when that is disputed.
    fn holder(&self, forms: &[String]) -> Option<Option<usize>> {
        let mut holders = forms.iter().filter_map(|form| self.by_form.get(form)).copied();
        let first = holders.next()?;
        Some(first.filter(|_| holders.all(|other| other == first)))
    }

    /// Names that two makers claim, and that therefore resolve to none.
    pub fn disputed(&self) -> impl Iterator<Item = &str> {
        self.by_form.iter().filter(|(_, maker)| maker.is_none()).map(|(form, _)| form.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makers() -> Makers {
        Makers::new([
            ("Dräger", vec!["Drägerwerk", "Draeger Medical"]),
            ("Philips", vec!["Philips Medical Systems", "Philips Patient Monitoring"]),
            ("Siemens Healthineers", vec!["SIEMENS", "Siemens Healthcare Diagnostics"]),
            ("GE HealthCare", vec!["GE MEDICAL SYSTEMS", "Marquette"]),
            ("Contec Medical Systems", vec!["Qinhuangdao Contec Medical Systems"]),
            ("bioMérieux", vec![]),
            ("One", vec!["Shared Name"]),
            ("Two", vec!["Shared Name"]),
            ("Siemens AG", vec![]),
            ("CONTEC Co., Ltd.", vec![]),
        ])
    }

    fn canonical(name: &str) -> Option<String> {
        makers().resolve(name).map(|maker| maker.canonical.to_owned())
    }

    #[test]
    fn spellings_of_one_maker_come_to_one_name() {
        for name in
            ["Dräger", "DRAEGER", "Drager", "Drägerwerk AG & Co. KGaA", "draegerwerk ag", "Dra\u{308}ger"]
        {
            assert_eq!(canonical(name).as_deref(), Some("Dräger"), "{name}");
        }
        for name in ["PHILIPS", "Philips Medical Systems, Inc.", " philips  medical-systems "] {
            assert_eq!(canonical(name).as_deref(), Some("Philips"), "{name}");
        }
        for name in ["bioMérieux SA", "BIOMERIEUX"] {
            assert_eq!(canonical(name).as_deref(), Some("bioMérieux"), "{name}");
        }
        assert_eq!(canonical("GE MEDICAL SYSTEMS").as_deref(), Some("GE HealthCare"));
    }

    #[test]
    fn likeness_is_not_identity() {
        for name in [
            "CONTEC Co.",       // the Japanese maker of industrial computers
            "Contec",           // whose is it? nobody's, by name alone
            "OFFIS_DCMTK_367",  // a toolkit
            "PYDICOM",          // a toolkit
            "Philips Lighting", // another company by now
            "Phillips",         // a screw
            "Siemens Energy",   // another company
            "GE",               // engines, turbines
            "",
            "Inc.",
            "0000",
        ] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_of_two_makers_is_nobodys() {
        assert_eq!(canonical("Shared Name"), None);
        assert_eq!(makers().disputed().collect::<Vec<_>>(), ["shared name"]);
    }

    #[test]
    fn a_name_with_its_legal_form_stands_for_that_alone() {
        assert_eq!(canonical("SIEMENS").as_deref(), Some("Siemens Healthineers"));
        assert_eq!(canonical("Siemens A.G.").as_deref(), Some("Siemens AG"));
        assert_eq!(canonical("Siemens GmbH").as_deref(), Some("Siemens Healthineers"));
        assert_eq!(canonical("CONTEC CO., LTD.").as_deref(), Some("CONTEC Co., Ltd."));
    }

    #[test]
    fn exact_means_as_it_is_written_but_for_case_and_punctuation() {
        let makers = makers();
        assert!(makers.resolve("draeger, MEDICAL").unwrap().exact);
        assert!(!makers.resolve("Draeger Medical GmbH").unwrap().exact);
        assert!(makers.resolve("Drager").unwrap().exact);
    }
}
