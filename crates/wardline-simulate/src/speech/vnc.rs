//! RFB 3.8 (RFC 6143) up to the desktop's size.

pub(crate) const VERSION: &[u8] = b"RFB 003.008\n";
/// One type of security: a challenge with a password.
pub(crate) const SECURITY: &[u8] = &[1, 2];
pub(crate) const CHOICE: &[u8] = &[2];
pub(crate) const ACCEPTED: &[u8] = &[0, 0, 0, 0];
/// Shared.
pub(crate) const BEGIN: &[u8] = &[1];

/// 1280 by 1024 points of 32 bits, and the desktop's name.
pub(crate) fn desktop(name: &str) -> Vec<u8> {
    let mut out = vec![5, 0, 4, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    out.extend_from_slice(&(name.len() as u32).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    out
}

/// Asks for what changed on the whole screen.
pub(crate) const WHAT_CHANGED: &[u8] = &[3, 1, 0, 0, 0, 0, 5, 0, 4, 0];

/// A raw rectangle of 16 by 16.
pub(crate) fn changed(pixels: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 0, 16, 0, 16, 0, 16, 0, 16, 0, 0, 0, 0];
    out.extend_from_slice(pixels);
    out
}
