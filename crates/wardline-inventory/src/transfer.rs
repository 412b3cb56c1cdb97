//! Transfers: connections that only carry the files of another conversation are no services.
//!
//! FTP opens a connection for every file, from the server back to the client or to a port that the server names for it
//! (RFC 959 section 3.3). Whatever goes over it has no protocol of its own. A host that was asked for something
//! unrecognised only by its partners in FTP offers nothing there.

use crate::assemble::Assembly;
use crate::merge::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::Service;

/// Below are the ports of well-known services: files come and go above.
const PORT_MIN: u16 = 1024;

/// Hosts whose unrecognised services are transfers.
#[derive(Debug, Default)]
pub(crate) struct Transfers(BTreeSet<NodeId>);

impl Transfers {
    /// Whether a service of a host is a transfer.
    pub(crate) fn explain(&self, host: NodeId, service: &Service) -> bool {
        service.protocol == "unknown"
            && service.transport == "tcp"
            && service.port >= PORT_MIN
            && self.0.contains(&host)
    }
}

impl Assembly<'_> {
    /// Looks at who asked whom.
    pub(crate) fn transfers(&mut self) -> Transfers {
        let mut partners: BTreeSet<(NodeId, NodeId)> = BTreeSet::new();
        let mut asked: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for (exchange, seen) in &self.sightings.exchanges {
            if !matches!(exchange.protocol, "ftp" | "unknown") {
                continue;
            }
            let [client, server] = [exchange.client, exchange.server].map(|host| {
                let node = self.groups.number(self.tenancies.host(self.link, host, seen));
                self.groups.root(node)
            });
            if exchange.protocol == "ftp" {
                partners.extend([(client, server), (server, client)]);
            } else {
                asked.entry(server).or_default().insert(client);
            }
        }
        if partners.is_empty() {
            return Transfers::default();
        }
        asked.retain(|server, clients| clients.iter().all(|client| partners.contains(&(*server, *client))));
        Transfers(asked.into_keys().collect())
    }
}
