use super::{Bounds, Criteria, Match, Node};
use crate::subject::Subject;
use std::sync::Arc;
use wardline_product::{Products, Truth};

const NAMES: [&str; 4] = ["pump", "gateway", "linux_box", "monitor"];

fn products() -> Products {
    Products::default()
}

fn criteria(name: &str, bounds: Bounds<'_>) -> Arc<Criteria> {
    Arc::new(Criteria::read(name, bounds, &products()).unwrap())
}

fn subject(product: &str, version: Option<&str>) -> Subject {
    Subject::new(&products().resolve("acme", product), version)
}

fn leaf(product: &str, vulnerable: bool, below: &'static str) -> Match {
    let bounds = Bounds { below: Some(below), ..Bounds::default() };
    Match { vulnerable, criteria: criteria(&format!("cpe:2.3:a:acme:{product}:*:*:*:*:*:*:*:*"), bounds) }
}

fn node(all: bool, negate: bool, matches: Vec<Match>, children: Vec<Node>) -> Node {
    Node { all, negate, children, matches }
}

/// What an installation holds: a version of each product that is there.
type Facts = [Option<u64>; 4];

/// A formula, as plainly as it can be said.
enum Plain {
    Leaf(usize, bool, u64),
    Group { all: bool, negate: bool, parts: Vec<Plain> },
}

impl Plain {
    fn value(&self, facts: &Facts) -> bool {
        match self {
            Self::Leaf(product, _, below) => facts[*product].is_some_and(|version| version < *below),
            Self::Group { all, negate, parts } => {
                let holds = if *all {
                    parts.iter().all(|part| part.value(facts))
                } else {
                    parts.iter().any(|part| part.value(facts))
                };
                holds != *negate
            }
        }
    }

    /// Whether a vulnerable match of the product is met.
    fn meets(&self, facts: &Facts, product: usize) -> bool {
        match self {
            Self::Leaf(of, vulnerable, _) => *vulnerable && *of == product && self.value(facts),
            Self::Group { parts, .. } => parts.iter().any(|part| part.meets(facts, product)),
        }
    }

    fn build(&self) -> Node {
        match self {
            Self::Leaf(..) => node(false, false, vec![self.leaf()], vec![]),
            Self::Group { all, negate, parts } => {
                let (leaves, groups): (Vec<&Self>, Vec<&Self>) =
                    parts.iter().partition(|part| matches!(part, Self::Leaf(..)));
                let matches = leaves.into_iter().map(Self::leaf).collect();
                node(*all, *negate, matches, groups.into_iter().map(Self::build).collect())
            }
        }
    }

    fn leaf(&self) -> Match {
        let Self::Leaf(product, vulnerable, below) = self else { panic!("no leaf") };
        let below = below.to_string();
        let bounds = Bounds { below: Some(&below), ..Bounds::default() };
        Match {
            vulnerable: *vulnerable,
            criteria: criteria(&format!("cpe:2.3:a:acme:{}:*:*:*:*:*:*:*:*", NAMES[*product]), bounds),
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn formula(&mut self, depth: usize) -> Plain {
        let parts = (0..1 + self.below(3))
            .map(|_| {
                if depth > 0 && self.below(2) == 0 {
                    self.formula(depth - 1)
                } else {
                    Plain::Leaf(self.below(4), self.below(3) > 0, u64::try_from(self.below(6)).unwrap())
                }
            })
            .collect();
        Plain::Group { all: self.below(2) == 0, negate: self.below(6) == 0, parts }
    }
}

/// With everything stated, the verdict is that of the formula read plainly, in both directions.
#[test]
fn a_formula_says_what_its_record_says() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..4_000 {
        let plain = random.formula(2);
        let formula = plain.build();
        let facts: Facts = std::array::from_fn(|_| Some(u64::try_from(random.below(6)).unwrap()));
        let mut device = subject(NAMES[0], Some(&facts[0].unwrap().to_string()));
        for (name, version) in NAMES.iter().zip(facts).skip(1) {
            device =
                device.on(&format!("cpe:2.3:a:acme:{name}:{}:*:*:*:*:*:*:*", version.unwrap()), &products());
        }
        let applied = formula.apply(&device);
        let wanted = plain.value(&facts) && plain.meets(&facts, 0);
        assert_eq!(applied.truth, Truth::from(wanted), "{formula:?} {facts:?}");
        if wanted { yes += 1 } else { no += 1 }
    }
    assert!(yes > 200 && no > 200, "{yes} affected and {no} not: the sample says nothing");
}

/// Whatever is left out of what was stated, the verdict is that of the full facts, or unknown.
#[test]
fn a_missing_fact_never_turns_a_verdict_round_in_conditions() {
    let condition = |negate| node(false, negate, vec![leaf("linux_box", false, "5")], vec![]);
    for negate in [false, true] {
        let formula = node(
            true,
            false,
            vec![],
            vec![node(false, false, vec![leaf("pump", true, "2")], vec![]), condition(negate)],
        );
        let device = subject("pump", Some("1"));
        assert_eq!(formula.apply(&device).truth, Truth::Unknown);
        let on = |version| {
            device.clone().on(&format!("cpe:2.3:a:acme:linux_box:{version}:*:*:*:*:*:*:*"), &products())
        };
        assert_eq!(formula.apply(&on("4")).truth, Truth::from(!negate));
        assert_eq!(formula.apply(&on("6")).truth, Truth::from(negate));
        assert_eq!(formula.apply(&subject("pump", Some("2"))).truth, Truth::False);
    }
}

#[test]
fn the_hardware_a_firmware_runs_on_is_the_device() {
    let firmware = criteria(
        "cpe:2.3:o:bd:alaris_8015_firmware:*:*:*:*:*:*:*:*",
        Bounds { up_to: Some("9.33"), ..Bounds::default() },
    );
    let hardware = criteria("cpe:2.3:h:bd:alaris_8015:-:*:*:*:*:*:*:*", Bounds::default());
    let either = |criteria, vulnerable| node(false, false, vec![Match { vulnerable, criteria }], vec![]);
    let formula = node(true, false, vec![], vec![either(firmware, true), either(hardware, false)]);
    let device = |version| Subject::new(&products().resolve("BD", "Alaris 8015"), version);
    assert_eq!(formula.apply(&device(Some("9.33"))).truth, Truth::True);
    assert_eq!(formula.apply(&device(Some("12.1"))).truth, Truth::False);
    assert_eq!(formula.apply(&device(None)).truth, Truth::Unknown);
    // A condition alone does not make the platform vulnerable.
    let other = node(
        true,
        false,
        vec![],
        vec![
            either(criteria("cpe:2.3:a:acme:agent:1.0:*:*:*:*:*:*:*", Bounds::default()), true),
            either(criteria("cpe:2.3:h:bd:alaris_8015:-:*:*:*:*:*:*:*", Bounds::default()), false),
        ],
    );
    assert!(!other.apply(&device(Some("9.33"))).concerned);
}

#[test]
fn a_stated_system_rules_out_others_and_an_unstated_one_nothing() {
    let formula = node(
        true,
        false,
        vec![],
        vec![
            node(
                false,
                false,
                vec![Match {
                    vulnerable: true,
                    criteria: criteria("cpe:2.3:a:acme:viewer:1.0:*:*:*:*:*:*:*", Bounds::default()),
                }],
                vec![],
            ),
            node(
                false,
                false,
                vec![Match {
                    vulnerable: false,
                    criteria: criteria("cpe:2.3:o:microsoft:windows_10:-:*:*:*:*:*:*:*", Bounds::default()),
                }],
                vec![],
            ),
        ],
    );
    let device = subject("viewer", Some("1.0"));
    assert_eq!(formula.apply(&device).truth, Truth::Unknown);
    for (platform, wanted) in [
        ("Windows 10", Truth::True),
        ("Windows 10 1809", Truth::True),
        ("Windows", Truth::Unknown),
        ("Windows 7", Truth::False),
        ("Linux", Truth::False),
        ("cpe:2.3:o:microsoft:windows_10:1809:*:*:*:*:*:*:*", Truth::True),
        ("cpe:2.3:h:dell:optiplex:-:*:*:*:*:*:*:*", Truth::Unknown),
    ] {
        assert_eq!(formula.apply(&device.clone().on(platform, &products())).truth, wanted, "{platform}");
    }
}

#[test]
fn target_software_is_a_condition_too_and_na_is_no_wildcard() {
    let of = |name| {
        node(
            false,
            false,
            vec![Match { vulnerable: true, criteria: criteria(name, Bounds::default()) }],
            vec![],
        )
    };
    let windows = of("cpe:2.3:a:acme:viewer:*:*:*:*:*:windows:*:*");
    let device = subject("viewer", Some("1.0"));
    assert_eq!(windows.apply(&device).truth, Truth::Unknown);
    assert_eq!(windows.apply(&device.clone().on("Windows 11", &products())).truth, Truth::True);
    assert_eq!(windows.apply(&device.clone().on("Linux", &products())).truth, Truth::False);
    assert_eq!(of("cpe:2.3:a:acme:viewer:-:*:*:*:*:*:*:*").apply(&device).truth, Truth::False);
    assert_eq!(
        of("cpe:2.3:a:acme:viewer:8.0:sp2:*:*:*:*:*:*").apply(&subject("viewer", Some("8.0 SP2"))).truth,
        Truth::True
    );
    assert!(Criteria::read("cpe:2.3:h:intel:*:*:*:*:*:*:*:*:*", Bounds::default(), &products()).is_err());
}
