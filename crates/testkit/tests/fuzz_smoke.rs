//! The bounded fuzz gate: mutated seeds through the same entry points as the coverage-guided targets.

use testkit::{entry, mutate::fuzz, seeds};

#[test]
fn fuzz_smoke_capture() {
    fuzz(&seeds::capture(), entry::capture);
}

#[test]
fn fuzz_smoke_frame() {
    fuzz(&seeds::frame(), entry::frame);
}

#[test]
fn fuzz_smoke_flow() {
    fuzz(&seeds::flow(), entry::flow);
}

#[test]
fn fuzz_smoke_protocol() {
    fuzz(&seeds::protocol(), entry::protocol);
}

#[test]
fn fuzz_smoke_document() {
    fuzz(&seeds::document(), entry::document);
}
