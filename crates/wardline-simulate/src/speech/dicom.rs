//! DICOM upper layer (PS3.8) and message exchange (PS3.7).
//!
//! Goes out: associate, release and data PDUs; command sets in implicit little endian; data sets come from
//! `dataset`. Data PDUs are split at the size that peers usually agree on.

pub(crate) mod dataset;

use dataset::{Dataset, Syntax};

/// Largest body of a data PDU, the usual default of toolkits.
pub(crate) const PDU_BYTES_MAX: usize = 16_384;

const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";

/// One presentation context of a request; ids are odd, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) abstract_syntax: &'static str,
    pub(crate) syntax: Syntax,
}

/// An application's name for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Implementation {
    pub(crate) uid: &'static str,
    pub(crate) version: &'static str,
}

fn item(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&(contents.len() as u16).to_be_bytes());
    out.extend_from_slice(contents);
    out
}

fn pdu(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&(contents.len() as u32).to_be_bytes());
    out.extend_from_slice(contents);
    out
}

fn title(ae: &str) -> [u8; 16] {
    let mut out = [b' '; 16];
    for (place, byte) in out.iter_mut().zip(ae.bytes()) {
        *place = byte;
    }
    out
}

fn associate_head(called: &str, calling: &str) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0];
    out.extend_from_slice(&title(called));
    out.extend_from_slice(&title(calling));
    out.extend_from_slice(&[0; 32]);
    out.extend_from_slice(&item(0x10, APPLICATION_CONTEXT.as_bytes()));
    out
}

fn user_information(
    implementation: Implementation,
    identity: Option<(&str, &str)>,
    takes: &[&str],
) -> Vec<u8> {
    let mut out = item(0x51, &(PDU_BYTES_MAX as u32).to_be_bytes());
    out.extend_from_slice(&item(0x52, implementation.uid.as_bytes()));
    for class in takes {
        // The requester is provider of this class, not user (PS3.7 Annex D.3.3.4).
        let mut contents = (class.len() as u16).to_be_bytes().to_vec();
        contents.extend_from_slice(class.as_bytes());
        contents.extend_from_slice(&[0, 1]);
        out.extend_from_slice(&item(0x54, &contents));
    }
    out.extend_from_slice(&item(0x55, implementation.version.as_bytes()));
    if let Some((user, passcode)) = identity {
        let mut contents = vec![2, 0];
        for text in [user, passcode] {
            contents.extend_from_slice(&(text.len() as u16).to_be_bytes());
            contents.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(&item(0x58, &contents));
    }
    item(0x50, &out)
}

/// Who asks whom for an association.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Association<'a> {
    pub(crate) called: &'a str,
    pub(crate) calling: &'a str,
    pub(crate) contexts: &'a [Context],
    /// User name and passcode, in clear (PS3.7 Annex D.3.3.7).
    pub(crate) identity: Option<(&'a str, &'a str)>,
    /// Classes of what the requester takes on this association itself (C-GET).
    pub(crate) takes: &'a [&'a str],
}

impl Association<'_> {
    /// A-ASSOCIATE-RQ.
    pub(crate) fn request(&self, own: Implementation) -> Vec<u8> {
        let mut out = associate_head(self.called, self.calling);
        for (index, context) in self.contexts.iter().enumerate() {
            let mut contents = vec![(2 * index + 1) as u8, 0, 0, 0];
            contents.extend_from_slice(&item(0x30, context.abstract_syntax.as_bytes()));
            contents.extend_from_slice(&item(0x40, context.syntax.uid().as_bytes()));
            if context.syntax != Syntax::Implicit {
                contents.extend_from_slice(&item(0x40, Syntax::Implicit.uid().as_bytes()));
            }
            out.extend_from_slice(&item(0x20, &contents));
        }
        out.extend_from_slice(&user_information(own, self.identity, self.takes));
        pdu(1, &out)
    }

    /// A-ASSOCIATE-AC that takes the first transfer syntax of every context.
    pub(crate) fn accept(&self, own: Implementation) -> Vec<u8> {
        let mut out = associate_head(self.called, self.calling);
        for (index, context) in self.contexts.iter().enumerate() {
            let mut contents = vec![(2 * index + 1) as u8, 0, 0, 0];
            contents.extend_from_slice(&item(0x40, context.syntax.uid().as_bytes()));
            out.extend_from_slice(&item(0x21, &contents));
        }
        out.extend_from_slice(&user_information(own, None, self.takes));
        pdu(2, &out)
    }
}

/// A-ASSOCIATE-RJ: permanent, by the user, called title not recognised.
pub(crate) fn reject() -> Vec<u8> {
    pdu(3, &[0, 1, 1, 7])
}

/// A-RELEASE-RQ.
pub(crate) fn release() -> Vec<u8> {
    pdu(5, &[0; 4])
}

/// A-RELEASE-RP.
pub(crate) fn released() -> Vec<u8> {
    pdu(6, &[0; 4])
}

/// P-DATA-TF PDUs that carry one command set or data set, in fragments.
fn data(context: u8, command: bool, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let pieces: Vec<&[u8]> = bytes.chunks(PDU_BYTES_MAX - 6).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let last = index + 1 == pieces.len();
        let mut value = ((piece.len() + 2) as u32).to_be_bytes().to_vec();
        value.extend_from_slice(&[context, u8::from(command) | (u8::from(last) << 1)]);
        value.extend_from_slice(piece);
        out.extend_from_slice(&pdu(4, &value));
    }
    out
}

/// Command fields of PS3.7 Annex E.
pub(crate) mod verb {
    pub(crate) const STORE: u16 = 0x0001;
    pub(crate) const GET: u16 = 0x0010;
    pub(crate) const FIND: u16 = 0x0020;
    pub(crate) const MOVE: u16 = 0x0021;
    pub(crate) const ECHO: u16 = 0x0030;
    pub(crate) const SET: u16 = 0x0120;
    pub(crate) const CREATE: u16 = 0x0140;
    /// Bit of a response.
    pub(crate) const RESPONSE: u16 = 0x8000;
}

/// A command set and the data set that follows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command<'a> {
    pub(crate) verb: u16,
    pub(crate) class: &'a str,
    pub(crate) instance: Option<&'a str>,
    pub(crate) message: u16,
    /// Only in responses.
    pub(crate) status: u16,
    pub(crate) destination: Option<&'a str>,
    /// Remaining and completed sub-operations of a C-MOVE.
    pub(crate) operations: Option<(u16, u16)>,
    /// Who asked for this C-STORE by a C-MOVE, and in which message.
    pub(crate) originator: Option<(&'a str, u16)>,
    pub(crate) data: Option<&'a [u8]>,
}

impl<'a> Command<'a> {
    pub(crate) const fn new(verb: u16, class: &'a str, message: u16) -> Self {
        Self {
            verb,
            class,
            instance: None,
            message,
            status: 0,
            destination: None,
            operations: None,
            originator: None,
            data: None,
        }
    }

    /// The PDUs of command and data on a presentation context.
    pub(crate) fn bytes(&self, context: u8) -> Vec<u8> {
        let response = self.verb & verb::RESPONSE != 0;
        let asks_by_request = matches!(self.verb, verb::SET);
        let mut set = Dataset::new(Syntax::Implicit);
        set.text((0, if asks_by_request { 3 } else { 2 }), *b"UI", self.class);
        set.number((0, 0x0100), self.verb);
        set.number((0, if response { 0x0120 } else { 0x0110 }), self.message);
        if let Some(destination) = self.destination {
            set.text((0, 0x0600), *b"AE", destination);
        }
        if matches!(self.verb, verb::STORE | verb::GET | verb::FIND | verb::MOVE) {
            set.number((0, 0x0700), 0);
        }
        set.number((0, 0x0800), if self.data.is_some() { 0x0001 } else { 0x0101 });
        if response {
            set.number((0, 0x0900), self.status);
        }
        if let Some(instance) = self.instance {
            set.text((0, if asks_by_request { 0x1001 } else { 0x1000 }), *b"UI", instance);
        }
        if let Some((remaining, completed)) = self.operations {
            for (element, count) in [(0x1020, remaining), (0x1021, completed), (0x1022, 0), (0x1023, 0)] {
                set.number((0, element), count);
            }
        }
        if let Some((title, message)) = self.originator {
            set.text((0, 0x1030), *b"AE", title);
            set.number((0, 0x1031), message);
        }
        let body = set.bytes();
        let mut with_length = Dataset::new(Syntax::Implicit);
        with_length.long((0, 0), body.len() as u32);
        let mut out = data(context, true, &[with_length.bytes(), body].concat());
        if let Some(bytes) = self.data {
            out.extend_from_slice(&data(context, false, bytes));
        }
        out
    }
}
