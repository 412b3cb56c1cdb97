//! What every start pays: reading and checking the built-in content.

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 10)]
fn embedded() -> usize {
    wardline_content::Content::embedded().map_or(0, |content| content.classes.len())
}
