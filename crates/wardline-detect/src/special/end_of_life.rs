//! Operating systems without security updates at the time of the capture.
//!
//! Judged by the system that was chosen for the device; a system that only a weak clue names is not judged.

use crate::{Shows, matcher};
use wardline_content::{Date, OsLifecycle};
use wardline_model::{Attribute, Device, Timestamp};

pub(crate) fn look<'a>(device: &'a Device, lifecycle: &OsLifecycle, at: Timestamp) -> Shows<'a> {
    let Some(os) = &device.os else { return Shows::default() };
    let day = Date::from_unix_seconds(at.0.div_euclid(Timestamp::SECOND));
    let Some(release) = lifecycle.ended(&os.name, os.version.as_deref(), day) else {
        return Shows::default();
    };
    let names_it = |value: &str| value.eq_ignore_ascii_case(&os.name);
    let mut shows =
        Shows::of(matcher::of(device, Attribute::Os).filter(|evidence| names_it(&evidence.value)).collect());
    if shows.met {
        let mut remark = format!("{}: security updates ended on {}.", os.name, release.ended);
        if let Some(note) = &release.note {
            remark.push(' ');
            remark.push_str(note);
        }
        shows.remark = Some(remark);
    }
    shows
}
