//! The flow table and the streams: packets per second, with as many flows as the case says.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::net::{IpAddr, Ipv4Addr};
use wardline_wire::flow::{Arrival, FlowKey, SHARDS, Stream, StreamCounters, Table};
use wardline_wire::frame::TcpSegment;

fn main() {
    divan::main();
}

fn key(flow: u32) -> FlowKey {
    let source = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 | flow));
    FlowKey::ip(6, (source, 40_000), (IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1)), 104)).0
}

#[divan::bench(args = [1_000, 16_000, 190_000])]
fn find_a_flow(bencher: Bencher<'_, '_>, flows: u32) {
    let mut shards: Vec<Table<u64>> = (0..SHARDS).map(|_| Table::default()).collect();
    for flow in 0..flows {
        let key = key(flow);
        shards[key.shard()].insert(key, 0);
    }
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        for flow in 0..flows {
            let key = key(black_box(flow.wrapping_mul(7919) % flows));
            let shard = &mut shards[key.shard()];
            let slot = shard.find(&key);
            if let Some(count) = slot.and_then(|slot| shard.get(slot)) {
                *count += 1;
            }
        }
    });
}

/// Ten thousand segments; the gap says after how many one comes late.
#[divan::bench(args = [0, 100, 10])]
fn order_a_stream(bencher: Bencher<'_, '_>, late_every: u32) {
    let payload = [0x5a_u8; 1400];
    let mut order: Vec<u32> = (0..10_000).collect();
    if late_every > 0 {
        (1..10_000).filter(|n| n % late_every == 0).for_each(|n| order.swap(n as usize - 1, n as usize));
    }
    bencher.counter(ItemsCount::new(order.len())).bench_local(|| {
        let (mut stream, mut counters) = (Stream::starting_at(Some(0)), StreamCounters::default());
        let mut bytes = 0_usize;
        for number in &order {
            let segment = TcpSegment {
                source: 1,
                destination: 2,
                sequence: number * 1400,
                acknowledgement: 0,
                flags: 0x10,
                window: 0,
                checksum: 0,
                options: &[],
                payload: &payload,
                missing: 0,
            };
            stream.segment(&segment, &mut counters, &mut |arrival| {
                if let Arrival::Data(data) = arrival {
                    bytes += data.len();
                }
            });
        }
        black_box(bytes)
    });
}
