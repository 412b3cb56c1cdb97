//! What can go wrong before the first packet, in words for whoever started the sensor.

use std::io;
use thiserror::Error;

/// Why packets cannot be had, or rights cannot be given up.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// No interface of that name.
    #[error("interface {0}: there is none of that name; `ip link` lists those that are there")]
    NoInterface(String),
    /// Root, or the right to raw packets, is missing.
    #[error(
        "interface {0}: listening needs root or CAP_NET_RAW (setcap cap_net_raw+ep on the program); without, give \
         capture files"
    )]
    NotAllowed(String),
    /// Frames of this interface are of no kind we read.
    #[error("interface {0}: frames of its hardware type {1} cannot be read")]
    Hardware(String, u16),
    /// The kernel refused a step of opening.
    #[error("interface {interface}: {step} failed")]
    Step {
        /// Which interface.
        interface: String,
        /// What was attempted.
        step: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The interface was taken out of the machine.
    #[error("interface {0} is gone")]
    Gone(String),
    /// Rights could not be given up: the sensor must not run.
    #[error("rights could not be given up: {step}")]
    Confinement {
        /// What was attempted.
        step: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// Rights were given up and the proof failed: the sensor must not run.
    #[error("the process can still {0} although it gave up that right")]
    Unproved(&'static str),
    /// A filter's text makes no sense.
    #[error("filter `{0}`: give host:ADDRESS, net:ADDRESS/BITS, port:NUMBER, mac:ADDRESS or vlan:NUMBER")]
    Filter(String),
    /// More exclusions than the kernel takes.
    #[error("{0} exclusions are too many; {max} at most: join addresses to networks", max = crate::Filter::TERMS_MAX)]
    FilterTooLong(usize),
}
