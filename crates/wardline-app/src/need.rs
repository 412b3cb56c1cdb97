//! What a door needs of whoever comes through, and the jobs that need nobody.

use wardline_authority::Action;

/// What a route needs. Every route says it; there is no other way to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: health, sign-in, the style sheet.
    Anybody,
    /// Permission for this.
    May(Action),
    /// Somebody who is on the way in: the password was right.
    OnTheWay,
    /// Somebody who is in.
    SignedIn,
}

/// A job that the program does by itself: its name, what it may do at most, and how often in seconds.
pub const JOBS: &[(&str, Action, u64)] = &[
    ("sequence the ledger", Action::AuditVerify, 1),
    ("erase what is past its time", Action::SettingsWrite, 86_400),
    ("conclude devices from what sensors saw", Action::SensorDeliver, 2),
];
