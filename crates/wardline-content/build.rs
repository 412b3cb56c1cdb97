//! Embeds every file under the workspace's `data/`: adding, editing or deleting one rebuilds this crate. Registries of
//! network addresses are laid out as the tables that `kind/oui/built_in.rs` looks things up in.

#[path = "src/kind/oui/text.rs"]
mod text;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../data");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut table = String::from("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    let (registries, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.extension().is_some_and(|ending| ending == "tsv"));
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let path = file.canonicalize()?;
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string())
            .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    table.push_str(&registry(&registries, &out)?);
    fs::write(out.join("embedded.rs"), table)
}

/// Writes the registries as one table; gives the item that embeds it.
fn registry(files: &[PathBuf], out: &Path) -> io::Result<String> {
    let texts = files.iter().map(fs::read_to_string).collect::<io::Result<Vec<String>>>()?;
    let (mut makers, mut rows) = (Vec::new(), Vec::new());
    for (file, text) in files.iter().zip(&texts) {
        let read = text::read(text);
        if let Some((line, what)) = read.wrong.first() {
            return Err(io::Error::other(format!("{}: line {line} {what}", file.display())));
        }
        rows.extend(read.rows.into_iter().map(|(bits, value, maker)| (bits, value, maker + makers.len())));
        makers.extend(read.makers);
    }
    text::sort(&mut rows);
    let mut order: Vec<usize> = (0..makers.len()).collect();
    order.sort_by_key(|&maker| (makers[maker].to_ascii_lowercase(), maker));
    let mut numbers = vec![0_u32; makers.len()];
    let (mut names, mut places) = (String::new(), Vec::new());
    for (number, &maker) in (0..).zip(&order) {
        numbers[maker] = number;
        places.extend(u32::try_from(names.len()).map_err(io::Error::other)?.to_le_bytes());
        names.push_str(makers[maker]);
    }
    places.extend(u32::try_from(names.len()).map_err(io::Error::other)?.to_le_bytes());
    let mut table = Vec::new();
    for (bits, value, maker) in rows {
        table.push(bits);
        table.extend(&value.to_be_bytes()[3..]);
        table.extend(numbers[maker].to_be_bytes());
    }
    fs::write(out.join("oui-names"), names)?;
    fs::write(out.join("oui-places"), places)?;
    fs::write(out.join("oui-rows"), table)?;
    Ok("pub(crate) static REGISTRY: crate::kind::oui::built_in::BuiltIn = crate::kind::oui::built_in::BuiltIn {
    names: include_str!(concat!(env!(\"OUT_DIR\"), \"/oui-names\")),
    places: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/oui-places\")),
    rows: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/oui-rows\")),
};
"
    .to_owned())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
