use super::*;
use crate::workbook;
use crate::workbook::tests::workbook_of;
use std::fmt::Write;

/// A sheet of rows; each cell by its column.
fn sheet(rows: &[&[(&str, &str)]]) -> String {
    let mut xml = String::from("<sheetData>");
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        write!(xml, "<row r='{number}'>").unwrap();
        for (column, text) in *row {
            match text.strip_prefix('=') {
                Some(result) => {
                    write!(xml, "<c r='{column}{number}' t='str'><f>X1</f><v>{result}</v></c>").unwrap();
                }
                None => {
                    write!(xml, "<c r='{column}{number}' t='inlineStr'><is><t>{text}</t></is></c>").unwrap();
                }
            }
        }
        xml.push_str("</row>");
    }
    xml + "</sheetData>"
}

fn form(rows: &[&[(&str, &str)]]) -> Form {
    read(&workbook::read(&workbook_of(&sheet(rows), &[])).unwrap()).unwrap()
}

/// Question ids, says and places.
fn told(form: &Form) -> Vec<(&str, &Says, &str, &str)> {
    form.answers
        .iter()
        .map(|one| (one.id.as_str(), &one.says, one.note.as_str(), one.place.as_str()))
        .collect()
}

#[test]
fn the_form_of_2019_is_read_wherever_its_columns_stand() {
    // The maker put a column before the ids, one between question and answer, and references behind.
    let form = form(&[
        &[("B", "Question ID"), ("C", "Question"), ("E", "Acme"), ("F", "See note"), ("G", "ISO 27002")],
        &[("B", "DOC-1"), ("C", "who made it"), ("E", "Acme Medical")],
        &[("B", "DOC-3"), ("C", "which model"), ("E", "Pump 7")],
        &[("B", "DOC-7"), ("C", "when"), ("E", "2024-05-01")],
        &[("B", "AUDT-1"), ("C", "a question"), ("E", "Yes"), ("F", "Note 2"), ("G", "A.12.4.1")],
        &[("B", "AUDT\u{2011}1.1"), ("C", "a question"), ("E", " no. ")],
        &[("B", "AUDT-2"), ("C", "a question"), ("E", "See Note 1")],
        &[("B", "TXCF-1"), ("C", "a question"), ("E", "N/A")],
        &[("B", "TXCF-2"), ("C", "a question")],
        &[("B", "TXCF-3"), ("C", "a question"), ("E", "TBD")],
        &[("B", "RMOT-1"), ("C", "a question"), ("E", "=Yes")],
        &[("B", "AUDT-1"), ("C", "again"), ("E", "No")],
        &[("B", "Note 1: only with option 5")],
        &[("B", "Note 2"), ("C", "kept for a year")],
    ]);
    let at = |cell: &str| format!("Form & notes!{cell}");
    assert_eq!(form.edition, Edition::Of2019);
    assert_eq!([&form.maker, &form.model, &form.date], ["Acme Medical", "Pump 7", "2024-05-01"]);
    let places: Vec<String> = (5..=11).map(|row| at(&format!("E{row}"))).collect();
    let want = [
        ("AUDT-1", &Says::Yes, "kept for a year"),
        ("AUDT-1.1", &Says::No, ""),
        ("AUDT-2", &Says::SeeNote, "only with option 5"),
        ("TXCF-1", &Says::NotApplicable, ""),
        ("TXCF-2", &Says::Blank, ""),
        ("TXCF-3", &Says::Unknown, ""),
        ("RMOT-1", &Says::Yes, ""),
    ];
    let want: Vec<_> = want.into_iter().zip(&places).map(|((a, b, c), d)| (a, b, c, d.as_str())).collect();
    assert_eq!(&told(&form)[3..], want);
    let odd: Vec<(&str, &str)> = form.odd.iter().map(|odd| (odd.code, odd.place.as_str())).collect();
    assert_eq!(odd, [("formula", at("E11").as_str()), ("duplicate", &at("E12")), ("section", "/")]);
}

#[test]
fn the_form_of_2013_is_read_by_its_numbers() {
    let form = form(&[
        &[("A", "MDS2")],
        &[("A", "Manufacturer"), ("C", "Document ID")],
        &[("A", "Acme"), ("C", "X-1")],
        &[("A", "Device Model"), ("C", "Software Revision")],
        &[("A", "Scope 3"), ("C", "2.1")],
        &[("A", "A"), ("B", "a question"), ("C", "Yes"), ("D", "1")],
        &[("A", "B.1"), ("B", "a question"), ("C", "No")],
        &[("A", "7-1"), ("B", "a question"), ("C", "See Note")],
        &[("A", "7-1.2"), ("B", "a question"), ("C", "N/A")],
        &[("A", "Note 1"), ("B", "in memory only")],
    ]);
    assert_eq!(form.edition, Edition::Of2013);
    assert_eq!([&form.maker, &form.model, &form.version, &form.document], ["Acme", "Scope 3", "2.1", "X-1"]);
    assert_eq!(told(&form)[0], ("A", &Says::Yes, "in memory only", "Form & notes!C6"));
    assert_eq!(
        form.answers.iter().map(|one| &one.says).collect::<Vec<_>>(),
        [&Says::Yes, &Says::No, &Says::SeeNote, &Says::NotApplicable]
    );
}

#[test]
fn a_blank_form_has_blank_answers_and_another_table_is_no_form() {
    let blank = form(&[
        &[("A", "DOC-1"), ("B", "a question")],
        &[("A", "ALOF-1"), ("B", "a question")],
        &[("A", "ALOF-2"), ("B", "a question")],
    ]);
    assert_eq!(blank.count(&Says::Blank), 3);
    assert!(blank.odd.iter().any(|odd| odd.code == "maker"));
    let table =
        sheet(&[&[("A", "1-1"), ("B", "x")], &[("A", "1-2"), ("B", "y")], &[("A", "1-3"), ("B", "z")]]);
    assert_eq!(read(&workbook::read(&workbook_of(&table, &[])).unwrap()), None);
}

/// Workbooks as other programs save them; skipped where they are not installed.
#[test]
fn workbooks_saved_by_others_are_read_alike() {
    use std::process::Command;
    const WRITE: &str = "
import sys, datetime, openpyxl
from openpyxl.styles import PatternFill
book = openpyxl.Workbook(); book.active.title = 'Cover'
sheet = book.create_sheet('MDS2 form')
rows = [('DOC-1', 'q', 'Acme'), ('DOC-3', 'q', 'Pump'), ('DOC-7', 'q', datetime.date(2024, 5, 1)),
        ('MPII-1', 'q', 'Yes'), ('MPII-2.1', 'q', 'No'), ('AUDT-1', 'q', '=IF(1,\"Yes\",\"No\")'), ('TXCF-1', 'q', None)]
for number, (asked, words, says) in enumerate(rows):
    sheet.cell(number + 4, 2, asked); sheet.cell(number + 4, 3, words); sheet.cell(number + 4, 5, says)
    sheet.merge_cells(start_row=number + 4, end_row=number + 4, start_column=3, end_column=4)
    sheet.cell(number + 4, 5).fill = PatternFill('solid', fgColor='FFFF00')
book.save(sys.argv[1])
";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("form.xlsx");
    let python = std::env::var_os("WARDLINE_PEERS_PYTHON").unwrap_or_else(|| "python3".into());
    let wrote =
        Command::new(python).args(["-c", WRITE]).arg(&file).output().is_ok_and(|o| o.status.success());
    if !wrote {
        println!("SKIPPED: no python3 with openpyxl, which saves a workbook");
        return;
    }
    let look = |file: &std::path::Path| {
        let form = read(&workbook::read(&std::fs::read(file).unwrap()).unwrap()).unwrap();
        assert_eq!([&form.maker, &form.model], ["Acme", "Pump"]);
        assert!(form.date.starts_with("2024-05-01"), "{}", form.date);
        let places: Vec<&str> = form.answers.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(&places[3..], ["MDS2 form!E7", "MDS2 form!E8", "MDS2 form!E9", "MDS2 form!E10"]);
        let says: Vec<Says> = form.answers.iter().map(|one| one.says.clone()).collect();
        assert_eq!([&says[3], &says[4], &says[6]], [&Says::Yes, &Says::No, &Says::Blank]);
        assert!(form.odd.iter().any(|odd| odd.code == "formula" && odd.place == "MDS2 form!E9"));
        says[5].clone()
    };
    // Its writer computes no formulas.
    assert_eq!(look(&file), Says::Blank);
    let again = folder.path().join("again");
    let saved = Command::new("soffice")
        .args(["--headless", "--convert-to", "xlsx", "--outdir"])
        .args([&again, &file])
        .output()
        .is_ok_and(|o| o.status.success());
    if saved {
        assert_eq!(look(&again.join("form.xlsx")), Says::Yes);
    } else {
        println!("SKIPPED: no LibreOffice, which saves a workbook again");
    }
}
