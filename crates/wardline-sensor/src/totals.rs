//! Counters of what was seen and of everything that was left out. Every drop has one.

macro_rules! totals {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What was counted in an analysis.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Totals { $($(#[$doc])* pub $name: u64,)* }

        impl Totals {
            /// Adds another's counts.
            pub const fn add(&mut self, other: &Self) {
                $(self.$name = self.$name.saturating_add(other.$name);)*
            }

            /// What was counted since `earlier`.
            #[must_use]
            pub const fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }

            /// Every counter with its name, in order.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

totals! {
    /// Packets read.
    packets,
    /// Bytes of those packets on the wire.
    bytes,
    /// Packets of which some layer up to the transport could not be read.
    undecoded_packets,
    /// Frames delivered twice by the mirror port; left out of flows.
    duplicated_frames,
    /// Times the capture's clock stepped back by more than a second.
    clock_steps_back,
    /// TCP connections of which only one direction was seen although it carried data.
    one_way_connections,
    /// TCP segments that brought nothing new (retransmissions).
    repeated_segments,
    /// TCP segments that came before their turn.
    early_segments,
    /// TCP segments far outside any window; left out.
    stray_segments,
    /// Holes in TCP streams.
    stream_gaps,
    /// Bytes in those holes.
    stream_gap_bytes,
    /// IP fragments seen.
    fragments,
    /// IP packets put together from fragments.
    reassembled_packets,
    /// Fragments left out: overlapping, malformed, too many, or never completed.
    dropped_fragments,
    /// Flows that made room for others while still alive.
    evicted_flows,
    /// Flows whose dissection was given up to stay within memory.
    shed_dissections,
    /// Facts left out because there were too many different ones.
    shed_facts,
    /// Addresses or services left out because there were too many.
    shed_sightings,
    /// Flows in which a dissector met bytes that contradict the standard.
    malformed_flows,
    /// Dissectors that wanted more bytes at once than allowed.
    dissector_overruns,
    /// Dissectors that failed: a fault of ours; each cost one flow.
    dissector_faults,
}

impl Totals {
    /// Sum of what was left out for want of room.
    #[must_use]
    pub const fn shed(&self) -> u64 {
        self.evicted_flows
            .saturating_add(self.shed_dissections)
            .saturating_add(self.shed_facts)
            .saturating_add(self.shed_sightings)
    }
}
