//! Controllers of buildings: Modbus/TCP (Modbus Application Protocol 1.1b3) and BACnet/IP (ASHRAE 135 annex J).

/// A Modbus message: transaction, unit, function and data.
fn modbus(transaction: u16, body: &[u8]) -> Vec<u8> {
    let mut out = transaction.to_be_bytes().to_vec();
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&((body.len() + 1) as u16).to_be_bytes());
    out.push(1);
    out.extend_from_slice(body);
    out
}

/// Asks for the basic identification.
pub(crate) fn identify(transaction: u16) -> Vec<u8> {
    modbus(transaction, &[0x2b, 0x0e, 1, 0])
}

/// Maker, product code, revision.
pub(crate) fn identified(transaction: u16, texts: [&str; 3]) -> Vec<u8> {
    let mut body = vec![0x2b, 0x0e, 1, 1, 0, 0, 3];
    for (object, text) in texts.into_iter().enumerate() {
        body.extend_from_slice(&[object as u8, text.len() as u8]);
        body.extend_from_slice(text.as_bytes());
    }
    modbus(transaction, &body)
}

/// Asks for holding registers.
pub(crate) fn read_registers(transaction: u16, first: u16, count: u16) -> Vec<u8> {
    let mut body = vec![3];
    body.extend_from_slice(&first.to_be_bytes());
    body.extend_from_slice(&count.to_be_bytes());
    modbus(transaction, &body)
}

pub(crate) fn registers(transaction: u16, values: &[u16]) -> Vec<u8> {
    let mut body = vec![3, (values.len() * 2) as u8];
    for value in values {
        body.extend_from_slice(&value.to_be_bytes());
    }
    modbus(transaction, &body)
}

/// A BACnet datagram: function 0x0a to one, 0x0b to all; a network layer without addresses.
fn bacnet(function: u8, expects: bool, body: &[u8]) -> Vec<u8> {
    let length = (6 + body.len()) as u16;
    let mut out = vec![0x81, function];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[1, if expects { 4 } else { 0 }]);
    out.extend_from_slice(body);
    out
}

/// Everybody, who are you?
pub(crate) fn who_is() -> Vec<u8> {
    bacnet(0x0b, false, &[0x10, 8])
}

/// Device object `instance`: its number as an object identifier.
fn device(instance: u32) -> [u8; 4] {
    (8 << 22 | instance & 0x3f_ffff).to_be_bytes()
}

/// A controller says who it is: object, longest message, segmentation, maker's number.
pub(crate) fn i_am(instance: u32, vendor: u16) -> Vec<u8> {
    let mut body = vec![0x10, 0, 0xc4];
    body.extend_from_slice(&device(instance));
    body.extend_from_slice(&[0x22, 0x05, 0xc4, 0x91, 3]);
    if vendor > 255 {
        body.push(0x22);
        body.extend_from_slice(&vendor.to_be_bytes());
    } else {
        body.extend_from_slice(&[0x21, vendor as u8]);
    }
    bacnet(0x0b, false, &body)
}

/// Asks the device object for a property.
pub(crate) fn read_property(invoke: u8, instance: u32, property: u8) -> Vec<u8> {
    let mut body = vec![0, 5, invoke, 12, 0x0c];
    body.extend_from_slice(&device(instance));
    body.extend_from_slice(&[0x19, property]);
    bacnet(0x0a, true, &body)
}

/// A text property of the device object.
pub(crate) fn property(invoke: u8, instance: u32, property: u8, text: &str) -> Vec<u8> {
    let mut body = vec![0x30, invoke, 12, 0x0c];
    body.extend_from_slice(&device(instance));
    body.extend_from_slice(&[0x19, property, 0x3e]);
    // Character string in UTF-8; lengths above four follow the tag.
    let length = text.len() + 1;
    if length < 5 {
        body.push(0x70 | length as u8);
    } else {
        body.extend_from_slice(&[0x75, length as u8]);
    }
    body.push(0);
    body.extend_from_slice(text.as_bytes());
    body.push(0x3f);
    bacnet(0x0a, false, &body)
}
