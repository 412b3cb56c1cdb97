//! Giving up rights, for good, and proving it.
//!
//! In: the packet sockets that are open, what is still to be read. After: no capability, no way to get one back, no
//! file but those to read, no system call but those of `seccomp.rs`; the thread that called and all it starts are so.
//! Call it before any other thread is started. What the kernel cannot hold is said ([`Confined::landlock`]); without
//! seccomp nothing runs.

use crate::{CaptureError, landlock, seccomp, sys};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::path::PathBuf;

const PR_SET_DUMPABLE: i32 = 4;
const PR_CAPBSET_DROP: i32 = 24;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
/// Highest capability there may be; the kernel says when there is none of that number.
const CAPABILITY_MAX: u64 = 63;
/// Who owns nothing: `nobody`, `nogroup`.
const NOBODY: u32 = 65_534;

/// What a process still needs.
#[derive(Debug, Default)]
pub struct Wants<'a> {
    /// Its packet sockets: nothing may be written to them.
    pub sockets: Vec<BorrowedFd<'a>>,
    /// Files and folders that it will open to read. With none, root becomes `nobody`.
    pub read: Vec<PathBuf>,
}

/// What holds the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confined {
    /// Version of landlock, `None` when the kernel has none: then file permissions and seccomp hold alone.
    pub landlock: Option<u32>,
}

/// Gives up every right but those wanted, and proves that sending is refused.
///
/// # Errors
/// [`CaptureError::Confinement`] names the step; what could not be confined must not run.
pub fn confine(wants: &Wants<'_>) -> Result<Confined, CaptureError> {
    let failed = |step| move |source| CaptureError::Confinement { step, source };
    sys::control(PR_SET_NO_NEW_PRIVS, 1).map_err(failed("no new privileges"))?;
    let landlock = landlock::restrict(&wants.read).map_err(failed("landlock"))?;
    let root = sys::is_root();
    if root {
        for capability in 0..=CAPABILITY_MAX {
            match sys::control(PR_CAPBSET_DROP, capability) {
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
                // Not even root everywhere may; the capabilities themselves go below.
                _ => {}
            }
        }
        if wants.read.is_empty() {
            sys::become_user(NOBODY, NOBODY).map_err(failed("becoming nobody"))?;
        }
    }
    sys::drop_capabilities().map_err(failed("giving up capabilities"))?;
    sys::control(PR_SET_DUMPABLE, 0).map_err(failed("no core dumps"))?;
    let sockets: Vec<RawFd> = wants.sockets.iter().map(AsRawFd::as_raw_fd).collect();
    sys::seccomp(&seccomp::program(sys::process(), &sockets)).map_err(failed("seccomp"))?;
    prove(wants)?;
    Ok(Confined { landlock })
}

/// Tries what must be refused. None of it would put anything on a wire if it were not.
fn prove(wants: &Wants<'_>) -> Result<(), CaptureError> {
    for socket in &wants.sockets {
        refused("send", sys::send_nothing(*socket))?;
        refused("write to a packet socket", sys::write_nothing(*socket))?;
    }
    refused("open sockets", sys::packet_socket().map(drop))?;
    refused("be dumped", sys::control(PR_SET_DUMPABLE, 1))
}

fn refused(what: &'static str, tried: io::Result<()>) -> Result<(), CaptureError> {
    match tried {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
        _ => Err(CaptureError::Unproved(what)),
    }
}
