use super::Job;
use crate::hospital::World;
pub(super) fn ftp_upload(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn rdp_served(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn ssh_served(_w: &mut World, _j: &mut Job, _n: i64) -> Option<i64> {
    None
}
pub(super) fn telnet_banner(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn telnet_served(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
