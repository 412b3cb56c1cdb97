//! Packets of one interface through a ring of memory shared with the kernel (AF_PACKET, TPACKET_V3).
//!
//! In: the name of an interface. Out: packets in the order of their arrival with the kernel's time, in stretches of one
//! block, copied out of the ring so that the kernel has the block back at once; VLAN tags that the kernel took out are
//! put back where they were on the wire. What the ring had no room for is counted by the kernel ([`Drops`]).
//! Layout: `linux/if_packet.h`, `tpacket_block_desc` and `tpacket3_hdr`. Limits: [`BLOCK_BYTES`] holds the largest
//! frame; a stretch is one block. Several rings of one interface share its packets by a hash that is the same for both
//! directions of a flow (PACKET_FANOUT_HASH).

use crate::sys::{self, Waited};
use crate::{CaptureError, Filter};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use wardline_model::Timestamp;

/// Bytes of a block: the largest frame that offloading makes, and at most some 3,600 of the smallest.
pub const BLOCK_BYTES: usize = 512 << 10;
/// Fewest blocks of a ring: one being filled, one being read, and some for a thread that has to wait.
const BLOCKS_MIN: usize = 4;
/// A block with anything in it is given to us after so many milliseconds at the latest.
const RETIRE_MS: u32 = 50;
/// Room in front of a frame, for a VLAN tag to be put back.
const TAG: usize = 4;
/// Bytes of the head of a block.
const BLOCK_HEAD: usize = 48;

/// Level of packet socket options.
const SOL_PACKET: i32 = 263;
const PACKET_ADD_MEMBERSHIP: i32 = 1;
const PACKET_RX_RING: i32 = 5;
const PACKET_STATISTICS: i32 = 6;
const PACKET_VERSION: i32 = 10;
const PACKET_RESERVE: i32 = 12;
const PACKET_TIMESTAMP: i32 = 17;
const PACKET_FANOUT: i32 = 18;
const SO_LOCK_FILTER: i32 = 44;
/// Third version of the ring.
const TPACKET_V3: u32 = 2;
const PACKET_MR_PROMISC: u16 = 1;
/// Shared by hash, in a group whose number the kernel draws.
const FANOUT_NEW: u32 = 0x2000 << 16;
const SOF_TIMESTAMPING_RAW_HARDWARE: u32 = 1 << 6;
const STATUS_VLAN_VALID: u32 = 1 << 4;
const STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
const TPID_8021Q: u16 = 0x8100;

/// What frames of an interface begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// An IP header (tunnels).
    Ip,
}

/// How to listen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of a frame to keep.
    pub snap: u32,
    /// Bytes of ring memory for the interface, shared out to its rings.
    pub ring_bytes: usize,
    /// Rings of the interface, each for a thread.
    pub rings: usize,
    /// What to leave out.
    pub filter: Filter,
    /// Whose clock tells the time of a packet.
    pub clock: Clock,
}

/// Whose clock tells the time of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The kernel's, at arrival.
    #[default]
    Kernel,
    /// The network card's where it gives one; it must be kept right by somebody.
    Hardware,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            snap: 256 << 10,
            ring_bytes: 64 << 20,
            rings: 1,
            filter: Filter::default(),
            clock: Clock::default(),
        }
    }
}

/// A captured packet of a [`Stretch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Arrival.
    pub time: Timestamp,
    /// Start in the bytes of the stretch.
    pub offset: u32,
    /// Bytes captured.
    pub captured: u32,
    /// Bytes on the wire.
    pub original: u32,
}

/// Packets and the bytes they stand in, used again and again.
#[derive(Debug, Default)]
pub struct Stretch {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The packets.
    pub packets: Vec<Captured>,
}

/// The kernel's account since it was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Packets that found no room.
    pub packets: u64,
    /// Times that the ring was full.
    pub full: u64,
}

/// One ring of an interface.
pub struct Ring {
    socket: OwnedFd,
    blocks: sys::Blocks,
    count: usize,
    next: usize,
    link: Link,
    interface: String,
    head: Vec<u8>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("interface", &self.interface).finish_non_exhaustive()
    }
}

impl Ring {
    /// Listens to an interface with as many rings as the options say.
    ///
    /// # Errors
    /// [`CaptureError`] says which step of which interface, and what to do where that is known.
    pub fn open(interface: &str, options: &Options) -> Result<Vec<Self>, CaptureError> {
        let number = sys::interface_number(interface)
            .ok_or_else(|| CaptureError::NoInterface(interface.to_owned()))?;
        let count = options.rings.max(1);
        let mut rings = Vec::with_capacity(count);
        let mut group = FANOUT_NEW;
        for _ in 0..count {
            let ring = Self::one(interface, number, options)?;
            if count > 1 {
                let step = |source| step(interface, "sharing packets between threads", source);
                set(&ring.socket, PACKET_FANOUT, &group.to_ne_bytes()).map_err(step)?;
                let mut answer = [0; 4];
                sys::option(ring.socket.as_fd(), SOL_PACKET, PACKET_FANOUT, &mut answer).map_err(step)?;
                group = u32::from_ne_bytes(answer) & 0xffff;
            }
            rings.push(ring);
        }
        Ok(rings)
    }

    fn one(interface: &str, number: u32, options: &Options) -> Result<Self, CaptureError> {
        let failed = |what| move |source| step(interface, what, source);
        let socket = sys::packet_socket().map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => CaptureError::NotAllowed(interface.to_owned()),
            _ => step(interface, "opening a packet socket", error),
        })?;
        let program = options.filter.program(options.snap)?;
        sys::attach_filter(socket.as_fd(), &program).map_err(failed("attaching the filter"))?;
        sys::set_option(socket.as_fd(), libc::SOL_SOCKET, SO_LOCK_FILTER, &1_u32.to_ne_bytes())
            .map_err(failed("locking the filter"))?;
        set(&socket, PACKET_VERSION, &TPACKET_V3.to_ne_bytes()).map_err(failed("asking for TPACKET_V3"))?;
        set(&socket, PACKET_RESERVE, &4_u32.to_ne_bytes()).map_err(failed("reserving room for tags"))?;
        if options.clock == Clock::Hardware {
            set(&socket, PACKET_TIMESTAMP, &SOF_TIMESTAMPING_RAW_HARDWARE.to_ne_bytes())
                .map_err(failed("asking for hardware time"))?;
        }
        let count = blocks_of(options);
        set(&socket, PACKET_RX_RING, &request(count)).map_err(failed("making the ring; is memory short?"))?;
        let blocks =
            sys::Blocks::map(socket.as_fd(), BLOCK_BYTES, count).map_err(failed("mapping the ring"))?;
        sys::bind(socket.as_fd(), number).map_err(failed("listening"))?;
        let (_, hardware) = sys::bound_to(socket.as_fd()).map_err(failed("asking what it is"))?;
        let link = match hardware {
            // ARPHRD_ETHER, ARPHRD_LOOPBACK
            1 | 772 => Link::Ethernet,
            // ARPHRD_RAWIP, ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_NONE
            519 | 768 | 769 | 65_534 => Link::Ip,
            other => return Err(CaptureError::Hardware(interface.to_owned(), other)),
        };
        set(&socket, PACKET_ADD_MEMBERSHIP, &promiscuous(number)).map_err(failed("hearing all frames"))?;
        let interface = interface.to_owned();
        Ok(Self { socket, blocks, count, next: 0, link, interface, head: Vec::new() })
    }

    /// What frames begin with.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.link
    }

    /// The socket, for [`crate::confine`].
    #[must_use]
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Waits for packets, so many milliseconds at most; false when the interface is down.
    ///
    /// # Errors
    /// [`CaptureError::Gone`] when the interface was taken out.
    pub fn wait(&self, milliseconds: u16) -> Result<bool, CaptureError> {
        if self.blocks.is_ours(self.next) {
            return Ok(true);
        }
        let found = sys::wait(self.socket.as_fd(), milliseconds.into())
            .map_err(|source| step(&self.interface, "waiting for packets", source))?;
        if found == Waited::Ready {
            return Ok(true);
        }
        if found == Waited::Fault {
            // Asking clears the fault.
            let mut error = [0; 4];
            let _ = sys::option(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_ERROR, &mut error);
        }
        // Whether the interface is still there shows in what the socket is bound to.
        match sys::bound_to(self.socket.as_fd()) {
            Ok((number, _)) if number > 0 => Ok(found == Waited::Idle),
            _ => Err(CaptureError::Gone(self.interface.clone())),
        }
    }

    /// Fills the stretch with the next block; false, and an empty stretch, when there is none yet.
    pub fn next(&mut self, into: &mut Stretch) -> bool {
        into.bytes.clear();
        into.packets.clear();
        if !self.blocks.is_ours(self.next) {
            return false;
        }
        self.head.clear();
        self.blocks.copy(self.next, 0, BLOCK_HEAD, &mut self.head);
        let word = |at| read32(&self.head, at).unwrap_or(0);
        let (packets, first, length) = (word(12), word(16), word(20));
        let length = usize::try_from(length).unwrap_or(0).min(BLOCK_BYTES);
        self.blocks.copy(self.next, 0, length, &mut into.bytes);
        self.blocks.give_back(self.next);
        self.next = self.next.checked_add(1).filter(|next| *next < self.count).unwrap_or(0);
        packets_of(packets, first, into);
        true
    }

    /// What the kernel dropped since this was asked last.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn drops(&self) -> io::Result<Drops> {
        let mut answer = [0; 12];
        sys::option(self.socket.as_fd(), SOL_PACKET, PACKET_STATISTICS, &mut answer)?;
        let word = |at| read32(&answer, at).unwrap_or(0).into();
        Ok(Drops { packets: word(4), full: word(8) })
    }
}

fn step(interface: &str, step: &'static str, source: io::Error) -> CaptureError {
    CaptureError::Step { interface: interface.to_owned(), step, source }
}

fn set(socket: &OwnedFd, name: i32, value: &[u8]) -> io::Result<()> {
    sys::set_option(socket.as_fd(), SOL_PACKET, name, value)
}

fn blocks_of(options: &Options) -> usize {
    let bytes = options.ring_bytes.checked_div(options.rings.max(1)).unwrap_or(0);
    bytes.checked_div(BLOCK_BYTES).unwrap_or(0).max(BLOCKS_MIN)
}

/// `struct tpacket_req3`; frames of a block are as large as they are, so their size only has to divide it.
fn request(blocks: usize) -> Vec<u8> {
    let block = u32::try_from(BLOCK_BYTES).unwrap_or(u32::MAX);
    let frame = 2048_u32;
    let frames = BLOCK_BYTES.checked_div(2048).unwrap_or(0).saturating_mul(blocks);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    [block, number(blocks), frame, number(frames), RETIRE_MS, 0, 0]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect()
}

/// `struct packet_mreq`.
fn promiscuous(interface: u32) -> Vec<u8> {
    let mut bytes = interface.to_ne_bytes().to_vec();
    bytes.extend(PACKET_MR_PROMISC.to_ne_bytes());
    bytes.extend([0; 10]);
    bytes
}

/// Finds the packets of a copied block and puts their tags back.
fn packets_of(count: u32, first: u32, into: &mut Stretch) {
    let mut at = usize::try_from(first).unwrap_or(usize::MAX);
    for _ in 0..count {
        let Some((packet, next)) = packet(&mut into.bytes, at) else { return };
        into.packets.push(packet);
        // The last one names no next.
        let Some(further) = at.checked_add(next).filter(|_| next > 0) else { return };
        at = further;
    }
}

/// The packet whose head stands there, and how far behind it the next one's does.
fn packet(bytes: &mut [u8], at: usize) -> Option<(Captured, usize)> {
    let head = bytes.get(at..)?.get(..40)?;
    let word = |offset| read32(head, offset);
    let (next, seconds, nanoseconds) = (word(0)?, word(4)?, word(8)?);
    let (mut captured, mut original, status) = (word(12)?, word(16)?, word(20)?);
    let mac = usize::from(read16(head, 24)?);
    let tag = (status & STATUS_VLAN_VALID != 0).then_some(read32(head, 32)?);
    let tpid = if status & STATUS_VLAN_TPID_VALID != 0 { read16(head, 36)? } else { TPID_8021Q };
    let mut start = at.checked_add(mac)?;
    // A frame that ends outside its block is none.
    bytes.get(start..)?.get(..usize::try_from(captured).ok()?)?;
    if let Some(tci) = tag
        && captured >= 12
    {
        start = start.checked_sub(TAG)?;
        bytes.copy_within(start.checked_add(TAG)?..start.checked_add(16)?, start);
        let [_, _, high, low] = tci.to_be_bytes();
        let [kind, of] = tpid.to_be_bytes();
        bytes
            .get_mut(start.checked_add(12)?..start.checked_add(16)?)?
            .copy_from_slice(&[kind, of, high, low]);
        captured = captured.saturating_add(4);
        original = original.saturating_add(4);
    }
    let time = i64::from(seconds).saturating_mul(Timestamp::SECOND).saturating_add(nanoseconds.into());
    let offset = u32::try_from(start).ok()?;
    Some((Captured { time: Timestamp(time), offset, captured, original }, usize::try_from(next).ok()?))
}

fn read32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_ne_bytes(*chunk))
}

fn read16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_ne_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of a block: head, its frame at offset 82, padded.
    fn laid(frame: &[u8], next: u32, tag: Option<(u16, u16)>) -> Vec<u8> {
        let length = u32::try_from(frame.len()).unwrap();
        let status = tag.map_or(0, |_| STATUS_VLAN_VALID | STATUS_VLAN_TPID_VALID);
        let (tci, tpid) = tag.unwrap_or_default();
        let mut bytes: Vec<u8> =
            [next, 7, 9, length, length + 1, status].into_iter().flat_map(u32::to_ne_bytes).collect();
        bytes.extend(82_u16.to_ne_bytes());
        bytes.extend(96_u16.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(u32::from(tci).to_ne_bytes());
        bytes.extend(tpid.to_ne_bytes());
        bytes.resize(82, 0);
        bytes.extend(frame);
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        bytes
    }

    fn read(count: u32, first: u32, bytes: Vec<u8>) -> Vec<(Captured, Vec<u8>)> {
        let mut stretch = Stretch { bytes, packets: Vec::new() };
        packets_of(count, first, &mut stretch);
        let bytes = &stretch.bytes;
        let of = |p: &Captured| bytes[p.offset as usize..(p.offset + p.captured) as usize].to_vec();
        stretch.packets.iter().map(|p| (*p, of(p))).collect()
    }

    #[test]
    fn packets_are_found_and_tags_put_back() {
        let frame: Vec<u8> = (0..60).collect();
        let one = laid(&frame, 144, Some((0x600c, 0x88a8)));
        assert_eq!(one.len(), 144);
        let bytes = [one, laid(&frame[..20], 0, None)].concat();
        let read = read(2, 0, bytes);
        let tagged = [&frame[..12], &[0x88, 0xa8, 0x60, 0x0c], &frame[12..]].concat();
        assert_eq!(read[0].1, tagged);
        assert_eq!((read[0].0.original, read[0].0.time), (65, Timestamp(7 * Timestamp::SECOND + 9)));
        assert_eq!(read[1].1, &frame[..20]);
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_block_that_lies_gives_no_packet_outside_it() {
        let frame = [5; 60];
        let whole = laid(&frame, 0, Some((1, 0x8100)));
        for cut in [0, 10, 39, 40, 81, 82, 90, 141] {
            assert!(read(9, 0, whole[..cut].to_vec()).is_empty(), "cut at {cut}");
        }
        assert!(read(1, u32::MAX, whole.clone()).is_empty());
        assert_eq!(read(u32::MAX, 0, whole).len(), 1, "no next, no more");
        let loops = laid(&frame, u32::MAX, None);
        assert_eq!(read(5, 0, loops).len(), 1);
    }

    #[test]
    fn rings_share_the_memory_and_none_is_too_small() {
        let of = |rings, ring_bytes| blocks_of(&Options { rings, ring_bytes, ..Options::default() });
        assert_eq!((of(1, 64 << 20), of(4, 64 << 20), of(2, 0), of(0, 0)), (128, 32, 4, 4));
        assert_eq!(request(4).len(), 28);
        assert_eq!(promiscuous(3).len(), 16);
    }
}
