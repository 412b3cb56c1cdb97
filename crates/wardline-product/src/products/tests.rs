use super::{ProductEntry, Products, Takeover, likeness};
use crate::cpe::Cpe;
use crate::maker::Makers;
use crate::version::Scheme;

fn products() -> Products {
    let makers = Makers::new([
        ("BD", vec!["Becton Dickinson", "Becton, Dickinson and Company"]),
        ("CareFusion", vec!["Cardinal Health Alaris"]),
        ("Philips", vec!["Philips Healthcare"]),
        ("Welch Allyn", vec![]),
        ("Hillrom", vec!["Hill-Rom"]),
        ("Baxter", vec![]),
    ]);
    let takeover = |from: &str, to: &str| Takeover { from: from.to_owned(), to: to.to_owned() };
    let strings = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    let entry = ProductEntry {
        maker: "BD".to_owned(),
        name: "Alaris PC Unit 8015".to_owned(),
        aliases: strings(&["Alaris 8015 PC unit", "Alaris Point-of-Care Unit (PCU) Model 8015"]),
        vendors: strings(&["CareFusion"]),
        cpe: strings(&["bd:alaris_8015_pcu_firmware"]),
        scheme: Scheme::Dotted,
        ..ProductEntry::default()
    };
    let takeovers =
        vec![takeover("CareFusion", "BD"), takeover("Welch Allyn", "Hillrom"), takeover("Hillrom", "Baxter")];
    Products::new(makers, takeovers, vec![entry])
}

#[test]
fn names_of_one_product_have_one_key() {
    let products = products();
    let cpe = Cpe::read("cpe:2.3:o:bd:alaris_8015_pcu_firmware:9.7:*:*:*:*:*:*:*").unwrap();
    let key = products.resolve_cpe(&cpe).unwrap().key;
    for (vendor, product) in [
        ("BD", "Alaris PC Unit 8015"),
        ("Becton, Dickinson and Company (BD)", "BD Alaris Point-of-Care Unit (PCU) Model 8015"),
        ("CareFusion", "Alaris 8015 PC unit"),
        ("becton dickinson", "ALARIS 8015 PC UNIT™"),
    ] {
        let resolved = products.resolve(vendor, product);
        assert_eq!((resolved.key.as_str(), resolved.confidence), (key.as_str(), 1.0), "{vendor} {product}");
        assert_eq!(products.key(vendor, product), key);
    }
    for (a, b) in [
        (("Baxter", "Baxter Baxter Connex Health Portal"), ("Hill-Rom", "Connex Health Portal")),
        (("Welch Allyn", "Connex Spot Monitor"), ("Baxter", "Connex Spot Monitor")),
        (("Philips", "Philips IntelliSpace PACS"), ("Philips Healthcare", "Intellispace-PACS")),
        (("Someone Ltd.", "Thing"), ("SOMEONE", "thing firmware")),
    ] {
        assert_eq!(products.key(a.0, a.1), products.key(b.0, b.1), "{a:?} {b:?}");
    }
    assert_eq!(
        products.key_of_cpe("philips", "intellispace_pacs"),
        products.key("Philips", "IntelliSpace PACS")
    );
}

#[test]
fn other_products_have_other_keys() {
    let products = products();
    for (a, b) in [
        (("BD", "Alaris 8015 PC unit"), ("BD", "Alaris 8000 PC unit")),
        (("BD", "Alaris 8015 PC unit"), ("Philips", "Alaris 8015 PC unit")),
        (("BD", "Alaris"), ("BD", "Alaris GH")),
        (("Philips", "Philips"), ("Philips", "")),
    ] {
        assert_ne!(products.key(a.0, a.1), products.key(b.0, b.1), "{a:?} {b:?}");
    }
}

#[test]
fn likeness_is_told_with_its_reason_and_stops_at_numbers() {
    let products = products();
    let alike = |a, b| likeness(&products.key("BD", a), &products.key("BD", b));
    assert!(alike("Alaris PC Unit", "Alaris 8000 PC unit").unwrap().why.contains("adds 8000"));
    assert!(alike("Kiestra Inoqula", "Kiestra Inoqula+").is_none());
    assert!(alike("Inteliport", "Intelliport").unwrap().why.contains("one letter"));
    assert!(alike("Viper LT", "Viper LT system").unwrap().why.contains("words of kind"));
    for (a, b) in [
        ("Alaris 8000", "Alaris 8001"),
        ("Brava CRT-D", "Amplia CRT-D"),
        ("MiniMed 508", "MiniMed 530G"),
        ("Pump", "Monitor"),
        ("MX450", "MX500"),
    ] {
        assert!(alike(a, b).is_none(), "{a} and {b}");
    }
    assert!(likeness(&products.key("BD", "Alaris"), &products.key("Philips", "Alaris PC")).is_none());
}
