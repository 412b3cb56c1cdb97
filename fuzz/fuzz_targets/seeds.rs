//! Writes the seeds of each target into `corpus/<target>/`: run it once before a long run.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let all = [
        ("capture", testkit::seeds::capture()),
        ("frame", testkit::seeds::frame()),
        ("flow", testkit::seeds::flow()),
        ("protocol", testkit::seeds::protocol()),
    ];
    for (target, seeds) in all {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), seed)?;
        }
        println!("{}: {} seeds", folder.display(), seeds.len());
    }
    Ok(())
}
