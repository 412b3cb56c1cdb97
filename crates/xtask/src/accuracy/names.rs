//! From the second tool's names to ours, and what must be in a frame for a name to count.
//!
//! The tool asks ports before bytes for many protocols, so a name alone proves nothing: it counts when one
//! of the fields that only a dissected message has is there. Names that are not listed are `unknown`.

/// What a name of the tool stands for.
pub(super) struct Name {
    /// In `frame.protocols`.
    pub(super) theirs: &'static str,
    /// In `flows[].protocol`.
    pub(super) ours: &'static str,
    /// One of these fields must have a value; none listed: the name is given by content alone.
    pub(super) proof: &'static [&'static str],
}

const fn name(theirs: &'static str, ours: &'static str, proof: &'static [&'static str]) -> Name {
    Name { theirs, ours, proof }
}

const HTTP: &[&str] = &["http.request.method", "http.response.code"];
const TLS: &[&str] = &["tls.record.content_type", "tls.record.opaque_type", "tls.handshake.type"];
const DNS: &[&str] = &["dns.flags.opcode"];

/// Every name that counts.
pub(super) const NAMES: &[Name] = &[
    name("arp", "arp", &[]),
    name("lldp", "lldp", &[]),
    name("cdp", "cdp", &[]),
    name("eapol", "eapol", &[]),
    name("stp", "stp", &[]),
    name("ptp", "ptp", &[]),
    name("http", "http", HTTP),
    name("http2", "http", &["http2.type"]),
    name("websocket", "websocket", &["websocket.opcode"]),
    name("ipp", "ipp", &[]),
    name("ssdp", "ssdp", HTTP),
    name("tls", "tls", TLS),
    name("dtls", "dtls", &["dtls.record.content_type"]),
    name("quic", "quic", &["quic.version"]),
    name("gquic", "quic|unknown", &[]),
    name("ssh", "ssh", &["ssh.protocol", "ssh.message_code"]),
    name("smtp", "smtp", &["smtp.req.command", "smtp.response.code"]),
    name("pop", "pop3", &["pop.request.command", "pop.response.indicator"]),
    name("imap", "imap", &["imap.request", "imap.response"]),
    name("ftp", "ftp", &["ftp.request.command", "ftp.response.code"]),
    name("telnet", "telnet", &["telnet.cmd"]),
    name("dns", "dns", DNS),
    name("mdns", "mdns", DNS),
    name("llmnr", "llmnr", DNS),
    name("nbns", "nbns", &["nbns.flags.opcode"]),
    name("nbdgm", "nbdgm", &["nbdgm.type"]),
    name("ntp", "ntp", &["ntp.flags.vn"]),
    name("snmp", "snmp", &["snmp.version", "snmp.msgVersion"]),
    name("syslog", "syslog", &["syslog.facility"]),
    name("tftp", "tftp", &["tftp.opcode"]),
    name("radius", "radius", &["radius.code"]),
    name("dhcp", "dhcp", &["dhcp.type"]),
    name("dhcpv6", "dhcpv6", &["dhcpv6.msgtype"]),
    name("ldap", "ldap", &["ldap.protocolOp"]),
    name("cldap", "ldap", &["ldap.protocolOp"]),
    name("kerberos", "kerberos", &["kerberos.msg_type"]),
    name("dcerpc", "dcerpc", &["dcerpc.pkt_type"]),
    name("smb", "smb", &["smb.cmd"]),
    name("smb2", "smb", &["smb2.cmd"]),
    name("nfs", "nfs", &["rpc.msgtyp"]),
    name("mount", "nfs|unknown", &["rpc.msgtyp"]),
    name("portmap", "portmap", &["rpc.msgtyp"]),
    name("tds", "mssql", &["tds.type"]),
    name("mysql", "mysql", &["mysql.packet_number"]),
    name("pgsql", "postgres", &[]),
    name("resp", "redis", &[]),
    name("mqtt", "mqtt", &["mqtt.msgtype"]),
    name("sip", "sip", &["sip.Method", "sip.Status-Code"]),
    name("rtp", "rtp", &["rtp.ssrc"]),
    name("rtcp", "rtcp", &["rtcp.pt"]),
    name("rtsp", "rtsp", &["rtsp.method", "rtsp.status"]),
    name("stun", "stun", &["stun.type"]),
    name("classicstun", "stun", &[]),
    name("coap", "coap", &["coap.code"]),
    name("bgp", "bgp", &["bgp.type"]),
    name("vnc", "vnc", &["vnc.server_proto_ver", "vnc.client_proto_ver"]),
    name("gtp", "gtp", &["gtp.message"]),
    name("gtpv2", "gtp", &["gtpv2.message_type"]),
    name("modbus", "modbus", &["modbus.func_code"]),
    name("bvlc", "bacnet", &["bvlc.function"]),
    name("enip", "enip", &["enip.command"]),
    name("s7comm", "s7comm", &["s7comm.header.rosctr"]),
    name("dnp3", "dnp3", &["dnp3.start"]),
    name("opcua", "opcua", &["opcua.transport.type"]),
    name("rdp", "rdp", &[]),
    name("hl7", "hl7", &["hl7.message.type"]),
    name("dicom", "dicom", &["dicom.pdu.type"]),
];

/// Layers between the transport and what it carries, which are no application of their own.
pub(super) const BETWEEN: &[&str] = &[
    "tpkt",
    "cotp",
    "nbss",
    "mbtcp",
    "mbudp",
    "rpc",
    "t125",
    "x224",
    "data",
    "ethertype",
    "llc",
    "cltp",
    "ses",
    "pres",
    "acse",
    "ipv6.hopopts",
    "ipv6.dstopts",
    "ipv6.routing",
    "ipv6.fraghdr",
    "ah",
    "vssmonitoring",
    "eth_fcs",
    "vlan",
    "ieee8021ad",
    "mpls",
];

/// Protocols that share one pair of ports in a call or a browser's media: any that was seen is right.
pub(super) const MEDIA: &[&str] = &["stun", "dtls", "rtp", "rtcp"];

/// Fields asked of the tool, those that prove a name left out.
pub(super) const FIELDS: &[&str] = &[
    "frame.protocols",
    "_ws.col.Protocol",
    "eth.src",
    "eth.dst",
    "wlan.sa",
    "wlan.da",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.len",
    "tcp.stream",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.stream",
    "rtp.setup-frame",
];
