//! The only `unsafe` of Wardline: one function a system call (decision 0012).
//!
//! Each takes and gives types that cannot be misused: owned descriptors, slices, numbers. Memory that the kernel
//! writes ([`Blocks`]) is never lent out, only copied from, within bounds that are checked here.

#![expect(unsafe_code, reason = "system calls without a safe wrapper in the standard library; decision 0012")]

use libc::{c_int, c_long, c_ulong};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Flags of a call: none.
const NO_FLAGS: c_ulong = 0;

/// What a call gave: its answer, or what the kernel said.
fn checked(answer: c_long) -> io::Result<c_long> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Length of a slice as the kernel counts.
fn length(bytes: &[u8]) -> libc::socklen_t {
    libc::socklen_t::try_from(bytes.len()).unwrap_or(libc::socklen_t::MAX)
}

/// A new packet socket that receives nothing yet.
pub(crate) fn packet_socket() -> io::Result<OwnedFd> {
    // SAFETY: plain numbers in.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    checked(fd.into())?;
    // SAFETY: the descriptor was just made and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sets an option of a socket to bytes.
pub(crate) fn set_option(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads as many bytes as the slice has.
    let done = unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), length(value)) };
    checked(done.into()).map(drop)
}

/// Reads an option of a socket into bytes; how many there are.
pub(crate) fn option(fd: BorrowedFd<'_>, level: c_int, name: c_int, into: &mut [u8]) -> io::Result<usize> {
    let mut count = length(into);
    // SAFETY: the kernel writes at most `count` bytes, the length of the slice.
    let done =
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, into.as_mut_ptr().cast(), &raw mut count) };
    checked(done.into())?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Attaches a classic filter program, each instruction as (code, jump if true, jump if false, operand).
pub(crate) fn attach_filter(fd: BorrowedFd<'_>, program: &[(u16, u8, u8, u32)]) -> io::Result<()> {
    with_program(program, |program| {
        let size = libc::socklen_t::try_from(size_of::<libc::sock_fprog>()).unwrap_or(0);
        // SAFETY: the structure and the instructions it points to live until the call is over; the kernel copies.
        let done = unsafe {
            libc::setsockopt(
                fd.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                (&raw const *program).cast(),
                size,
            )
        };
        checked(done.into()).map(drop)
    })
}

/// Puts a system call filter on this thread and those it will start.
pub(crate) fn seccomp(program: &[(u16, u8, u8, u32)]) -> io::Result<()> {
    with_program(program, |program| {
        let set: c_ulong = libc::SECCOMP_SET_MODE_FILTER.into();
        // SAFETY: the structure and the instructions it points to live until the call is over; the kernel copies.
        let done = unsafe { libc::syscall(libc::SYS_seccomp, set, NO_FLAGS, &raw const *program) };
        checked(done).map(drop)
    })
}

fn with_program(
    program: &[(u16, u8, u8, u32)],
    then: impl FnOnce(&libc::sock_fprog) -> io::Result<()>,
) -> io::Result<()> {
    let mut steps: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let len = u16::try_from(steps.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    then(&libc::sock_fprog { len, filter: steps.as_mut_ptr() })
}

/// Number of an interface; `None` when there is none of that name.
pub(crate) fn interface_number(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the text ends with a zero byte and lives until the call is over.
    let number = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (number != 0).then_some(number)
}

/// Listens to every frame of an interface.
pub(crate) fn bind(fd: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    let every = u16::try_from(libc::ETH_P_ALL).unwrap_or(3).to_be();
    let address = libc::sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET).unwrap_or(17),
        sll_protocol: every,
        sll_ifindex: c_int::try_from(interface).unwrap_or(0),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let size = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or(0);
    // SAFETY: the address is whole and lives until the call is over.
    let done = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), size) };
    checked(done.into()).map(drop)
}

/// The interface that a packet socket listens to, and its hardware type (ARPHRD); the number is not positive when the
/// interface was taken out.
pub(crate) fn bound_to(fd: BorrowedFd<'_>) -> io::Result<(i32, u16)> {
    let mut size = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or(0);
    let mut address = libc::sockaddr_ll {
        sll_family: 0,
        sll_protocol: 0,
        sll_ifindex: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the kernel writes at most `size` bytes, the size of the structure; any bytes are a valid one.
    let done = unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut address).cast(), &raw mut size) };
    checked(done.into())?;
    Ok((address.sll_ifindex, address.sll_hatype))
}

/// What [`wait`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There is something to read.
    Ready,
    /// Nothing came in time.
    Idle,
    /// The kernel tells of a fault.
    Fault,
}

/// Waits until there is something to read, or for so many milliseconds.
pub(crate) fn wait(fd: BorrowedFd<'_>, milliseconds: c_int) -> io::Result<Waited> {
    let mut one = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, which lives until the call is over.
    let done = unsafe { libc::poll(&raw mut one, 1, milliseconds) };
    match checked(done.into()) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ if one.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 => Ok(Waited::Fault),
        _ if one.revents != 0 => Ok(Waited::Ready),
        _ => Ok(Waited::Idle),
    }
}

/// Tries to send no bytes; for the proof that nothing can be sent.
pub(crate) fn send_nothing(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no bytes are read.
    let sent = unsafe { libc::send(fd.as_raw_fd(), std::ptr::null(), 0, 0) };
    checked(c_long::try_from(sent).unwrap_or(-1)).map(drop)
}

/// Tries to write no bytes; for the same proof.
pub(crate) fn write_nothing(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no bytes are read.
    let written = unsafe { libc::write(fd.as_raw_fd(), std::ptr::null(), 0) };
    checked(c_long::try_from(written).unwrap_or(-1)).map(drop)
}

/// A system call of numbers only. Not for calls that take addresses.
fn numbers(call: c_long, arguments: [c_ulong; 5]) -> io::Result<c_long> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: callers below name calls whose arguments are numbers; the kernel reads no memory of ours.
    checked(unsafe { libc::syscall(call, a, b, c, d, e) })
}

/// `prctl` with numbers.
pub(crate) fn control(option: c_int, value: c_ulong) -> io::Result<()> {
    let option = c_ulong::try_from(option).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    numbers(libc::SYS_prctl, [option, value, 0, 0, 0]).map(drop)
}

/// Makes this thread, and those it will start, another user without groups. The call of the C library would change
/// all threads.
pub(crate) fn become_user(user: u32, group: u32) -> io::Result<()> {
    let (user, group): (c_ulong, c_ulong) = (user.into(), group.into());
    numbers(libc::SYS_setgroups, [0; 5])?;
    numbers(libc::SYS_setresgid, [group, group, group, 0, 0])?;
    numbers(libc::SYS_setresuid, [user, user, user, 0, 0]).map(drop)
}

/// Whether the effective user is root.
pub(crate) fn is_root() -> bool {
    numbers(libc::SYS_geteuid, [0; 5]).is_ok_and(|user| user == 0)
}

/// Number of this process.
pub(crate) fn process() -> u32 {
    std::process::id()
}

/// Gives up every capability of this thread.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    // _LINUX_CAPABILITY_VERSION_3, this thread; then two words each of effective, permitted, inheritable.
    let header: [u32; 2] = [0x2008_0522, 0];
    let none: [u32; 6] = [0; 6];
    // SAFETY: both arrays have the size that version 3 says and live until the call is over.
    checked(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// Which version of landlock the kernel has.
pub(crate) fn landlock_version() -> io::Result<u32> {
    // LANDLOCK_CREATE_RULESET_VERSION is 1; without attributes.
    let version = numbers(libc::SYS_landlock_create_ruleset, [0, 0, 1, 0, 0])?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// A set of rules that governs what `attributes` names.
pub(crate) fn landlock_ruleset(attributes: &[u64]) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads as many bytes as the slice has; the flags are none.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            attributes.as_ptr(),
            size_of_val(attributes),
            NO_FLAGS,
        )
    };
    let fd = RawFd::try_from(checked(fd)?).map_err(io::Error::other)?;
    // SAFETY: the descriptor was just made and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Allows `access` to what is beneath a folder.
pub(crate) fn landlock_allow(rules: BorrowedFd<'_>, beneath: BorrowedFd<'_>, access: u64) -> io::Result<()> {
    // struct landlock_path_beneath_attr is packed: eight bytes of access, four of descriptor.
    let attribute: Vec<u8> =
        access.to_ne_bytes().into_iter().chain(beneath.as_raw_fd().to_ne_bytes()).collect();
    // LANDLOCK_RULE_PATH_BENEATH
    let kind: c_ulong = 1;
    // SAFETY: the attribute is whole and lives until the call is over; the flags are none.
    let done = unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), kind, attribute.as_ptr(), NO_FLAGS)
    };
    checked(done).map(drop)
}

/// Puts the rules on this thread and those it will start.
pub(crate) fn landlock_restrict(rules: BorrowedFd<'_>) -> io::Result<()> {
    let rules = c_ulong::try_from(rules.as_raw_fd()).map_err(io::Error::other)?;
    numbers(libc::SYS_landlock_restrict_self, [rules, 0, 0, 0, 0]).map(drop)
}

/// Blocks of memory shared with the kernel.
pub(crate) struct Blocks {
    base: NonNull<u8>,
    block: usize,
    count: usize,
}

// SAFETY: the memory belongs to the process; one owner at a time uses it through `&self`, the kernel besides, and what
// both change is read and written as atomics.
unsafe impl Send for Blocks {}

impl Blocks {
    /// Maps the ring of a socket.
    pub(crate) fn map(fd: BorrowedFd<'_>, block: usize, count: usize) -> io::Result<Self> {
        let size = block.checked_mul(count).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing of ours is replaced.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), size, protection, libc::MAP_SHARED, fd.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self { base, block, count })
    }

    /// The word of a block that says whose it is: 8 bytes into it.
    fn status(&self, number: usize) -> Option<&AtomicU32> {
        let at = self.start(number)?;
        // SAFETY: blocks begin at multiples of the page size, so the word is aligned and inside the mapping; both
        // sides use it as an atomic only.
        Some(unsafe { self.base.add(at.checked_add(8)?).cast::<AtomicU32>().as_ref() })
    }

    fn start(&self, number: usize) -> Option<usize> {
        (number < self.count).then(|| number.checked_mul(self.block))?
    }

    /// Whether the kernel has given a block to us.
    pub(crate) fn is_ours(&self, number: usize) -> bool {
        self.status(number).is_some_and(|status| status.load(Ordering::Acquire) & 1 != 0)
    }

    /// Gives a block back to the kernel.
    pub(crate) fn give_back(&self, number: usize) {
        if let Some(status) = self.status(number) {
            status.store(0, Ordering::Release);
        }
    }

    /// Appends bytes of a block that is ours; fewer when it has fewer.
    pub(crate) fn copy(&self, number: usize, offset: usize, length: usize, into: &mut Vec<u8>) {
        let Some(start) = self.start(number).and_then(|start| start.checked_add(offset)) else { return };
        let length = length.min(self.block.saturating_sub(offset));
        into.reserve(length);
        // SAFETY: `offset + length` is inside the block, which the kernel does not write while it is ours; room for
        // the bytes was just made, and they are set before the length is.
        unsafe {
            let from = self.base.add(start).as_ptr();
            let to = into.as_mut_ptr().add(into.len());
            std::ptr::copy_nonoverlapping(from, to, length);
            into.set_len(into.len().saturating_add(length));
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `map` with this size and is used no more.
        let _ = unsafe { libc::munmap(self.base.as_ptr().cast(), self.block.saturating_mul(self.count)) };
    }
}
