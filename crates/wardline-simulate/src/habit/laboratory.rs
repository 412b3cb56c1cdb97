use super::Job;
use crate::hospital::World;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AstmStyle {
    CobasC111,
    CobasC311,
    SysmexXn,
    SysmexXp,
    GeneXpert,
    DcaVantage,
    Afinion,
    Yumizen,
}
pub(super) fn astm(_w: &mut World, _j: &mut Job, _s: AstmStyle, _n: i64) -> Option<i64> {
    None
}
pub(super) fn automation(_w: &mut World, _j: &mut Job, _n: i64) -> Option<i64> {
    None
}
pub(super) fn results(_w: &mut World, _j: &mut Job, _n: i64) -> Option<i64> {
    None
}
