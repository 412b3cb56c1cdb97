//! What requests and answers tell, once their heads are whole, and what the bodies behind them do.

use super::body::{Body, Found};
use super::head::{Application, Head, Media};
use super::{ASKED_MAX, Asked, Http, Next, State, TOLD_MAX};
use crate::soap::Envelope;
use crate::{Notes, Side, Step, dicom, fhir, hl7, ws_discovery};
use wardline_model::{Attribute, DetailKey, Fact};

impl Http {
    pub(super) fn request(
        &mut self,
        side: Side,
        head: &Head,
        mut asked: Asked,
        application: Option<Application>,
        for_patient: bool,
        notes: &mut Notes,
    ) -> Next {
        if let Some(host) = &head.host {
            self.detail(DetailKey::HttpHost, &host.to_ascii_lowercase(), notes);
        }
        if let Some(agent) = &head.user_agent {
            self.detail(DetailKey::UserAgent, agent, notes);
            if !head.forwarded {
                self.fact(side, Attribute::HttpUserAgent, agent, 80, "http.user-agent", notes);
            }
        }
        if head.media == Media::Ipp {
            notes.known_as = Some("ipp");
        }
        if let Some(application) = application.or(head.application) {
            self.detail(DetailKey::Application, application.name(), notes);
        }
        let sends =
            head.clinical_body && (asked.patient_resource || head.application == Some(Application::DicomWeb));
        if for_patient || (sends && (head.chunked || head.length > Some(0))) {
            self.fact(side, Attribute::PatientDataInClear, "http", 90, "http.clinical", notes);
        }
        if let Some(factory_default) = &head.basic
            && !asked.proxied
        {
            self.fact(side.peer(), Attribute::ClearCredential, "HTTP Basic", 95, "http.authorization", notes);
            asked.factory_default.clone_from(factory_default);
        }
        self.ntlm(side, head, notes);
        let connect = asked.connect;
        let own = !asked.proxied && !head.forwarded;
        if self.asked.len() >= ASKED_MAX {
            self.asked.clear();
        }
        self.asked.push_back(asked);
        if connect {
            side.of(&mut self.lanes).state = State::Tunnel;
            return Next::Skip(0);
        }
        // SOAP 1.1 calls itself XML and names its action in the head.
        let media = match head.media {
            Media::Xml if head.soap_action => Media::Soap,
            media => media,
        };
        // Printers are told by what they answer.
        let media = if media == Media::Ipp { Media::Other } else { media };
        let body = if own { Body::wanted(media, head.coding, false) } else { None };
        self.frame(side, head.chunked, head.length.unwrap_or_default(), body)
    }

    /// Goes on behind the head: over a body of `length` (unless in chunks), or into it.
    fn frame(&mut self, side: Side, chunked: bool, length: u64, body: Option<Body>) -> Next {
        let lane = side.of(&mut self.lanes);
        lane.body = body;
        match (chunked, lane.body.is_some()) {
            (true, _) => lane.state = State::ChunkSize,
            (false, true) if length > 0 => lane.state = State::Body(length, false),
            (false, _) => {
                lane.body = None;
                return Next::Skip(length);
            }
        }
        Next::Skip(0)
    }

    pub(super) fn response(&mut self, side: Side, head: &Head, status: u16, notes: &mut Notes) -> Next {
        if status < 200 && status != 101 {
            return Next::Skip(0);
        }
        let asked = self.asked.pop_front().unwrap_or_default();
        let own = !asked.proxied && !head.forwarded;
        if let Some(server) = &head.server {
            self.detail(DetailKey::Server, server, notes);
            if own {
                self.fact(side, Attribute::HttpServer, server, 85, "http.server", notes);
            }
        }
        if let Some(realm) = &head.realm
            && own
        {
            self.fact(side, Attribute::HttpRealm, realm, 80, "http.realm", notes);
        }
        if let Some(name) = &asked.factory_default
            && (200..400).contains(&status)
        {
            self.fact(side, Attribute::DefaultCredential, name, 90, "http.authorization", notes);
        }
        if own {
            self.ntlm(side, head, notes);
        }
        let success = (200..300).contains(&status);
        if asked.connect && success {
            notes.handover = true;
            notes.relay = Some(side);
            return Next::Skip(0);
        }
        if asked.connect {
            side.peer().of(&mut self.lanes).state = State::Start;
        }
        if status == 101 {
            return self.upgrade(head, notes);
        }
        if head.media == Media::Ipp {
            notes.known_as = Some("ipp");
        }
        if let Some(application) = head.application {
            self.detail(DetailKey::Application, application.name(), notes);
        }
        let bodiless = asked.head || status == 204 || status == 304 || head.length == Some(0);
        if bodiless {
            return Next::Skip(0);
        }
        let clinical = asked.patient_resource || head.application == Some(Application::DicomWeb);
        if success && head.clinical_body && clinical {
            self.fact(side, Attribute::PatientDataInClear, "http", 90, "http.clinical", notes);
        }
        // A print server answers for printers that are elsewhere, an archive with objects of others.
        let for_others = match head.media {
            Media::Ipp => head.server.as_deref().is_some_and(|server| server.contains("CUPS")),
            Media::Dicom => true,
            _ => false,
        };
        let read = success && own && !for_others;
        let body = Body::wanted(head.media, head.coding, asked.front_page).filter(|_| read);
        self.frame(side, head.chunked, head.length.unwrap_or(u64::MAX), body)
    }

    /// Says what the body told.
    pub(super) fn tell(&mut self, side: Side, found: Found, notes: &mut Notes) {
        match found {
            Found::Title(title) => self.fact(side, Attribute::HttpTitle, &title, 80, "http.title", notes),
            Found::Envelope(envelope) => self.envelope(side, *envelope, notes),
            Found::Device(facts) => {
                if self.told < TOLD_MAX && self.once.is_new((side, &facts)) {
                    self.told = self.told.saturating_add(1);
                    notes.speaker(side, facts.into_iter().map(Some));
                }
            }
            Found::Fhir(told) => self.fhir(side, *told, notes),
            Found::Dicom(file) => self.dicom(side, *file, notes),
            Found::Hl7(messages) => self.hl7(side, &messages, notes),
            Found::Nothing => {}
        }
    }

    /// Resources: a server tells its software, and devices only when they are several, as one may be any of
    /// those it knows; a client tells those whose data it sends.
    fn fhir(&mut self, side: Side, told: fhir::Told, notes: &mut Notes) {
        let server = self.requester != Some(side);
        if told.patient {
            self.fact(side, Attribute::PatientDataInClear, "http", 90, "http.clinical", notes);
        }
        if let Some(software) = told.software.filter(|software| server && self.once.is_new((side, software)))
        {
            notes.speaker(side, [Some(software)]);
        }
        if server && told.devices.len() < 2 {
            return;
        }
        for facts in told.devices {
            self.equipment(side, facts, notes);
        }
    }

    /// An object sent to an archive: who made it, who wrote it, and whether it hides a program.
    fn dicom(&mut self, side: Side, file: dicom::File, notes: &mut Notes) {
        if file.patient {
            self.fact(side, Attribute::PatientDataInClear, "http", 90, "http.clinical", notes);
        }
        if file.program {
            let (name, rule) = ("dicom-preamble-program", "dicom.preamble");
            self.fact(side, Attribute::Weakness, name, 90, rule, notes);
        }
        if !file.writer.is_empty() && self.once.is_new((side, &file.writer)) {
            notes.speaker(side, file.writer.into_iter().map(Some));
        }
        for facts in file.equipment {
            self.equipment(side, facts, notes);
        }
    }

    fn equipment(&mut self, side: Side, facts: Vec<Fact>, notes: &mut Notes) {
        if self.told < TOLD_MAX && self.once.is_new(("equipment", side, &facts)) {
            self.told = self.told.saturating_add(1);
            notes.equipment(side, facts.into_iter().map(Some));
        }
    }

    /// Messages of HL7 v2 in a body; who asks is what HTTP says.
    fn hl7(&mut self, side: Side, messages: &[u8], notes: &mut Notes) {
        let mut told = Notes { time: notes.time, ..Notes::default() };
        hl7::carried(side, messages, &mut told);
        notes.malformed |= told.malformed;
        for (key, value) in told.details {
            self.detail(key, &value, notes);
        }
        for said in told.said {
            if self.told < TOLD_MAX && self.once.is_new((format!("{:?}", said.who), said.about, &said.facts))
            {
                self.told = self.told.saturating_add(1);
                notes.said.push(said);
            }
        }
    }

    /// An envelope: services announced, and the device that sends it.
    fn envelope(&mut self, side: Side, envelope: Envelope, notes: &mut Notes) {
        if envelope.is_sdc {
            notes.known_as = Some("sdc");
            let provides = !envelope.facts.is_empty();
            if provides {
                self.fact(side, Attribute::Weakness, "sdc-without-tls", 95, "sdc.http", notes);
            }
            if envelope.patient {
                self.fact(side, Attribute::PatientDataInClear, "sdc", 95, "sdc.patient-context", notes);
            }
        }
        if self.told < TOLD_MAX && !envelope.facts.is_empty() && self.once.is_new((side, &envelope.facts)) {
            self.told = self.told.saturating_add(1);
            notes.speaker(side, envelope.facts.iter().cloned().map(Some));
        }
        ws_discovery::announced(side, envelope, &mut self.once, notes);
    }

    /// Another protocol from here: TLS is handed over, the others are named and only counted.
    fn upgrade(&mut self, head: &Head, notes: &mut Notes) -> Next {
        let to = head.upgrade.as_deref().unwrap_or_default().to_ascii_lowercase();
        if to.starts_with("tls/") {
            notes.handover = true;
            return Next::Skip(0);
        }
        if to == "h2c"
            && let Some(requester) = self.requester
        {
            self.speak_two(requester, notes);
            return Next::Skip(0);
        }
        if to == "websocket" {
            notes.known_as = Some("websocket");
        }
        Next::Step(Step::Done)
    }

    fn ntlm(&mut self, side: Side, head: &Head, notes: &mut Notes) {
        if let Some(message) = &head.ntlm
            && !head.forwarded
            && self.once.is_new((side, format!("{message:?}")))
        {
            notes.speaker(side, message.facts(notes.time));
        }
    }

    fn fact(
        &mut self,
        side: Side,
        attribute: Attribute,
        value: &str,
        confidence: u8,
        rule: &'static str,
        notes: &mut Notes,
    ) {
        if self.told < TOLD_MAX && self.once.is_new((side, attribute, value)) {
            self.told = self.told.saturating_add(1);
            notes.speaker(side, [Fact::new(attribute, value, confidence, rule)]);
        }
    }

    fn detail(&mut self, key: DetailKey, value: &str, notes: &mut Notes) {
        if self.told < TOLD_MAX && self.once.is_new((key, value)) {
            self.told = self.told.saturating_add(1);
            notes.detail(key, value);
        }
    }
}
