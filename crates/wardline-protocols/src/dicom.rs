//! DICOM upper layer and messages (PS3.7, PS3.8): who associates with whom, for what, and which equipment
//! made the objects that travel.
//!
//! In: a stream of PDUs, from the start or from the middle. Out: application entity titles, toolkits,
//! services used and provided, the equipment described in data sets, rejections, credentials and patient
//! data in clear. Images are passed over by their lengths, over gaps too. Limits: those of the parts;
//! [`CONTEXTS_MAX`] contexts. Nothing of a patient, study or image is kept.

mod associate;
mod elements;
mod file;
mod head;
mod message;
mod service;
mod sets;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict};
use associate::{Associate, associate};
use elements::{Form, Progress};
pub(crate) use file::{File, read as read_file};
use message::{CommandReader, DataReader};
use service::{Service, service, words};
use sets::{Command, Purpose};
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dicom",
    carriers: &[Carrier::Stream],
    ports: &[104, 11112, 4242, 2761, 5678],
    probe: |probe| match head::at_start(probe.bytes) {
        // A release or abort alone is too little to claim a flow on.
        Verdict::Maybe => Verdict::No,
        verdict => verdict,
    },
    start: |_| Box::new(Dicom::default()),
};

/// Contexts of an association: odd ids.
const CONTEXTS_MAX: usize = 128;
/// Called by testers that do not know the title.
const ANY_TITLE: &str = "ANY-SCP";

#[derive(Default)]
struct Dicom {
    lanes: [Lane; 2],
    /// Who asked for the association, once its request was seen.
    requestor: Option<Side>,
    /// The title the requestor called; the acceptor's, once it accepts.
    called: Option<String>,
    contexts: Vec<Context>,
    once: Once,
    /// Equipment said, apart, as an archive forwards that of many.
    equipment: Once,
}

/// A presentation context of the association.
struct Context {
    id: u8,
    service: Option<Service>,
    sop_class: String,
    /// Roles of the requestor: user, provider.
    roles: (bool, bool),
    form: Option<Form>,
}

/// One direction.
#[derive(Default)]
struct Lane {
    place: Place,
    command: Option<Box<CommandReader>>,
    data: Option<Box<DataReader>>,
    /// What the next data set is read for.
    purpose: Option<Purpose>,
}

/// Where a direction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// At the first byte seen.
    #[default]
    First,
    /// Anywhere: looking for the head of a PDU.
    Lost,
    /// At the head of a PDU.
    Head,
    /// At the head of a PDV, this many bytes before the end of its PDU.
    Pdu(u32),
    /// In a PDV.
    Pdv(Pdv),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pdv {
    context: u8,
    command: bool,
    last: bool,
    /// Bytes left of the PDV.
    left: u32,
    /// Bytes of the PDU after it.
    after: u32,
}

impl Dissector for Dicom {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        loop {
            let step = match side.of(&mut self.lanes).place {
                Place::First => self.first(side, bytes),
                Place::Lost => self.resync(side, bytes),
                Place::Head => self.pdu(side, bytes, notes),
                Place::Pdu(left) => self.pdv_head(side, left, bytes, notes),
                Place::Pdv(pdv) => self.pdv(side, pdv, bytes, notes),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn gap(&mut self, side: Side, count: Option<u64>, notes: &mut Notes) -> Step {
        self.patient(side, notes);
        let lane = side.of(&mut self.lanes);
        (lane.command, lane.data) = (None, None);
        let missing = count.and_then(|count| u32::try_from(count).ok());
        lane.place = match (lane.place, missing) {
            // Within a PDV whose length is known, the place is known after the gap too.
            (Place::Pdv(pdv), Some(missing)) if missing < pdv.left => {
                Place::Pdv(Pdv { left: pdv.left.saturating_sub(missing), ..pdv })
            }
            (Place::Pdv(pdv), Some(missing)) if missing == pdv.left => pdv.next(),
            _ => Place::Lost,
        };
        Step::Skip(1)
    }
}

impl Pdv {
    /// Where the stream stands after this PDV.
    const fn next(self) -> Place {
        if self.after == 0 { Place::Head } else { Place::Pdu(self.after) }
    }
}

impl Dicom {
    /// The first bytes of a direction: a PDU, or the middle of one.
    fn first(&mut self, side: Side, bytes: &[u8]) -> Option<Step> {
        let place = match head::at_start(bytes) {
            Verdict::More => return Some(Step::More(bytes.len().saturating_add(1))),
            Verdict::Yes | Verdict::Maybe => Place::Head,
            Verdict::No => Place::Lost,
        };
        side.of(&mut self.lanes).place = place;
        None
    }

    /// Looks for the next PDU that identifies itself.
    fn resync(&mut self, side: Side, bytes: &[u8]) -> Option<Step> {
        for at in memchr::memchr3_iter(1, 2, 4, bytes) {
            match head::strong(bytes.get(at..).unwrap_or_default()) {
                Verdict::Yes | Verdict::Maybe => {
                    side.of(&mut self.lanes).place = Place::Head;
                    return (at > 0).then(|| Step::skip(at));
                }
                Verdict::More if at > 0 => return Some(Step::skip(at)),
                Verdict::More => return Some(Step::More(bytes.len().saturating_add(1))),
                Verdict::No => {}
            }
        }
        Some(Step::skip(bytes.len()))
    }

    /// The head of a PDU; all but P-DATA are taken whole.
    fn pdu(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Option<Step> {
        let mut reader = Reader::new(bytes);
        let (Ok(kind), Ok(_), Ok(length)) = (reader.u8("type"), reader.u8("reserved"), reader.u32("length"))
        else {
            return Some(Step::More(6));
        };
        let whole = u64::from(length).saturating_add(6);
        match (kind, length) {
            (1 | 2, 68..=head::LENGTH_MAX) => {
                let needed = usize::try_from(whole).unwrap_or(usize::MAX).min(Step::MORE_MAX);
                if bytes.len() < needed {
                    return Some(Step::More(needed));
                }
                let body = bytes.get(6..needed).unwrap_or_default();
                let (read, outcome) = associate(body);
                notes.malformed |= outcome.is_err();
                if kind == 1 {
                    self.request(side, &read, notes);
                } else {
                    self.accept(side, &read, notes);
                }
                Some(Step::Skip(whole))
            }
            (3, 4) => {
                let Ok([_, _, source, reason]) = reader.array("rejection") else {
                    return Some(Step::More(10));
                };
                notes.requester = Some(side.peer());
                notes.detail(DetailKey::Rejected, rejection(source, reason));
                Some(Step::Skip(whole))
            }
            (4, 6..=head::LENGTH_MAX) => {
                side.of(&mut self.lanes).place = Place::Pdu(length);
                Some(Step::Skip(6))
            }
            (5..=7, 4) => Some(Step::Skip(whole)),
            _ => {
                notes.malformed = true;
                side.of(&mut self.lanes).place = Place::Lost;
                Some(Step::Skip(1))
            }
        }
    }

    fn pdv_head(&mut self, side: Side, left: u32, bytes: &[u8], notes: &mut Notes) -> Option<Step> {
        let lane = side.of(&mut self.lanes);
        let mut reader = Reader::new(bytes);
        let (Ok(length), Ok([context, control])) =
            (reader.u32("length"), reader.array("context and control"))
        else {
            if left >= 6 {
                return Some(Step::More(6));
            }
            notes.malformed = true;
            lane.place = Place::Head;
            return Some(Step::Skip(u64::from(left)));
        };
        if left < 6 || length < 2 || length.saturating_add(4) > left {
            notes.malformed = true;
            (lane.command, lane.data, lane.place) = (None, None, Place::Head);
            return Some(Step::Skip(u64::from(left)));
        }
        let pdv = Pdv {
            context,
            command: control & 1 == 1,
            last: control & 2 == 2,
            left: length.saturating_sub(2),
            after: left.saturating_sub(length).saturating_sub(4),
        };
        if pdv.command && lane.command.is_none() {
            lane.command = Some(Box::new(CommandReader::new()));
        }
        if !pdv.command
            && let Some(purpose) = lane.purpose.take()
        {
            let agreed = self.contexts.iter().find(|known| known.id == context).and_then(|known| known.form);
            lane.data = Some(Box::new(DataReader::new(agreed.unwrap_or(Form::IMPLICIT), purpose)));
        }
        lane.place = Place::Pdv(pdv);
        if pdv.left == 0 {
            self.end_of_pdv(side, pdv, notes);
        }
        Some(Step::Skip(6))
    }

    /// The body of a PDV: read on, or passed over when nobody wants it.
    fn pdv(&mut self, side: Side, pdv: Pdv, bytes: &[u8], notes: &mut Notes) -> Option<Step> {
        let lane = side.of(&mut self.lanes);
        let read = usize::try_from(pdv.left).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.get(..read).unwrap_or(bytes);
        let progress = match (&mut lane.command, &mut lane.data) {
            (Some(command), _) if pdv.command => command.feed(part),
            (_, Some(data)) if !pdv.command => data.feed(part),
            _ => {
                self.end_of_pdv(side, pdv, notes);
                return Some(Step::Skip(u64::from(pdv.left)));
            }
        };
        let left = pdv.left.saturating_sub(u32::try_from(read).unwrap_or(u32::MAX));
        lane.place = Place::Pdv(Pdv { left, ..pdv });
        match progress {
            Progress::More => {}
            Progress::Over if pdv.command => {}
            Progress::Over => self.end_of_data(side, notes),
            Progress::Malformed => {
                notes.malformed = true;
                self.end_of_data(side, notes);
                side.of(&mut self.lanes).command = None;
            }
        }
        if left == 0 {
            self.end_of_pdv(side, pdv, notes);
        }
        Some(Step::skip(read))
    }

    fn end_of_pdv(&mut self, side: Side, pdv: Pdv, notes: &mut Notes) {
        side.of(&mut self.lanes).place = pdv.next();
        if pdv.last && pdv.command {
            if let Some(command) = side.of(&mut self.lanes).command.take() {
                self.command(side, &command.finish(), notes);
            }
        } else if pdv.last {
            self.end_of_data(side, notes);
        }
    }

    /// A-ASSOCIATE-RQ.
    fn request(&mut self, side: Side, read: &Associate<'_>, notes: &mut Notes) {
        notes.requester = Some(side);
        self.requestor = Some(side);
        self.called = read.called.filter(|title| *title != ANY_TITLE).map(str::to_owned);
        let context = |offered: &associate::Context<'_>| {
            let sop_class = offered.abstract_syntax.unwrap_or_default();
            Context {
                id: offered.id,
                service: service(sop_class),
                sop_class: sop_class.to_owned(),
                roles: read.role(sop_class),
                form: None,
            }
        };
        self.contexts = read.contexts.iter().take(CONTEXTS_MAX).map(context).collect();
        let details = [
            (DetailKey::CallingAe, read.calling),
            (DetailKey::CalledAe, read.called),
            (DetailKey::ImplementationUid, read.implementation_uid),
            (DetailKey::ImplementationVersion, read.implementation_version),
        ];
        for (key, value) in details {
            if let Some(value) = value
                && self.once.is_new((key, value))
            {
                notes.detail(key, value);
            }
        }
        if self.once.is_new((side, read.calling, read.implementation_uid, read.implementation_version)) {
            notes.speaker(
                side,
                [title(read.calling, 90, "dicom.calling-ae")].into_iter().chain(toolkit(read)),
            );
        }
        let used =
            self.contexts.iter().filter(|context| context.roles.0).filter_map(|context| context.service);
        let used = words(used);
        self.services(side, "scu", &used, notes);
        if read.user_identity == Some(2) && self.once.is_new("user identity") {
            let fact =
                Fact::new(Attribute::ClearCredential, "DICOM user identity", 95, "dicom.user-identity");
            notes.speaker(side, [fact]);
        }
    }

    /// A-ASSOCIATE-AC. Its titles only repeat the request's; who it is was told by being called so.
    fn accept(&mut self, side: Side, read: &Associate<'_>, notes: &mut Notes) {
        notes.requester = Some(side.peer());
        let seen = self.requestor == Some(side.peer());
        if !seen {
            self.contexts.clear();
            self.called = None;
            for (key, value) in [(DetailKey::CallingAe, read.calling), (DetailKey::CalledAe, read.called)] {
                if let Some(value) = value
                    && self.once.is_new((key, value))
                {
                    notes.detail(key, value);
                }
            }
        }
        for answer in read.contexts.iter().filter(|answer| answer.result == 0) {
            let form = Some(answer.transfer_syntax.map_or(Form::IMPLICIT, Form::of));
            let room = !seen && self.contexts.len() < CONTEXTS_MAX;
            match self.contexts.iter_mut().find(|context| context.id == answer.id) {
                Some(context) => {
                    context.form = form;
                    context.roles = read.role(&context.sop_class);
                }
                None if room => self.contexts.push(Context {
                    id: answer.id,
                    service: None,
                    sop_class: String::new(),
                    roles: (true, false),
                    form,
                }),
                None => notes.malformed = true,
            }
        }
        if self.once.is_new((side, &self.called, read.implementation_uid, read.implementation_version)) {
            let called = title(self.called.as_deref(), 85, "dicom.called-ae");
            notes.speaker(side, [called].into_iter().chain(toolkit(read)));
        }
        let accepted = || self.contexts.iter().filter(|context| context.form.is_some());
        let provided = accepted().filter(|context| context.roles.0).filter_map(|context| context.service);
        let provided = words(provided);
        let reversed = accepted().filter(|context| context.roles.1).filter_map(|context| context.service);
        let reversed = words(reversed);
        self.services(side, "scp", &provided, notes);
        self.services(side.peer(), "scp", &reversed, notes);
        self.services(side, "scu", &reversed, notes);
    }

    fn services(&mut self, side: Side, role: &str, words: &[String], notes: &mut Notes) {
        let mut facts = Vec::new();
        for word in words {
            let value = format!("{role}:{word}");
            if self.once.is_new((side, "service", &value)) {
                facts.push(Fact::new(Attribute::DicomService, &value, 90, "dicom.service"));
            }
        }
        notes.speaker(side, facts);
    }

    /// A whole command: what the data set after it is read for, and what it tells where the association was
    /// not seen.
    fn command(&mut self, side: Side, command: &Command, notes: &mut Notes) {
        let service = command.sop_class.as_deref().and_then(service);
        let answer = command.field & 0x8000 != 0;
        side.of(&mut self.lanes).purpose = match (command.field, service) {
            _ if !command.has_data => None,
            (0x0001, _) => Some(Purpose::Object),
            (0x0140, Some(Service::Other("mpps"))) => Some(Purpose::Step),
            (0x0020, Some(Service::Other("worklist"))) => Some(Purpose::Worklist),
            _ => Some(Purpose::Patient),
        };
        let Some(service) = service.filter(|_| self.requestor.is_none()) else { return };
        // An event report goes from the provider to the user; all other requests the other way.
        let event = command.field & 0x7FFF == 0x0100;
        let provider = answer != event;
        if !answer && !event && self.once.is_new("requester") {
            notes.requester = Some(side);
        }
        let served = !answer || matches!(command.status, 0 | 0xFF00 | 0xFF01);
        if served {
            self.services(side, if provider { "scp" } else { "scu" }, &words([service].into_iter()), notes);
        }
    }

    /// Whether the data set that is being read, as far as it came, holds a patient's data.
    fn patient(&mut self, side: Side, notes: &mut Notes) {
        let seen = side.of(&mut self.lanes).data.as_ref().is_some_and(|data| data.patient());
        if seen && self.once.is_new((side, "patient")) {
            notes.speaker(side, [Fact::new(Attribute::PatientDataInClear, "dicom", 95, "dicom.patient")]);
        }
    }

    /// The data set is over, or as much of it as was wanted.
    fn end_of_data(&mut self, side: Side, notes: &mut Notes) {
        self.patient(side, notes);
        let Some(data) = side.of(&mut self.lanes).data.take() else { return };
        let set = data.finish();
        for facts in [set.equipment(), set.capture_device()].into_iter().chain(set.contributing()) {
            if !facts.is_empty() && self.equipment.is_new((side, &facts)) {
                notes.equipment(side, facts.into_iter().map(Some));
            }
        }
        if let Some(fact) = set.asker()
            && self.once.is_new((side, &fact))
        {
            notes.speaker(side, [Some(fact)]);
        }
    }
}

fn title(title: Option<&str>, confidence: u8, rule: &'static str) -> Option<Fact> {
    Fact::new(Attribute::AeTitle, title?, confidence, rule)
}

fn toolkit(read: &Associate<'_>) -> [Option<Fact>; 2] {
    let fact = |attribute, value: Option<&str>, rule| Fact::new(attribute, value?, 95, rule);
    [
        fact(Attribute::DicomImplementationUid, read.implementation_uid, "dicom.implementation-uid"),
        fact(
            Attribute::DicomImplementationVersion,
            read.implementation_version,
            "dicom.implementation-version",
        ),
    ]
}

/// Why an association was refused (PS3.8 table 9-21).
const fn rejection(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (1, 2) => "application-context-not-supported",
        (1, 3) => "calling-ae-not-recognised",
        (1, 7) => "called-ae-not-recognised",
        (2, 2) => "protocol-version-not-supported",
        (3, 1) => "temporary-congestion",
        (3, 2) => "local-limit-exceeded",
        (1 | 2, 1) => "no-reason-given",
        _ => "unknown-reason",
    }
}
