use crate::hospital::World;
pub(super) fn handheld(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn http_basic(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn labels(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn smb_files(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn smb_served(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn web(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
pub(super) fn web_outdated(_w: &mut World, _h: u32, _n: i64) -> Option<i64> {
    None
}
