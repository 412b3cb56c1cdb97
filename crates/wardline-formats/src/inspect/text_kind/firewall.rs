//! Configurations of firewalls, and of routers and switches that filter: the platform, by how lines begin.

use crate::inspect::Report;

/// How many of some beginnings must occur, and none of others.
struct Platform {
    kind: &'static str,
    any: &'static [&'static str],
    and: &'static [&'static str],
    not: &'static [&'static str],
}

/// In this order: the first that fits is it.
const PLATFORMS: &[Platform] = &[
    Platform {
        kind: "firewall:fortios",
        any: &["#config-version=FG", "config firewall ", "config system ", "config router "],
        and: &[],
        not: &[],
    },
    Platform { kind: "firewall:fortios", any: &["config "], and: &["end"], not: &[] },
    Platform {
        kind: "firewall:iptables",
        any: &["*filter", "*nat", "*mangle", "*raw", ":INPUT", "-A INPUT", "-A FORWARD", "iptables "],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:nftables",
        any: &["table inet ", "table ip ", "table ip6 ", "table bridge ", "flush ruleset", "nft "],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:palo-alto",
        any: &[
            "set deviceconfig",
            "set rulebase",
            "set network interface ",
            "set network virtual-router",
            "set network profiles",
            "set network ike",
            "set network tunnel",
            "set shared ",
            "set vsys ",
            "set zone ",
            "set mgt-config",
            "set device-group",
            "set template",
        ],
        and: &[],
        not: &["set system host-name"],
    },
    // As `show` nests it, or as its file system keeps it.
    Platform {
        kind: "firewall:palo-alto",
        any: &[
            "deviceconfig {",
            "localhost.localdomain {",
            "panorama {",
            "ethernet1/1 {",
            "set config devices ",
            "set config shared ",
        ],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:junos",
        any: &[
            "set system ",
            "set firewall ",
            "set policy-options",
            "set security ",
            "set interfaces ",
            "set routing-options",
            "set protocols ",
            "set groups ",
            "set applications ",
            "set routing-instances",
            "set logical-systems",
        ],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:junos",
        any: &[
            "system {",
            "firewall {",
            "interfaces {",
            "policy-options {",
            "security {",
            "protocols {",
            "routing-options {",
            "groups {",
        ],
        and: &["}"],
        not: &[],
    },
    Platform {
        kind: "firewall:cisco-asa",
        any: &[
            "ASA Version",
            ": Saved",
            "PIX Version",
            "nameif ",
            "object network ",
            "same-security-traffic",
        ],
        and: &[],
        not: &["ip access-list "],
    },
    Platform {
        kind: "firewall:cisco-nxos",
        any: &["!Command: show running-config", "feature ", "vdc "],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:aruba",
        any: &[
            "ip access-list session",
            "ip access-list stateless",
            "netdestination ",
            "aaa profile",
            "user-role ",
        ],
        and: &[],
        not: &[],
    },
    Platform {
        kind: "firewall:cisco-ios",
        any: &[
            "interface ",
            "ip access-list ",
            "ipv6 access-list ",
            "access-list ",
            "hostname ",
            "router ",
            "ip route ",
            "line vty",
            "zone security",
            "class-map ",
            "policy-map ",
            "crypto ",
            "ip nat ",
            "ip prefix-list ",
            "route-map ",
            "object-group ",
            "ip address ",
        ],
        and: &[],
        not: &[],
    },
];

pub(super) fn inspect(head: &str) -> Option<Report> {
    let lines: Vec<&str> = head.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let any = |begins: &[&str]| lines.iter().any(|line| begins.iter().any(|begin| line.starts_with(begin)));
    let fits = |p: &&Platform| any(p.any) && (p.and.is_empty() || any(p.and)) && !any(p.not);
    let platform = PLATFORMS.iter().find(fits)?;
    let mut report = Report::new(platform.kind);
    report.count("lines", lines.len());
    Some(report)
}
