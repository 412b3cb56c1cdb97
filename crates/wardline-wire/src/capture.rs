//! Capture files: packets in time order, in batches, in constant memory.
//!
//! In: names of files, or a byte stream: pcap, pcapng, gzip or zstd of either. Out: [`Batch`]es of packets, and
//! what was read of each file in [`FileSummary`]. A file that breaks gives what came before and says where.
//! Limits: [`BATCH_PACKETS_MAX`], and those named in `capture/`: bytes of a record, interfaces of a section,
//! depth and window of compression, files open at once. Refused: other capture formats.
//!
//! `capture/pcap.rs` and `capture/pcapng.rs` read records in place, `capture/source.rs` uncompresses,
//! `capture/file.rs` fills batches from one file, `capture/merge.rs` orders and merges several.

mod error;
mod file;
mod merge;
mod pcap;
mod pcapng;
mod source;

#[cfg(test)]
mod tests;

pub use error::{CaptureError, FileProblem};
pub use merge::Captures;

use wardline_model::{PacketRef, Timestamp};

/// Packets of one batch: enough to share the cost of handing over, few enough to stay in the cache.
pub const BATCH_PACKETS_MAX: usize = 4096;

/// How the bytes of a packet begin: the registry of link-layer header types (tcpdump.org LINKTYPE_ values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback, four bytes of protocol family in the byte order of the machine.
    pub const NULL: Self = Self(0);
    /// Ethernet II or 802.3.
    pub const ETHERNET: Self = Self(1);
    /// Point to point protocol, RFC 1661.
    pub const PPP: Self = Self(9);
    /// Raw IP as most BSDs numbered it in old files.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP as OpenBSD numbered it in old files.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet, from the PPPoE header.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IP, version by the first nibble.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// OpenBSD loopback, family big endian.
    pub const LOOP: Self = Self(108);
    /// Linux cooked v1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Token ring, IEEE 802.5.
    pub const TOKEN_RING: Self = Self(6);
    /// ARCNET as BSD captures it.
    pub const ARCNET: Self = Self(7);
    /// Serial line IP, behind a header of BSD.
    pub const SLIP: Self = Self(8);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// ATM with LLC, RFC 1483.
    pub const ATM_RFC1483: Self = Self(100);
    /// Wireless, IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Classical IP over ATM of Linux.
    pub const ATM_CLIP: Self = Self(106);
    /// Frame relay.
    pub const FRAME_RELAY: Self = Self(107);
    /// Wireless behind the header of Prism cards.
    pub const PRISM: Self = Self(119);
    /// IP over Fibre Channel, RFC 2625.
    pub const IP_OVER_FC: Self = Self(122);
    /// ATM of SunATM devices.
    pub const SUN_ATM: Self = Self(123);
    /// Wireless behind a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// ARCNET as Linux captures it.
    pub const ARCNET_LINUX: Self = Self(129);
    /// IP over IEEE 1394.
    pub const FIREWIRE: Self = Self(138);
    /// A private number, which Apple used for PKTAP.
    pub const USER2: Self = Self(149);
    /// Wireless behind the header of AVS cards.
    pub const AVS: Self = Self(163);
    /// PPP, direction in place of the address.
    pub const PPP_PPPD: Self = Self(166);
    /// Ethernet behind a header of Juniper.
    pub const JUNIPER_ETHERNET: Self = Self(178);
    /// Any link behind per-packet information.
    pub const PPI: Self = Self(192);
    /// PPP behind a byte of direction.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Log of the packet filter of Linux.
    pub const NFLOG: Self = Self(239);
    /// Ethernet behind a header of Hilscher's analyser.
    pub const NETANALYZER: Self = Self(240);
    /// Any link behind a header of Apple.
    pub const PKTAP: Self = Self(258);
    /// Ethernet with the tag of a Broadcom switch.
    pub const DSA_BROADCOM: Self = Self(281);
    /// Ethernet behind the tag of a Broadcom switch.
    pub const DSA_BROADCOM_BEFORE: Self = Self(282);
    /// Ethernet with the tag of a Marvell switch.
    pub const DSA_MARVELL: Self = Self(284);
    /// Ethernet with the tag of a Marvell switch behind an ethertype.
    pub const DSA_MARVELL_ETHERTYPE: Self = Self(285);
    /// Linux cooked v2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// One packet of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketHead {
    /// File, frame number and time.
    pub place: PacketRef,
    /// Link type of its interface.
    pub link: LinkType,
    /// Length on the wire.
    pub original: u32,
    /// Start of the captured bytes in the batch.
    pub offset: u32,
    /// Length of the captured bytes.
    pub captured: u32,
}

/// A run of packets in the order of analysis; their bytes stand together in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Batch {
    /// Captured bytes and whatever the file had between them.
    pub bytes: Vec<u8>,
    /// The packets.
    pub packets: Vec<PacketHead>,
}

impl Batch {
    /// The captured bytes of a packet of this batch.
    #[must_use]
    pub fn packet(&self, head: &PacketHead) -> &[u8] {
        let start = usize::try_from(head.offset).unwrap_or(usize::MAX);
        let length = usize::try_from(head.captured).unwrap_or(usize::MAX);
        self.bytes.get(start..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }
}

/// What was read of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSummary {
    /// Name as given.
    pub name: String,
    /// Packets read.
    pub packets: u64,
    /// Sum of the lengths on the wire of the packets read.
    pub bytes: u64,
    /// Earliest packet.
    pub first: Option<Timestamp>,
    /// Latest packet.
    pub last: Option<Timestamp>,
    /// Whether the file ended or broke inside a record: what came before it was read.
    pub truncated: bool,
    /// What was wrong, in words, with the place.
    pub problem: Option<String>,
    /// Packets that the capturing machine says it dropped (pcapng interface statistics).
    pub dropped: Option<u64>,
}
