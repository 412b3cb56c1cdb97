use super::*;
use std::fmt::Write;
use std::time::Instant;

const CYCLONEDX: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"timestamp":"2024-05-01T00:00:00Z","authors":[{"name":"Acme"}],
 "component":{"type":"device","name":"Pump","version":"7","bom-ref":"p","supplier":{"name":"Acme"},"cpe":"cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*"}},
 "components":[{"type":"framework","name":"web","version":"2","bom-ref":"w"},
 {"type":"library","group":"org.openssl","name":"openssl","version":"1.0.1e","bom-ref":"o","purl":"pkg:generic/openssl@1.0.1e","publisher":"OpenSSL","hashes":[{"alg":"MD5","content":"0"}]}],
 "dependencies":[{"ref":"p","dependsOn":["w"]},{"ref":"w","dependsOn":["o","gone"]},{"ref":"o","dependsOn":["w"]}]}"#;

const XML: &str = "<bom xmlns='http://cyclonedx.org/schema/bom/1.5'><metadata><timestamp>2024-05-01T00:00:00Z</timestamp><authors><author><name>Acme</name></author></authors>
<component type='device' bom-ref='p'><supplier><name>Acme</name></supplier><name>Pump</name><version>7</version><cpe>cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*</cpe></component></metadata>
<components><component type='framework' bom-ref='w'><name>web</name><version>2</version></component>
<component type='library' bom-ref='o'><publisher>OpenSSL</publisher><group>org.openssl</group><name>openssl</name><version>1.0.1e</version><hashes><hash alg='MD5'>0</hash></hashes><purl>pkg:generic/openssl@1.0.1e</purl></component></components>
<dependencies><dependency ref='p'><dependency ref='w'/></dependency><dependency ref='w'><dependency ref='o'/></dependency><dependency ref='o'><dependency ref='w'/></dependency></dependencies></bom>";

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"created":"2024-05-01T00:00:00Z","creators":["Organization: Acme (a@b)"]},"packages":[
 {"SPDXID":"SPDXRef-p","name":"Pump","versionInfo":"7","supplier":"Organization: Acme","externalRefs":[{"referenceType":"cpe23Type","referenceLocator":"cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*"}]},
 {"SPDXID":"SPDXRef-w","name":"web","versionInfo":"2","supplier":"NOASSERTION"},
 {"SPDXID":"SPDXRef-o","name":"org.openssl/openssl","versionInfo":"1.0.1e","supplier":"Organization: OpenSSL ()","checksums":[{"algorithm":"MD5","checksumValue":"0"}],"externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:generic/openssl@1.0.1e"}]}],
 "relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-p"},
 {"spdxElementId":"SPDXRef-p","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-w"},
 {"spdxElementId":"SPDXRef-o","relationshipType":"DEPENDENCY_OF","relatedSpdxElement":"SPDXRef-w"},
 {"spdxElementId":"SPDXRef-o","relationshipType":"DEPENDS_ON","relatedSpdxElement":"SPDXRef-w"}]}"#;

const TAGS: &str = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nCreator: Organization: Acme\nCreated: 2024-05-01T00:00:00Z\n\
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-p\nPackageName: Pump\nSPDXID: SPDXRef-p\nPackageVersion: 7\nPackageSupplier: Organization: Acme\n\
PackageComment: <text>several\nPackageVersion: lines</text>\nExternalRef: SECURITY cpe23Type cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*\n\
PackageName: web\nSPDXID: SPDXRef-w\nPackageVersion: 2\nPackageName: org.openssl/openssl\nSPDXID: SPDXRef-o\nPackageVersion: 1.0.1e\n\
PackageSupplier: Organization: OpenSSL\nPackageChecksum: MD5: 0\nExternalRef: PACKAGE-MANAGER purl pkg:generic/openssl@1.0.1e\n\
FileName: ./x\nSPDXID: SPDXRef-x\nRelationship: SPDXRef-p DEPENDS_ON SPDXRef-w\nRelationship: SPDXRef-w DEPENDS_ON SPDXRef-o\nRelationship: SPDXRef-w DEPENDENCY_OF SPDXRef-o\n";

const SPDX3: &str = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
 {"type":"CreationInfo","@id":"_:c","specVersion":"3.0.1","created":"2024-05-01T00:00:00Z","createdBy":["urn:a"]},
 {"type":"Organization","spdxId":"urn:a","name":"Acme","creationInfo":"_:c"},{"type":"Organization","spdxId":"urn:s","name":"OpenSSL","creationInfo":"_:c"},
 {"type":"software_Sbom","spdxId":"urn:b","creationInfo":"_:c","rootElement":["urn:p"]},
 {"type":"software_Package","spdxId":"urn:p","name":"Pump","software_packageVersion":"7","suppliedBy":"urn:a","externalIdentifier":[{"type":"ExternalIdentifier","externalIdentifierType":"cpe23","identifier":"cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*"}]},
 {"type":"software_Package","spdxId":"urn:w","name":"web","software_packageVersion":"2"},
 {"type":"software_Package","spdxId":"urn:o","name":"org.openssl/openssl","software_packageVersion":"1.0.1e","suppliedBy":"urn:s","software_packageUrl":"pkg:generic/openssl@1.0.1e","verifiedUsing":[{"type":"Hash","algorithm":"MD5","hashValue":"0"}]},
 {"type":"Relationship","spdxId":"urn:1","from":"urn:p","to":["urn:w"],"relationshipType":"contains"},
 {"type":"Relationship","spdxId":"urn:2","from":"urn:w","to":["urn:o"],"relationshipType":"dependsOn"},
 {"type":"Relationship","spdxId":"urn:3","from":"urn:o","to":["urn:w"],"relationshipType":"dependsOn"}]}"#;

#[test]
fn every_format_says_the_same() {
    for (format, text) in
        [("json", CYCLONEDX), ("xml", XML), ("spdx", SPDX), ("tags", TAGS), ("spdx3", SPDX3)]
    {
        let sbom = read(text.as_bytes()).unwrap_or_else(|why| panic!("{format}: {why}"));
        let told: Vec<[&str; 6]> = sbom
            .components
            .iter()
            .map(|c| {
                let cpe = c.cpes.first().map_or("", String::as_str);
                [
                    &*c.name,
                    &*c.version,
                    &*c.supplier,
                    &*c.purl,
                    cpe,
                    c.hashes.first().map_or("", |(alg, _)| alg),
                ]
            })
            .collect();
        let want = [
            ["Pump", "7", "Acme", "", "cpe:2.3:h:acme:pump:7:*:*:*:*:*:*:*", ""],
            ["web", "2", "", "", "", ""],
            ["org.openssl/openssl", "1.0.1e", "OpenSSL", "pkg:generic/openssl@1.0.1e", "", "MD5"],
        ];
        assert_eq!(told, want, "{format}");
        assert_eq!((sbom.subject, &*sbom.edges), (Some(0), &[(0, 1), (1, 2), (2, 1)][..]), "{format}");
        assert_eq!(
            (&*sbom.authors, &*sbom.timestamp),
            (&["Acme".to_owned()][..], "2024-05-01T00:00:00Z"),
            "{format}"
        );
        // The circle of the two last ones ends, and the way to the inner one is the shortest.
        assert_eq!(sbom.ways().to(2), [0, 1, 2], "{format}");
        let complete = sbom.completeness();
        assert_eq!(
            (complete.depth, complete.supplied, complete.identified, complete.related),
            (2, 2, 2, 3),
            "{format}"
        );
        assert_eq!(complete.percent(), 90, "{format}");
    }
}

#[test]
fn parts_within_parts_are_edges_and_loose_ones_are_counted() {
    let nested = r#"{"bomFormat":"CycloneDX","components":[{"name":"a","components":[{"name":"b","components":[{"name":"c"}]}]}]}"#;
    let sbom = read(nested.as_bytes()).unwrap();
    assert_eq!((sbom.edges.as_slice(), sbom.ways().to(2)), (&[(0, 1), (1, 2)][..], vec![0, 1, 2]));
    assert_eq!(sbom.components[2].place, "/components/0/components/0/components/0");
    assert_eq!(read(CYCLONEDX.as_bytes()).unwrap().loose, 1);
    assert_eq!(Sbom::default().completeness().percent(), 0);
    assert_eq!(read(b"x").unwrap_err().place, "1:1");
    assert_eq!(read(b"{\"bomFormat\":\n}").unwrap_err().place, "2:1");
}

#[test]
fn what_changed_between_two_versions_is_told() {
    let later = CYCLONEDX.replace("1.0.1e", "3.0.9").replace("\"name\":\"web\"", "\"name\":\"net\"");
    let [old, new] = [CYCLONEDX, &later].map(|text| read(text.as_bytes()).unwrap());
    let change = compare::Change {
        name: "org.openssl/openssl".into(),
        before: vec!["1.0.1e".into()],
        after: vec!["3.0.9".into()],
    };
    let difference = compare::compare(&old, &new);
    assert_eq!(difference.changed, [change]);
    assert_eq!(difference.added, [("net".to_owned(), "2".to_owned())]);
    assert_eq!(difference.removed, [("web".to_owned(), "2".to_owned())]);
    assert_eq!(compare::compare(&old, &old), compare::Difference { same: 2, ..Default::default() });
    let purl = |text: &str| compare::identity(&Component { purl: text.into(), ..Component::default() });
    assert_eq!(purl("pkg:npm/%40a/b@1?x=y#z"), purl("pkg:npm/%40a/b@2"));
    assert_ne!(purl("pkg:npm/a@1"), purl("pkg:npm/b@1"));
}

#[test]
fn every_prefix_ends_in_an_answer() {
    for text in [CYCLONEDX, XML, SPDX, TAGS, SPDX3] {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = read(&text.as_bytes()[..end]).map(|sbom| sbom.completeness());
        }
    }
}

/// The documents of the development tree are read, and say how many components they have.
#[test]
fn documents_of_the_development_tree_are_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/conform");
    if !root.is_dir() {
        eprintln!("SKIPPED: no conformance documents at ../shared/data/conform");
        return;
    }
    let (mut count, mut components, mut edges) = (0_usize, 0_usize, 0_usize);
    let mut folders = ["cyclonedx-bom-examples", "spdx", "cyclonedx"].map(|name| root.join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !name.ends_with(".textproto") && !name.starts_with("invalid") {
                let sbom = read(&std::fs::read(&path).unwrap()).unwrap_or_else(|why| panic!("{name}: {why}"));
                (count, components, edges) =
                    (count + 1, components + sbom.components.len(), edges + sbom.edges.len());
                assert!(sbom.completeness().percent() <= 100);
            }
        }
    }
    println!("{count} documents, {components} components, {edges} edges");
    assert!(count >= 300 && components >= 3_000 && edges >= 3_000);
}

/// A document of so many components, drawn from a pool of packages and versions.
fn generated(seed: usize, count: usize) -> String {
    let mut text = String::from(r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":["#);
    for index in 0..count {
        let package = (seed * 7_919 + index * 104_729) % 60_000;
        let version = (seed + package) % 40;
        let comma = if index == 0 { "" } else { "," };
        write!(text, r#"{comma}{{"type":"library","bom-ref":"r{index}","name":"lib-package-{package}","version":"1.{version}","purl":"pkg:generic/lib-package-{package}@1.{version}"}}"#).unwrap();
    }
    text.push_str(r#"],"dependencies":["#);
    for index in 1..count {
        let comma = if index == 1 { "" } else { "," };
        write!(text, r#"{comma}{{"ref":"r{}","dependsOn":["r{index}"]}}"#, index / 3).unwrap();
    }
    text + "]}"
}

/// The goals: a document of 50 000 components in 5 s, an answer over 2 000 documents and a million components in
/// 100 ms. The limits here are looser, since tests share a machine; what was measured is printed.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is measured is how long it takes")]
fn a_million_components_are_searched_at_once() {
    let large = generated(1, 50_000);
    let start = Instant::now();
    let sbom = read(large.as_bytes()).unwrap();
    let complete = sbom.completeness();
    let took = start.elapsed();
    println!("50000 components ({} MB) read and rated in {took:?}", large.len() / 1_000_000);
    assert_eq!((complete.components, complete.related), (50_000, 50_000));
    assert!(took.as_secs() < 5, "{took:?}");
    let mut index = find::Index::default();
    for seed in 0..2_000 {
        let components = (0..500).map(|number| {
            let package = (seed * 7_919 + number * 104_729) % 60_000;
            let name = if (seed + number) % 100_003 == 0 {
                "log4j-core".to_owned()
            } else {
                format!("lib-package-{package}")
            };
            Component { name, version: format!("1.{}", (seed + package) % 40), ..Component::default() }
        });
        index.add(&Sbom { components: components.collect(), ..Sbom::default() });
    }
    assert_eq!(index.len(), (2_000, 1_000_000));
    for (word, version, least) in [
        ("LOG4J", None, 1),
        ("package-59", None, 1_000),
        ("lib-package-123", Some("1.3"), 1),
        ("e", None, 1_000_000),
        ("nowhere", None, 0),
    ] {
        let start = Instant::now();
        let (count, found) = index.find(word, version, 1_000);
        let took = start.elapsed();
        println!("{word} {version:?}: {count} in {took:?}");
        assert!(
            count >= least && found.len() == count.min(1_000) && (least > 0 || count == 0),
            "{word}: {count}"
        );
        assert!(took.as_millis() < 100, "{word}: {took:?}");
    }
}
