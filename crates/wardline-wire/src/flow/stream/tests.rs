use super::*;

fn segment(sequence: u32, payload: &[u8]) -> TcpSegment<'_> {
    TcpSegment {
        source: 1,
        destination: 2,
        sequence,
        acknowledgement: 0,
        flags: tcp_flag::ACK,
        window: 1000,
        checksum: 0,
        options: &[],
        payload,
        missing: 0,
    }
}

/// Gives segments and tells what came out: text for data, `[n]` for a gap.
struct Check {
    stream: Stream,
    counters: StreamCounters,
    out: String,
}

fn check() -> Check {
    let mut check =
        Check { stream: Stream::default(), counters: StreamCounters::default(), out: String::new() };
    let syn = TcpSegment { flags: tcp_flag::SYN, ..segment(99, b"") };
    check.give(&syn);
    check
}

impl Check {
    fn give(&mut self, segment: &TcpSegment<'_>) {
        let out = &mut self.out;
        self.stream.segment(segment, &mut self.counters, &mut |arrival| write(out, arrival));
    }

    fn at(mut self, sequence: u32, payload: &[u8]) -> Self {
        self.give(&segment(sequence, payload));
        self
    }

    fn finish(mut self) -> String {
        let out = &mut self.out;
        self.stream.finish(&mut self.counters, &mut |arrival| write(out, arrival));
        self.out
    }
}

fn write(out: &mut String, arrival: Arrival<'_>) {
    match arrival {
        Arrival::Data(bytes) => out.push_str(std::str::from_utf8(bytes).unwrap()),
        Arrival::Gap(count) => out.push_str(&format!("[{count}]")),
    }
}

#[test]
fn order_is_restored_and_repeats_are_left_out() {
    let out =
        check().at(100, b"ab").at(104, b"ef").at(104, b"ef").at(102, b"cd").at(100, b"abcd").at(106, b"g");
    assert_eq!(out.counters.repeated, 1);
    assert_eq!(out.finish(), "abcdefg");
}

#[test]
fn of_overlapping_bytes_the_first_win() {
    assert_eq!(check().at(100, b"abc").at(101, b"XYde").at(103, b"QQQ").finish(), "abcdeQ");
    assert_eq!(check().at(102, b"cd").at(103, b"XYZ").at(100, b"ab").finish(), "abcdYZ");
}

#[test]
fn a_hole_is_told_not_guessed_over() {
    assert_eq!(check().at(100, b"a").at(103, b"d").finish(), "a[2]d");
}

#[test]
fn a_hole_the_peer_acknowledged_is_given_up_after_a_few_segments() {
    let mut out = check().at(100, b"a").at(103, b"d").at(104, b"e").at(105, b"f");
    let text = &mut out.out;
    out.stream.acknowledged(106, &mut out.counters, &mut |arrival| write(text, arrival));
    assert_eq!(out.out, "a[2]def");
}

#[test]
fn bytes_a_snap_length_cut_are_a_gap() {
    let mut out = check();
    out.give(&TcpSegment { missing: 5, ..segment(100, b"ab") });
    assert_eq!(out.at(107, b"c").finish(), "ab[5]c");
}

#[test]
fn a_lost_beginning_starts_where_the_capture_starts() {
    let mut out =
        Check { stream: Stream::default(), counters: StreamCounters::default(), out: String::new() };
    out.give(&segment(u32::MAX, b"ab"));
    assert_eq!(out.at(1, b"c").finish(), "abc");
}

#[test]
fn waiting_bytes_are_bounded() {
    let mut out = check();
    let block = [b'x'; 1400];
    for i in 0..2000_u32 {
        out.give(&segment(200 + 2800 * i, &block));
        assert!(out.stream.held() <= EARLY_BYTES_MAX + 1400 + EARLY_SEGMENTS_MAX * EARLY_COST + EARLY_COST);
    }
    assert!(out.counters.gaps > 1000);
}

#[test]
fn a_jump_beyond_any_window_is_left_out() {
    let out = check().at(100, b"a").at(100 + (1 << 30) + 7, b"zzz").at(101, b"b");
    assert_eq!(out.counters.stray, 1);
    assert_eq!(out.finish(), "ab");
}

#[test]
fn of_overlapping_early_bytes_the_first_to_arrive_stand() {
    let out = check().at(110, b"KKKKK").at(105, b"aaaaaaaaaaaaaaa").at(100, b"01234").finish();
    assert_eq!(out, "01234aaaaaKKKKKaaaaa");
    let out = check().at(104, b"BB").at(108, b"DD").at(103, b"xxxxxxxx").at(100, b"abc").finish();
    assert_eq!(out, "abcxBBxxDDx");
    let cut = TcpSegment { missing: 4, ..segment(102, b"cd") };
    let mut check = check();
    check.give(&cut);
    assert_eq!(check.at(100, b"ab").at(108, b"ij").finish(), "abcd[4]ij");
}

#[test]
fn a_stream_is_at_its_end_when_the_bytes_before_the_fin_have_come() {
    let mut check = check().at(100, b"ab");
    assert!(check.stream.is_at_end(), "no end was told");
    let fin = TcpSegment { flags: tcp_flag::ACK | tcp_flag::FIN, ..segment(106, b"") };
    check.give(&fin);
    assert!(!check.stream.is_at_end());
    let check = check.at(102, b"cdef");
    assert!(check.stream.is_at_end());
    assert_eq!(check.finish(), "abcdef");
}
