use super::*;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

/// A container of members, deflated, written by hand from APPNOTE 4.3.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut all, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(content).unwrap();
        let packed = packer.finish().unwrap();
        let [size, whole, at] =
            [packed.len(), content.len(), all.len()].map(|n| u32::try_from(n).unwrap().to_le_bytes());
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common =
            [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size, &whole, &length, &[0, 0]].concat();
        all.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        let entry = [b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at, name.as_bytes()].concat();
        directory.extend(entry);
    }
    let [size, at] = [directory.len(), all.len()].map(|n| u32::try_from(n).unwrap().to_le_bytes());
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    all.extend([&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &size, &at, &[0, 0]].concat());
    all
}

/// A workbook of one sheet as Excel lays it out.
pub(crate) fn workbook_of(sheet: &str, strings: &[&str]) -> Vec<u8> {
    let strings: String = strings.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let strings = format!("<sst>{strings}</sst>");
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = format!(
        "<workbook xmlns:r='{relation}'><sheets><sheet name='Form &amp; notes' sheetId='1' r:id='rId1'/></sheets></workbook>"
    );
    let root = format!(
        "<Relationships><Relationship Id='a' Type='{relation}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
    );
    let related = format!(
        "<Relationships><Relationship Id='rId1' Type='{relation}/worksheet' Target='/xl/worksheets/sheet1.xml'/>\
         <Relationship Id='rId2' Type='{relation}/sharedStrings' Target='sharedStrings.xml'/>\
         <Relationship Id='rId3' Type='{relation}/styles' Target='styles.xml'/></Relationships>"
    );
    let styles = "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='0 \"days\"'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='170'/></cellXfs></styleSheet>";
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", main.as_bytes()),
        ("xl/_rels/workbook.xml.rels", related.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet>{sheet}</worksheet>").as_bytes()),
    ])
}

#[test]
fn cells_of_every_sort_are_read() {
    let sheet = "<sheetData><row r='2'><c r='B2' t='s'><v>1</v></c><c r='C2' s='1'><v>45292.5</v></c>\
        <c r='D2' s='2'><v>7</v></c><c t='inlineStr'><is><r><t>one </t></r><r><t xml:space='preserve'>&lt;two&gt;</t></r></is></c>\
        <c r='F2' t='b'><v>1</v></c><c r='XFD2' t='e'><f>1/0</f><v>#DIV/0!</v></c><c r='H2'><f>A1</f></c></row></sheetData>\
        <mergeCells><mergeCell ref='B2:D2'/></mergeCells>";
    let workbook = read(&workbook_of(sheet, &["a", "b&#228;"])).unwrap();
    let [sheet] = workbook.sheets.as_slice() else { panic!("one sheet") };
    assert_eq!(sheet.name, "Form & notes");
    let texts: Vec<(String, &str)> = sheet
        .cells
        .iter()
        .map(|((row, column), cell)| (reference(*row, *column), cell.text.as_str()))
        .collect();
    let want = [
        ("B2", "bä"),
        ("C2", "2024-01-01T12:00:00"),
        ("D2", "7"),
        ("E2", "one <two>"),
        ("F2", "TRUE"),
        ("H2", ""),
        ("XFD2", "#DIV/0!"),
    ];
    assert_eq!(texts, want.map(|(at, text)| (at.to_owned(), text)));
    assert_eq!(sheet.last_column(1, 1), 3);
    assert!(sheet.cells[&(1, 16_383)].error && sheet.cells[&(1, 7)].formula);
}

#[test]
fn bombs_and_entities_are_refused_with_their_place() {
    let why = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let even = vec![b' '; 70 << 20];
    let mut members: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", &even)];
    assert!(why(&zip(&members)).contains("unpacks to"), "{}", why(&zip(&members)));
    members[1].1 = b"<!DOCTYPE a [<!ENTITY b 'c'>]><workbook>&b;</workbook>";
    assert!(why(&zip(&members)).contains("xl/workbook.xml 1:1: a workbook has no document type"));
    members[1].1 = b"<workbook>&b;</workbook>";
    assert!(why(&zip(&members)).contains("xl/workbook.xml 1:11: an entity"));
    let names: Vec<String> = (0..5_000).map(|n| format!("m{n}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(why(&zip(&many)).contains("more than 4096 members"));
    assert!(why(b"PK\x03\x04").contains("directory"));
}

#[test]
fn every_prefix_and_every_changed_byte_ends() {
    let whole = workbook_of("<sheetData><row><c t='s'><v>0</v></c></row></sheetData>", &["AUDT-1"]);
    for end in 0..whole.len() {
        let _ = read(&whole[..end]);
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = read(&changed);
    }
}
