//! A-ASSOCIATE-RQ and -AC (DICOM PS3.8 9.3.2, 9.3.3; PS3.7 annex D).
//!
//! In: the PDU's bytes after its head. Out: borrowed fields. Limits: [`CONTEXTS_MAX`] presentation contexts
//! (odd ids leave no room for more), [`ROLES_MAX`] role items. Secrets of the user identity are not read.

use wardline_wire::{Fault, Reader};

/// Presentation context ids are odd bytes.
const CONTEXTS_MAX: usize = 128;
/// Role selections: one per SOP class offered.
const ROLES_MAX: usize = 128;

/// An association request or acceptance.
#[derive(Debug, Default)]
pub(super) struct Associate<'a> {
    pub(super) called: Option<&'a str>,
    pub(super) calling: Option<&'a str>,
    pub(super) contexts: Vec<Context<'a>>,
    pub(super) implementation_uid: Option<&'a str>,
    pub(super) implementation_version: Option<&'a str>,
    pub(super) roles: Vec<RoleItem<'a>>,
    /// Type of the user identity: 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT.
    pub(super) user_identity: Option<u8>,
}

/// A presentation context, offered or answered.
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    pub(super) id: u8,
    /// 0 is acceptance; in a request nothing.
    pub(super) result: u8,
    pub(super) abstract_syntax: Option<&'a str>,
    pub(super) transfer_syntax: Option<&'a str>,
}

/// SCP/SCU role selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoleItem<'a> {
    pub(super) uid: &'a str,
    pub(super) scu: bool,
    pub(super) scp: bool,
}

/// Reads what follows the six bytes of the head; a fault leaves what was read before it.
pub(super) fn associate<'a>(bytes: &'a [u8]) -> (Associate<'a>, Result<(), Fault>) {
    let mut read = Associate::default();
    let mut reader = Reader::new(bytes);
    let outcome = read.fixed(&mut reader).and_then(|()| read.items(&mut reader));
    (read, outcome)
}

/// Text that is printable ASCII, blanks and NULs at the ends cut; `None` when nothing is left.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    crate::text::ascii(bytes)
}

fn uid(bytes: &[u8]) -> Option<&str> {
    printable(bytes).filter(|text| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

impl<'a> Associate<'a> {
    fn fixed(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        reader.skip(4, "protocol version")?;
        self.called = printable(reader.take(16, "called AE title")?);
        self.calling = printable(reader.take(16, "calling AE title")?);
        reader.skip(32, "reserved")
    }

    fn items(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        while !reader.is_empty() {
            let (kind, mut item) = item(reader)?;
            match kind {
                0x20 | 0x21 if self.contexts.len() < CONTEXTS_MAX => {
                    self.contexts.push(context(&mut item)?);
                }
                0x20 | 0x21 => return Err(Fault::TooLarge("presentation contexts")),
                0x50 => self.user_information(&mut item)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn user_information(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        while !reader.is_empty() {
            let (kind, mut item) = item(reader)?;
            match kind {
                0x52 => self.implementation_uid = uid(item.rest()),
                0x55 => self.implementation_version = printable(item.rest()),
                0x54 if self.roles.len() < ROLES_MAX => {
                    let length = item.u16("role uid length")?;
                    let uid = uid(item.take(usize::from(length), "role uid")?);
                    let (scu, scp) = (item.u8("scu role")? == 1, item.u8("scp role")? == 1);
                    self.roles.extend(uid.map(|uid| RoleItem { uid, scu, scp }));
                }
                0x58 => self.user_identity = Some(item.u8("user identity type")?),
                _ => {}
            }
        }
        Ok(())
    }

    /// The roles selected for a SOP class: the requestor is user and the acceptor provider unless they agree
    /// otherwise.
    pub(super) fn role(&self, uid: &str) -> (bool, bool) {
        let item = self.roles.iter().find(|role| role.uid == uid);
        item.map_or((true, false), |role| (role.scu, role.scp))
    }
}

fn item<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Fault> {
    let kind = reader.u8("item type")?;
    reader.skip(1, "reserved")?;
    let length = reader.u16("item length")?;
    Ok((kind, reader.sub(usize::from(length), "item")?))
}

fn context<'a>(reader: &mut Reader<'a>) -> Result<Context<'a>, Fault> {
    let mut context = Context { id: reader.u8("context id")?, ..Context::default() };
    reader.skip(1, "reserved")?;
    context.result = reader.u8("context result")?;
    reader.skip(1, "reserved")?;
    while !reader.is_empty() {
        let (kind, item) = item(reader)?;
        match kind {
            0x30 => context.abstract_syntax = uid(item.rest()),
            0x40 => context.transfer_syntax = uid(item.rest()),
            _ => {}
        }
    }
    Ok(context)
}
