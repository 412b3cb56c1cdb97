//! `wardline-verify FOLDER KEY`: checks an exported audit ledger, without any other part of Wardline.
//!
//! Exit codes: 0 all holds, 1 something does not, 2 wrong use.
#![expect(clippy::print_stdout, reason = "the result of the program")]

use std::path::Path;
use std::process::ExitCode;
use wardline_ledger::{export, note::Verifier};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, key] = arguments.as_slice() else {
        eprintln!(
            "usage: wardline-verify FOLDER KEY\n  KEY is NAME+ID+BASE64, as `wardline ledger key` prints it"
        );
        return ExitCode::from(2);
    };
    let verifier = match Verifier::parse(key) {
        Ok(verifier) => verifier,
        Err(error) => {
            eprintln!("wardline-verify: {error}");
            return ExitCode::from(2);
        }
    };
    match export::check(Path::new(folder), &verifier) {
        Ok(checked) => {
            let (size, origin) = (checked.checkpoint.size, checked.checkpoint.origin);
            println!(
                "{origin}: {size} entries hold, {} records fit, {} erased",
                checked.records, checked.erased
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("does not hold: {error}");
            ExitCode::from(1)
        }
    }
}
