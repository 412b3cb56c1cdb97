//! Philips IntelliVue Data Export over UDP (Data Export Interface Programming Guide): connect indication,
//! association, the event that describes the monitor, polls without numerics.
//!
//! Numbers are big-endian; lists have a count and a length; the association is BER of indefinite lengths inside a
//! session head. Nobody but the guide was at hand: no second reader knows the protocol.

use std::net::Ipv4Addr;
use wardline_model::Mac;

/// Application and session of data packets.
const DATA: [u8; 4] = [0xe1, 0, 0, 2];
/// The medical device system as a managed object.
const SYSTEM: [u8; 6] = [0, 0x21, 0, 0, 0, 0];
/// 1.2.840.10004.2.1.0.0.0, whose branches are the syntaxes.
const ROOT: [u8; 10] = [0x2a, 0x86, 0x48, 0xce, 0x14, 2, 1, 0, 0, 0];

const INVOKE: u16 = 1;
const RESULT: u16 = 2;
const CREATED: u16 = 0x0d06;
const CONNECT_INDICATION: u16 = 0x0d17;
const POLL: u16 = 0x0c16;

fn word(value: usize) -> [u8; 2] {
    (value as u16).to_be_bytes()
}

/// Length, then contents.
fn counted(contents: &[u8]) -> Vec<u8> {
    [&word(contents.len())[..], contents].concat()
}

/// Identifier, length, value.
fn attribute(id: u16, value: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &counted(value)].concat()
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [&word(items.len())[..], &counted(&items.concat())].concat()
}

/// Text padded to even length, with its length.
fn label(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    counted(&bytes)
}

/// A remote operation: kind, invocation, command and its argument.
fn operation(kind: u16, invoke: u16, command: u16, argument: &[u8]) -> Vec<u8> {
    let body = [&invoke.to_be_bytes()[..], &command.to_be_bytes(), &counted(argument)].concat();
    [&kind.to_be_bytes()[..], &counted(&body)].concat()
}

fn event(time: u32, kind: u16, info: &[u8]) -> Vec<u8> {
    [&SYSTEM[..], &time.to_be_bytes(), &kind.to_be_bytes(), &counted(info)].concat()
}

/// A monitor offers itself to everybody on its network.
pub(crate) fn connect_indication(mac: Mac, ip: Ipv4Addr, time: u32) -> Vec<u8> {
    let address = [&mac.0[..], &ip.octets(), &[255, 255, 255, 0]].concat();
    // Association control and data out, both over UDP, port 24105.
    let support = |application: u16| {
        [application, 1, 24_105, 0].iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
    };
    let attributes = [
        attribute(0x0986, &[0, 1, 0, 0x21]),
        attribute(0xf101, &list(&[support(1), support(5)])),
        attribute(0xf100, &address),
    ];
    let argument = event(time, CONNECT_INDICATION, &list(&attributes));
    [&[0, 0, 1, 0][..], &operation(INVOKE, 1, 0, &argument)].concat()
}

/// An element of indefinite length.
fn open(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, 0x80][..], contents, &[0, 0]].concat()
}

fn syntax(branch: u8) -> Vec<u8> {
    [&[6, 12][..], &ROOT, &[branch, 1]].concat()
}

/// What both sides agree on: versions, system type, polling.
fn user_information(client: bool) -> Vec<u8> {
    let kind: u32 = if client { 0x8000_0000 } else { 0x0080_0000 };
    let words = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    let extension = attribute(0xf001, &words(&[0x2000_0000, 0]));
    let profile =
        [words(&[0x8000_0000, 0x0fa0, 0x05b0, 0x05b0, 0xffff_ffff, 0x6000_0000]), list(&[extension])];
    let mut out = words(&[0x8000_0000, 0x4000_0000, 0, kind, 0x2000_0000]);
    out.extend_from_slice(&list(&[]));
    out.extend_from_slice(&list(&[attribute(1, &profile.concat())]));
    out
}

/// An association request (0x0d) or its acceptance (0x0e).
pub(crate) fn association(request: bool) -> Vec<u8> {
    let information = user_information(request);
    let external =
        open(0x28, &[&syntax(1)[..], &[2, 1, 2, 0x81, information.len() as u8], &information].concat());
    let application = [open(0xa1, &syntax(3)), open(0xbe, &external)].concat();
    let application = open(if request { 0x60 } else { 0x61 }, &application);
    let value = open(0x30, &[&[2, 1, 1][..], &open(0xa0, &application)].concat());
    let contexts = [
        open(0x30, &[&[2, 1, 1, 6, 4, 0x52, 1, 0, 1][..], &open(0x30, &[6, 2, 0x51, 1])].concat()),
        open(0x30, &[&[2, 1, 2][..], &syntax(1), &open(0x30, &syntax(2))].concat()),
    ];
    let body = [
        &[0x80, 1, 1, 0, 0][..],
        &open(
            0xa2,
            &[&[0xa0, 3, 0, 0, 1][..], &open(0xa4, &contexts.concat()), &open(0x61, &value)].concat(),
        ),
    ];
    let presentation = open(0x31, &open(0xa0, &body.concat()));
    let fixed = [5, 8, 0x13, 1, 0, 0x16, 1, 2, 0x80, 0, 0x14, 2, 0, 2, 0xc1];
    let length = presentation.len();
    let head = if request { 0x0d } else { 0x0e };
    // Lengths of 255 and more take three bytes.
    let longer = |length: usize| match length {
        0..=254 => vec![length as u8],
        _ => [&[0xff][..], &word(length)].concat(),
    };
    let inner = [&fixed[..], &longer(length), &presentation].concat();
    [&[head][..], &longer(inner.len()), &inner].concat()
}

/// What a monitor says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monitor<'a> {
    pub(crate) mac: Mac,
    pub(crate) vendor: &'a str,
    pub(crate) model: &'a str,
    pub(crate) serial: &'a str,
    pub(crate) software: &'a str,
    pub(crate) bed: &'a str,
}

/// The event after an association begins: who the monitor is and where it stands.
pub(crate) fn created(monitor: &Monitor<'_>, time: u32) -> Vec<u8> {
    // Serial number of the whole product; revision of its application software.
    let specification = |kind: u16, component: u16, text: &str| {
        [&kind.to_be_bytes()[..], &component.to_be_bytes(), &label(text)].concat()
    };
    let production = list(&[specification(1, 0, monitor.serial), specification(4, 2, monitor.software)]);
    let bed: Vec<u8> = monitor.bed.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let identifier = [&[0, 6][..], &monitor.mac.0].concat();
    let attributes = [
        attribute(0x0984, &identifier),
        attribute(0x0928, &[label(monitor.vendor), label(monitor.model)].concat()),
        attribute(0x092d, &production),
        attribute(0x091e, &counted(&bed)),
    ];
    let info = [&SYSTEM[..], &list(&attributes)].concat();
    [&DATA[..], &operation(INVOKE, 1, 1, &event(time, CREATED, &info))].concat()
}

/// The client has understood.
pub(crate) fn created_answer(time: u32) -> Vec<u8> {
    [&DATA[..], &operation(RESULT, 1, 1, &event(time, CREATED, &[]))].concat()
}

/// The client polls numerics.
pub(crate) fn poll(invoke: u16, number: u16) -> Vec<u8> {
    let asked = [&number.to_be_bytes()[..], &[0, 1, 0, 6, 0, 0]].concat();
    let argument = [&SYSTEM[..], &[0, 0, 0, 0], &POLL.to_be_bytes(), &counted(&asked)].concat();
    [&DATA[..], &operation(INVOKE, invoke, 7, &argument)].concat()
}

/// Nothing is connected to the patient.
pub(crate) fn polled(invoke: u16, number: u16, time: u32) -> Vec<u8> {
    let mut answer = number.to_be_bytes().to_vec();
    answer.extend_from_slice(&time.to_be_bytes());
    answer.extend_from_slice(&[0xff; 8]);
    answer.extend_from_slice(&[0, 1, 0, 6, 0, 0, 0, 0, 0, 0]);
    let argument = [&SYSTEM[..], &POLL.to_be_bytes(), &counted(&answer)].concat();
    [&DATA[..], &operation(RESULT, invoke, 7, &argument)].concat()
}
