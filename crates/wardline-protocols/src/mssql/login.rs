//! The login record (MS-TDS section 2.2.6.4) and its acceptance (section 2.2.7.14).
//!
//! Limit: [`NAME_UNITS_MAX`].

use crate::text;
use wardline_wire::{Fault, Reader};

/// UTF-16 units of a name (section 2.2.6.4).
const NAME_UNITS_MAX: usize = 128;

/// What a login tells of its client.
pub(super) struct Login {
    /// Name of the machine, as the client's library gives it.
    pub(super) host: Option<String>,
    /// Whether a password is in it.
    pub(super) password: bool,
}

/// Whether a login record begins here: a version of TDS 7; `None` when it cannot be told yet.
pub(super) fn is_login(body: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(body);
    let length = reader.u32_le("login length").ok()?;
    let version = reader.u32_le("TDS version").ok()?;
    let known = matches!(
        version,
        0x7000_0000 | 0x7100_0000 | 0x7100_0001 | 0x7209_0002 | 0x730a_0003 | 0x730b_0003 | 0x7400_0004
    );
    Some(known && (86..0x1_0000).contains(&length))
}

/// Reads a login.
pub(super) fn read(body: &[u8]) -> Result<Login, Fault> {
    let mut reader = Reader::new(body);
    reader.skip(36, "login head")?;
    let host = (usize::from(reader.u16_le("host offset")?), usize::from(reader.u16_le("host length")?));
    reader.skip(6, "user and password offset")?;
    let password = reader.u16_le("password length")? > 0;
    let (from, units) = host;
    let end = from.saturating_add(units.min(NAME_UNITS_MAX).saturating_mul(2));
    let host = body.get(from..end).and_then(text::utf16_le);
    Ok(Login { host, password })
}

/// The server's version at the end of its acceptance, when the program is SQL Server.
pub(super) fn accepted_version(content: &[u8]) -> Option<(u8, u8, u16)> {
    let mut reader = Reader::new(content);
    reader.skip(5, "interface and TDS version").ok()?;
    let units = usize::from(reader.u8("program length").ok()?);
    let program = reader.take(units.checked_mul(2)?, "program").ok().and_then(text::utf16_le)?;
    let [major, minor, high, low] = reader.array("program version").ok()?;
    let fits = program == "Microsoft SQL Server";
    fits.then(|| (major, minor, u16::from_be_bytes([high, low])))
}
