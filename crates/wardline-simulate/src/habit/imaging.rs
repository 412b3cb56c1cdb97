use super::Job;
use crate::hospital::World;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modality {
    Ct,
    Mr,
    Us,
    Dx,
}
pub(super) fn images(_w: &mut World, _j: &mut Job, _m: Modality, _n: i64) -> Option<i64> {
    None
}
pub(super) fn viewing(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
