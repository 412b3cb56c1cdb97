//! The archive: everything, from either database into either.

use super::device::{device, with_site};
use crate::*;
use std::io::Write as _;

/// Rows per table: more than are read at once.
const ROWS: usize = 503;

/// Rows in every table that there is, of every kind of value.
async fn fill(store: &Store) {
    let mut tx = store.write().await.unwrap();
    for table in TABLES {
        let texts: Vec<String> = (0..ROWS).map(|row| format!("{row} \"\\ü\u{202e}\n'{row}")).collect();
        let bytes: Vec<Vec<u8>> = (0..ROWS).map(|row| [&[0, 255][..], &row.to_be_bytes()].concat()).collect();
        let mut values = Vec::new();
        for row in 0..ROWS {
            let number = i64::try_from(row).unwrap();
            for (_, kind) in table.columns {
                values.push(match kind {
                    Kind::Blob => Value::from(&bytes[row]),
                    Kind::Int => number.into(),
                    Kind::Real => Value::Real(Some(0.1 + f64::from(u32::try_from(row).unwrap()))),
                    Kind::Text => texts[row].as_str().into(),
                });
            }
        }
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let head = format!("INSERT INTO {} ({})", table.name, names.join(", "));
        tx.bulk(table.name, &head, names.len(), "", &values).await.unwrap();
    }
    let mut bare = device("dev-bare", "nothing is known");
    bare.site = SiteId(0);
    tx.device_upsert(&[bare]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Empty databases of both kinds, as far as they can be had.
fn empty(folder: &tempfile::TempDir, name: &str) -> Vec<String> {
    let mut addresses = vec![format!("sqlite:{}", folder.path().join(name).display())];
    addresses.extend(testkit::postgres::database().ok());
    addresses
}

async fn written(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    let archived = store.archive(1_234, &mut bytes).await.unwrap();
    assert_eq!(archived.tables, u64::try_from(TABLES.len()).unwrap());
    bytes
}

/// The lines of an archive changed, as an archive.
fn changed(archive: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8(zstd::decode_all(archive).unwrap()).unwrap();
    zstd::encode_all(change(&text).as_bytes(), 1).unwrap()
}

pub(crate) async fn everything_comes_back_in_either_database(store: Store) {
    fill(&store).await;
    let before = written(&store).await;
    let folder = tempfile::tempdir().unwrap();
    for address in empty(&folder, "back.db") {
        let (back, archived) = Store::open_archive(&address, before.as_slice()).await.unwrap();
        assert_eq!(
            (archived.made_us, archived.rows),
            (1_234, u64::try_from(ROWS * TABLES.len() + 1).unwrap())
        );
        let after = written(&back).await;
        assert!(zstd::decode_all(&*after).unwrap() == zstd::decode_all(&*before).unwrap(), "{address}");
        back.close().await;
        let again = Store::open_archive(&address, before.as_slice()).await.err().unwrap();
        assert!(matches!(again, ArchiveError::NotEmpty(_)), "{again}");
    }
}

pub(crate) async fn a_damaged_archive_leaves_nothing(store: Store) {
    fill(&store).await;
    let sound = written(&store).await;
    let folder = tempfile::tempdir().unwrap();
    let addresses = empty(&folder, "none.db");
    let damaged: Vec<(Vec<u8>, &str)> = vec![
        (sound[..sound.len() / 2].to_vec(), ""),
        (changed(&sound, |text| text.replacen("[400,", "[401,", 1)), ""),
        (
            changed(&sound, |text| text.replacen("\"sha256\":\"", "\"sha256\":\"0", 1)),
            "table site is not what",
        ),
        (
            changed(&sound, |text| text.replacen("[\"id\",\"INT\"]", "[\"id) VALUES (1)--\",\"INT\"]", 1)),
            "neither a table",
        ),
        (
            changed(&sound, |text| text.replacen("\"table\":\"site\"", "\"table\":\"pg_user\"", 1)),
            "no table `pg_user`",
        ),
        (changed(&sound, |text| text.replacen("\"schema\":", "\"schema\":9", 1)), "a newer program"),
        (changed(&sound, |text| text.replacen("\"archive_end\":", "\"archive_end\":1", 1)), "cut or changed"),
        (changed(&sound, |text| format!("{text}[]\n")), "something follows"),
        (changed(&sound, |text| text.lines().take(40).collect::<Vec<_>>().join("\n")), "it ends here"),
        (zstd::encode_all(&vec![b'['; 80 << 20][..], 1).unwrap(), "line 1 of the archive"),
        (zstd::encode_all(&b"{\"wardline\":\"batch\"}\n"[..], 1).unwrap(), "no archive of Wardline"),
        (b"no zstd at all".to_vec(), "cannot be read"),
    ];
    for address in &addresses {
        for (bytes, said) in &damaged {
            let refused = Store::open_archive(address, bytes.as_slice()).await.err().unwrap().to_string();
            assert!(refused.contains(said), "{refused}, not {said}");
        }
        let (back, _) = Store::open_archive(address, sound.as_slice()).await.unwrap();
        back.close().await;
    }
}

pub(crate) async fn an_archive_of_an_older_step_is_brought_up_to_date(store: Store) {
    drop(store);
    let folder = tempfile::tempdir().unwrap();
    let site = ["[1,\"Main\",5]\n", "[2,\"Süd\",6]\n"].concat();
    let digest = |text: &str| {
        use sha2::Digest as _;
        sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let mut text = String::from("{\"wardline\":\"archive\",\"version\":1,\"schema\":1,\"made_us\":7}\n");
    text += "{\"table\":\"site\",\"columns\":[[\"id\",\"INT\"],[\"name\",\"TEXT\"],[\"created_us\",\"INT\"]],\"key\":[\"id\"]}\n";
    text += &site;
    text += &format!("{{\"table_end\":\"site\",\"rows\":2,\"sha256\":\"{}\"}}\n", digest(&site));
    text += &format!("{{\"archive_end\":1,\"rows\":2,\"sha256\":\"{}\"}}\n", digest(&text));
    let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap();
    packed.write_all(text.as_bytes()).unwrap();
    let bytes = packed.finish().unwrap();
    for address in empty(&folder, "old.db") {
        let (back, archived) = Store::open_archive(&address, bytes.as_slice()).await.unwrap();
        assert_eq!((archived.schema, archived.rows), (1, 2));
        let mut tx = back.write().await.unwrap();
        assert_eq!(tx.site_list(&Scope::ALL).await.unwrap().len(), 2);
        tx.account_list().await.unwrap();
        drop(tx);
        back.close().await;
    }
}

pub(crate) async fn what_is_written_meanwhile_is_not_in_it(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    tx.device_upsert(&[device("dev-1", "before")]).await.unwrap();
    tx.commit().await.unwrap();
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..200 {
                let mut tx = store.write().await.unwrap();
                let pair = [device(&format!("a{n}"), "one"), device(&format!("b{n}"), "other")];
                tx.device_upsert(&pair).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    };
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let bytes = written(&store).await;
        let address = format!("sqlite:{}", folder.path().join(format!("{round}.db")).display());
        let (back, _) = Store::open_archive(&address, bytes.as_slice()).await.unwrap();
        let mut tx = back.read().await.unwrap();
        let held = tx.device_count(&Scope::ALL, &DeviceFilter::default()).await.unwrap();
        assert!(held % 2 == 1, "{held} devices: half a transaction");
        drop(tx);
        back.close().await;
    }
    writing.await.unwrap();
}
