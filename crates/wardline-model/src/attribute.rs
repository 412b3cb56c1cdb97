//! What a fact is about.

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kind of a fact. The text form is the contract: it stands in reports and in `data/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Attribute { $($(#[$doc])* $name,)* }

        impl Attribute {
            /// Every attribute, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its place in the order, from 0.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// The name used in documents and in `data/`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The attribute of that name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

attributes! {
    // What a device is: these become fields of `Device`.
    /// DICOM application entity title.
    AeTitle = "ae_title",
    /// Device class code (field guide section 3), for example `mon.bed`.
    Class = "class",
    /// Host name the device gives itself or is given by DHCP or DNS.
    Hostname = "hostname",
    /// Internet address.
    Ip = "ip",
    /// Where the device stands: unit, room, bed, port.
    Location = "location",
    /// MAC address.
    Mac = "mac",
    /// Model name or number.
    Model = "model",
    /// Operating system; the version apart.
    Os = "os",
    /// Role on the network, text form of `Role`.
    Role = "role",
    /// Serial number.
    Serial = "serial",
    /// Software, firmware or toolkit; the version apart.
    Software = "software",
    /// Unique device identification (device identifier and production identifier).
    Udi = "udi",
    /// Manufacturer.
    Vendor = "vendor",

    // Clues: the wire's own words, to be interpreted by fingerprints.
    /// ASTM E1394 H-5 sender name, components separated by `^`.
    AstmSender = "astm-sender",
    /// X.509 certificate subject presented by this host.
    CertificateSubject = "certificate-subject",
    /// X.509 issuer of a certificate presented by this host.
    CertificateIssuer = "certificate-issuer",
    /// BACnet vendor identifier (ASHRAE's list), decimal.
    BacnetVendor = "bacnet-vendor",
    /// CDP platform string.
    CdpPlatform = "cdp-platform",
    /// CDP software version text.
    CdpVersion = "cdp-version",
    /// A database server's own version text, kind first: `mysql 5.7.44-log`, `mssql 15.0.2000`.
    DatabaseServer = "database-server",
    /// DCE/RPC interface offered or called, by its known name or UUID.
    DcerpcInterface = "dcerpc-interface",
    /// What a DHCP server hands out on a network: `10.1.2.0/24 router 10.1.2.1 dns 10.1.2.5`.
    DhcpServer = "dhcp-server",
    /// DHCP option 55, decimal codes separated by commas, in the order sent.
    DhcpParameters = "dhcp-parameters",
    /// DHCP option 60, vendor class identifier.
    DhcpVendorClass = "dhcp-vendor-class",
    /// DICOM implementation class UID.
    DicomImplementationUid = "dicom-implementation-uid",
    /// DICOM implementation version name.
    DicomImplementationVersion = "dicom-implementation-version",
    /// DICOM modality code (0008,0060), for example `CT`.
    DicomModality = "dicom-modality",
    /// A DICOM service this host uses or provides: `scu:storage:CT`, `scp:query`, … (see the DICOM dissector).
    DicomService = "dicom-service",
    /// Windows, Kerberos or DNS domain that the host belongs to.
    Domain = "domain",
    /// A DNS-SD service type offered, for example `_ipp._tcp`.
    DnsSdService = "dns-sd-service",
    /// A DNS name the host asks for.
    DnsQuery = "dns-query",
    /// Name that people gave a device, free text: `Pump ICU-3`.
    FriendlyName = "friendly-name",
    /// FTP greeting text.
    FtpBanner = "ftp-banner",
    /// HASSH of an SSH client: digest of the algorithm lists it offers.
    Hassh = "hassh",
    /// HASSH of an SSH server.
    HasshServer = "hassh-server",
    /// HL7 sending application (MSH-3).
    Hl7Application = "hl7-application",
    /// HL7 sending facility (MSH-4).
    Hl7Facility = "hl7-facility",
    /// HL7 message type and trigger seen from this host: `sends:ORU^R01`, `receives:ORU^R01`.
    Hl7Message = "hl7-message",
    /// HTTP `Server` header.
    HttpServer = "http-server",
    /// HTTP `WWW-Authenticate` realm.
    HttpRealm = "http-realm",
    /// HTML title of a page served.
    HttpTitle = "http-title",
    /// HTTP `User-Agent` header.
    HttpUserAgent = "http-user-agent",
    /// IMAP greeting text.
    ImapBanner = "imap-banner",
    /// JA3 of a TLS ClientHello.
    Ja3 = "ja3",
    /// JA4 of a TLS ClientHello.
    Ja4 = "ja4",
    /// LLDP system description.
    LldpDescription = "lldp-description",
    /// Kind of a medical device by its code in IEEE 11073-10101, decimal with its block.
    MdcDevice = "mdc-device",
    /// mDNS `_device-info` model.
    MdnsModel = "mdns-model",
    /// MQTT client identifier.
    MqttClient = "mqtt-client",
    /// NetBIOS name with suffix, for example `PACS01<20>`.
    NetbiosName = "netbios-name",
    /// NTLMSSP version field `major.minor.build`.
    NtlmVersion = "ntlm-version",
    /// POP3 greeting text.
    Pop3Banner = "pop3-banner",
    /// RDP client build number.
    RdpClientBuild = "rdp-client-build",
    /// SIP `User-Agent` or `Server`.
    SipAgent = "sip-agent",
    /// SMTP greeting text.
    SmtpBanner = "smtp-banner",
    /// SMB1 native operating system string.
    SmbNativeOs = "smb-native-os",
    /// SMB1 native LAN manager string.
    SmbNativeLanManager = "smb-native-lan-manager",
    /// SNMP sysDescr.0.
    SnmpDescription = "snmp-description",
    /// SNMPv3 authoritative engine identifier, hexadecimal.
    SnmpEngine = "snmp-engine",
    /// SNMP sysObjectID.0, dotted.
    SnmpObjectId = "snmp-object-id",
    /// SSH identification string without `SSH-2.0-`.
    SshBanner = "ssh-banner",
    /// Program that writes a host's syslog messages (APP-NAME or TAG).
    SyslogProgram = "syslog-program",
    /// How a host opens a connection: hop limit begun with, window in segments or bytes, options in order, scale:
    /// `64 44*mss mss,sok,ts,nop,ws 7`. A weak clue.
    TcpSyn = "tcp-syn",
    /// Telnet greeting text.
    TelnetBanner = "telnet-banner",
    /// UPnP device type, for example `urn:schemas-upnp-org:device:Printer:1`.
    UpnpDevice = "upnp-device",
    /// UPnP or SSDP server string.
    UpnpServer = "upnp-server",
    /// A port of a maker's own protocol in use by what no dissector recognises, by name and end:
    /// `alaris-disc client`. A weak clue.
    VendorPort = "vendor-port",
    /// VNC (RFB) protocol version or server name text.
    VncServer = "vnc-server",
    /// A WS-Discovery type offered, local name with its namespace's known prefix: `mdpws:MedicalDevice`.
    WsDiscoveryType = "ws-discovery-type",

    // Security facts: what detection rules look at.
    /// A credential travelled in clear; the value names the mechanism, never the secret.
    ClearCredential = "clear-credential",
    /// A known factory default credential was used, by name of the entry.
    DefaultCredential = "default-credential",
    /// A long-lived key presented by this host: `ssh-ed25519 SHA256:…` or a certificate's `sha256:…`.
    HostKey = "host-key",
    /// Patient data travelled in clear; the value names the protocol, never the data.
    PatientDataInClear = "patient-data-in-clear",
    /// SMB dialect selected by this server, for example `SMB 1 NT LM 0.12` or `SMB 3.1.1`.
    SmbDialect = "smb-dialect",
    /// TLS version selected by this server, for example `TLS 1.0`.
    TlsVersion = "tls-version",
    /// TLS cipher suite selected by this server, IANA name.
    TlsCipher = "tls-cipher",
    /// A weakness of the protocol's negotiation, by short name, for example `rdp-without-nla`, `snmp-v1`.
    Weakness = "weakness",
    /// An address of this station that another says is its own at the same time: `10.0.0.1 also claimed by 02:…`.
    AddressConflict = "address-conflict",
    /// Difference of the device's clock from the sensor's, whole seconds.
    ClockOffset = "clock-offset",
}

#[cfg(test)]
mod tests {
    use super::Attribute;

    #[test]
    fn every_name_reads_back_as_itself() {
        for &attribute in Attribute::ALL {
            assert_eq!(Attribute::parse(attribute.as_str()), Some(attribute));
        }
    }
}
