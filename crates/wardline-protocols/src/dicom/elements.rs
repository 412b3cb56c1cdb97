//! Data elements as a stream (DICOM PS3.5 section 7): tags pass by, few values are kept.
//!
//! In: bytes of a command or data set in pieces of any size. Out: wanted values, given to a [`Sink`].
//! Implicit or explicit VR is decided by the first element, as some senders mislabel it. Limits: depth
//! [`DEPTH_MAX`], values of [`VALUE_MAX`] bytes, [`READ_MAX`] bytes of a set. Longer values are passed over.

/// Sequences inside one another.
const DEPTH_MAX: usize = 16;
/// Longest value kept: device fields are short strings.
const VALUE_MAX: u32 = 4096;
/// Identity stands in the first kilobytes of a data set; beyond this the rest is not looked at.
const READ_MAX: u64 = 65_536;

const UNDEFINED: u32 = 0xFFFF_FFFF;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Group and element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tag(pub(super) u16, pub(super) u16);

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) implicit: bool,
    pub(super) big_endian: bool,
    pub(super) deflated: bool,
}

impl Form {
    /// Implicit VR, little endian: the default, and that of command sets.
    pub(super) const IMPLICIT: Self = Self { implicit: true, big_endian: false, deflated: false };

    /// Of a transfer syntax; whatever is not listed is encapsulated, which is explicit VR little endian.
    pub(super) fn of(transfer_syntax: &str) -> Self {
        let explicit = Self { implicit: false, ..Self::IMPLICIT };
        match transfer_syntax {
            "1.2.840.10008.1.2" | "1.2.840.113619.5.2" => Self::IMPLICIT,
            "1.2.840.10008.1.2.2" => Self { big_endian: true, ..explicit },
            "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => {
                Self { deflated: true, ..explicit }
            }
            _ => explicit,
        }
    }
}

/// What a sink wants with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Pass,
    Value,
    /// The elements inside, of a sequence.
    Inside,
    /// Nothing more of this set.
    Stop,
}

/// Who takes values.
pub(super) trait Sink {
    /// What to do with an element; `parent` is the sequence it stands in.
    fn want(&self, parent: Option<Tag>, tag: Tag) -> Want;
    /// An item of a sequence wanted begins.
    fn item(&mut self, sequence: Tag) {
        let _ = sequence;
    }
    /// A value wanted; never empty.
    fn value(&mut self, parent: Option<Tag>, tag: Tag, value: &[u8]);
}

/// What became of the bytes given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Give more.
    More,
    /// The sink has what it wants, or a bound is reached.
    Over,
    /// The bytes contradict the format.
    Malformed,
}

/// The reader's place in a set.
#[derive(Debug)]
pub(super) struct Elements {
    form: Form,
    decided: bool,
    carry: Vec<u8>,
    state: State,
    levels: Vec<Level>,
    at: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Pass(u64),
    Value(Tag, usize),
}

/// A sequence that is open.
#[derive(Clone, Copy, Debug)]
struct Level {
    tag: Tag,
    wanted: bool,
    /// Content of an unknown VR is written implicitly (PS3.5 6.2.2).
    implicit: bool,
    end: Option<u64>,
}

struct Head {
    tag: Tag,
    vr: Option<[u8; 2]>,
    length: u32,
}

impl Elements {
    /// A set in `form`; command sets are never mislabelled.
    pub(super) fn new(form: Form, command: bool) -> Self {
        Self { form, decided: command, carry: Vec::new(), state: State::Head, levels: Vec::new(), at: 0 }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) -> Progress {
        loop {
            if self.at > READ_MAX {
                return Progress::Over;
            }
            let progress = match self.state {
                State::Pass(left) => {
                    let pass = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(pass..).unwrap_or_default();
                    let pass = u64::try_from(pass).unwrap_or(u64::MAX);
                    self.at = self.at.saturating_add(pass);
                    match left.saturating_sub(pass) {
                        0 => self.state = State::Head,
                        left => {
                            self.state = State::Pass(left);
                            return Progress::More;
                        }
                    }
                    None
                }
                State::Value(tag, length) => {
                    if !self.collect(&mut bytes, length) {
                        return Progress::More;
                    }
                    sink.value(self.levels.last().map(|level| level.tag), tag, &self.carry);
                    self.state = State::Head;
                    self.carry.clear();
                    None
                }
                State::Head => {
                    self.close_levels();
                    self.head(&mut bytes, sink)
                }
            };
            if let Some(progress) = progress {
                return progress;
            }
        }
    }

    /// Fills the carry up to `length` bytes; whether it is full.
    fn collect(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.carry.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.carry.extend_from_slice(taken);
        *bytes = rest;
        self.at = self.at.saturating_add(u64::try_from(missing).unwrap_or(u64::MAX));
        self.carry.len() >= length
    }

    /// Levels whose length is told end where it ends.
    fn close_levels(&mut self) {
        while self.levels.last().is_some_and(|level| level.end.is_some_and(|end| end <= self.at)) {
            self.levels.pop();
        }
    }

    fn head(&mut self, bytes: &mut &[u8], sink: &mut impl Sink) -> Option<Progress> {
        if !self.collect(bytes, 8) {
            return Some(Progress::More);
        }
        if !self.decided {
            self.decide();
        }
        let long = !self.is_implicit() && !self.is_delimiter() && self.carry.get(4..6).is_some_and(is_long);
        if long && !self.collect(bytes, 12) {
            return Some(Progress::More);
        }
        let Some(head) = self.parse(long) else { return Some(Progress::Malformed) };
        self.carry.clear();
        self.element(&head, sink)
    }

    fn is_implicit(&self) -> bool {
        self.form.implicit || self.levels.last().is_some_and(|level| level.implicit)
    }

    fn is_delimiter(&self) -> bool {
        self.number(0) == Some(0xFFFE)
    }

    fn number(&self, at: usize) -> Option<u16> {
        let pair = self.carry.get(at..)?.first_chunk::<2>()?;
        Some(if self.form.big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) })
    }

    fn number32(&self, at: usize) -> Option<u32> {
        let quad = self.carry.get(at..)?.first_chunk::<4>()?;
        Some(if self.form.big_endian { u32::from_be_bytes(*quad) } else { u32::from_le_bytes(*quad) })
    }

    /// The first element tells byte order and VR, whatever was agreed: its group is small, and a value
    /// representation is two capitals where a length would be implausible.
    fn decide(&mut self) {
        self.decided = true;
        let &[first, second, _, _, a, b, ..] = self.carry.as_slice() else { return };
        self.form.implicit = !is_vr([a, b]);
        self.form.big_endian = first == 0 && second != 0;
    }

    fn parse(&self, long: bool) -> Option<Head> {
        let tag = Tag(self.number(0)?, self.number(2)?);
        if self.is_implicit() || self.is_delimiter() {
            return Some(Head { tag, vr: None, length: self.number32(4)? });
        }
        let vr = *self.carry.get(4..)?.first_chunk::<2>()?;
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let length = if long { self.number32(8)? } else { u32::from(self.number(6)?) };
        Some(Head { tag, vr: Some(vr), length })
    }

    fn element(&mut self, head: &Head, sink: &mut impl Sink) -> Option<Progress> {
        let length = u64::from(head.length);
        let wanted = self.levels.last().is_none_or(|level| level.wanted);
        match head.tag {
            ITEM if self.levels.is_empty() => return Some(Progress::Malformed),
            ITEM if head.length != UNDEFINED && !wanted => self.state = State::Pass(length),
            ITEM => {
                if let Some(level) = self.levels.last().filter(|level| level.wanted) {
                    sink.item(level.tag);
                }
            }
            ITEM_END => {}
            SEQUENCE_END => {
                if self.levels.pop().is_none() {
                    return Some(Progress::Malformed);
                }
            }
            _ => {
                let parent = self.levels.last().map(|level| level.tag);
                let want = if wanted { sink.want(parent, head.tag) } else { Want::Pass };
                let sequence = matches!(head.vr, None | Some([b'S', b'Q'] | [b'U', b'N']));
                match want {
                    Want::Stop => return Some(Progress::Over),
                    _ if head.length == UNDEFINED => return self.open(head, want, None),
                    Want::Inside if sequence => {
                        return self.open(head, want, Some(self.at.saturating_add(length)));
                    }
                    Want::Value if head.length > 0 && head.length <= VALUE_MAX => {
                        self.state = State::Value(head.tag, usize::try_from(length).unwrap_or(0));
                    }
                    Want::Pass | Want::Value | Want::Inside => self.state = State::Pass(length),
                }
            }
        }
        None
    }

    fn open(&mut self, head: &Head, want: Want, end: Option<u64>) -> Option<Progress> {
        if self.levels.len() >= DEPTH_MAX {
            return Some(Progress::Malformed);
        }
        let implicit = self.is_implicit() || head.vr == Some(*b"UN");
        self.levels.push(Level { tag: head.tag, wanted: want == Want::Inside, implicit, end });
        None
    }
}

/// VRs with a length of four bytes after two reserved ones.
fn is_long(vr: &[u8]) -> bool {
    matches!(
        vr,
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
    )
}

/// Every VR of PS3.5 6.2.
fn is_vr(vr: [u8; 2]) -> bool {
    is_long(&vr)
        || matches!(
            &vr,
            b"AE"
                | b"AS"
                | b"AT"
                | b"CS"
                | b"DA"
                | b"DS"
                | b"DT"
                | b"FD"
                | b"FL"
                | b"IS"
                | b"LO"
                | b"LT"
                | b"PN"
                | b"SH"
                | b"SL"
                | b"SS"
                | b"ST"
                | b"TM"
                | b"UI"
                | b"UL"
                | b"US"
        )
}
