//! The system calls that are left to a sensor: reading, waiting, memory, time, threads of its own. Everything else is
//! refused with EPERM, above all what opens a socket, sends, starts a program or opens a file for writing.
//!
//! Writing is left for descriptors that were open before (the way to the server), never for a packet socket; nothing
//! can make a second number for one. A process of another architecture's calls is killed.

use crate::program::{LOAD_WORD, Program, Step};
use std::os::fd::RawFd;

const ALLOW: u32 = 0x7fff_0000;
const REFUSE: u32 = 0x0005_0000 | 1;
/// As if the kernel did not know it: the C library then takes the older call, whose flags can be looked at.
const UNKNOWN: u32 = 0x0005_0000 | 38;
const KILL: u32 = 0x8000_0000;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
/// Calls of the 32-bit ABI on x86_64 have this bit.
const X32: u32 = 0x4000_0000;

/// Offsets in `struct seccomp_data`, and of the low half of an argument.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const fn argument(number: u32) -> u32 {
    16_u32.saturating_add(number.saturating_mul(8))
}

/// Allowed whatever the arguments: they reach nothing outside the process, or only read.
const FREE: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_readlinkat,
    libc::SYS_fadvise64,
    libc::SYS_recvfrom,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_ppoll,
    libc::SYS_futex,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_mincore,
    libc::SYS_membarrier,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getppid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// PR_SET_NAME and PR_SET_VMA: names of threads and of memory.
const CONTROLS: [u32; 2] = [15, 0x5356_4d41];
/// F_GETFD, F_GETFL.
const DESCRIPTOR_QUESTIONS: [u32; 2] = [1, 3];
/// Access mode, O_CREAT, O_TRUNC, O_APPEND.
const WRITING: u32 = 0o3 | 0o100 | 0o1000 | 0o2000;

/// The filter for a process whose packet sockets are these.
pub(crate) fn program(process: u32, sockets: &[RawFd]) -> Vec<Step> {
    let mut program = Program::default();
    program.step(LOAD_WORD, ARCH).when(ARCHITECTURE, |p| calls(p, process, sockets));
    program.end(KILL);
    program.steps().to_vec()
}

fn calls(p: &mut Program, process: u32, sockets: &[RawFd]) {
    p.step(LOAD_WORD, NUMBER);
    p.end_if_at_least(X32, REFUSE);
    for call in FREE {
        p.end_if(number(*call), ALLOW);
    }
    for call in [libc::SYS_write, libc::SYS_writev] {
        p.when(number(call), |p| {
            p.step(LOAD_WORD, argument(0));
            for socket in sockets {
                p.end_if(u32::try_from(*socket).unwrap_or(u32::MAX), REFUSE);
            }
            p.end(ALLOW);
        });
    }
    // Memory that can be run as a program cannot be had.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        p.when(number(call), |p| {
            p.step(LOAD_WORD, argument(2)).end_if_any(4, REFUSE).end(ALLOW);
        });
    }
    p.when(number(libc::SYS_openat), |p| {
        p.step(LOAD_WORD, argument(2)).end_if_none(WRITING, ALLOW).end(REFUSE);
    });
    // Threads, not processes: CLONE_THREAD.
    p.when(number(libc::SYS_clone), |p| {
        p.step(LOAD_WORD, argument(0)).end_if_any(0x1_0000, ALLOW).end(REFUSE);
    });
    p.end_if(number(libc::SYS_clone3), UNKNOWN);
    one_of(p, libc::SYS_prctl, 0, &CONTROLS);
    one_of(p, libc::SYS_fcntl, 1, &DESCRIPTOR_QUESTIONS);
    // To end itself, and nobody else.
    one_of(p, libc::SYS_tgkill, 0, &[process]);
    p.end(REFUSE);
}

/// Allows a call when an argument is one of some.
fn one_of(p: &mut Program, call: libc::c_long, place: u32, values: &[u32]) {
    p.when(number(call), |p| {
        p.step(LOAD_WORD, argument(place));
        for value in values {
            p.end_if(*value, ALLOW);
        }
        p.end(REFUSE);
    });
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::run;

    fn asked(arch: u32, call: libc::c_long, arguments: [u64; 3]) -> u32 {
        // The kernel reads words of its own order; `run` reads big endian, so each word stands so.
        let mut data = number(call).to_be_bytes().to_vec();
        data.extend(arch.to_be_bytes());
        data.extend([0; 8]);
        for argument in arguments {
            data.extend(u32::try_from(argument & 0xffff_ffff).unwrap().to_be_bytes());
            data.extend(u32::try_from(argument >> 32).unwrap().to_be_bytes());
        }
        data.resize(64, 0);
        run(&program(77, &[5, 6]), &data, &|_| 0)
    }

    #[test]
    fn what_a_sensor_needs_is_left_and_the_rest_refused() {
        for (call, arguments, answer) in [
            (libc::SYS_read, [0; 3], ALLOW),
            (libc::SYS_write, [1, 0, 0], ALLOW),
            (libc::SYS_write, [5, 0, 0], REFUSE),
            (libc::SYS_writev, [6, 0, 0], REFUSE),
            (libc::SYS_sendto, [1, 0, 0], REFUSE),
            (libc::SYS_sendmsg, [1, 0, 0], REFUSE),
            (libc::SYS_sendmmsg, [1, 0, 0], REFUSE),
            (libc::SYS_socket, [17, 3, 0], REFUSE),
            (libc::SYS_socketpair, [1, 1, 0], REFUSE),
            (libc::SYS_connect, [3, 0, 0], REFUSE),
            (libc::SYS_recvmsg, [3, 0, 0], REFUSE),
            (libc::SYS_setsockopt, [5, 0, 0], REFUSE),
            (libc::SYS_dup, [5, 0, 0], REFUSE),
            (libc::SYS_fcntl, [5, 0, 0], REFUSE),
            (libc::SYS_fcntl, [5, 1, 0], ALLOW),
            (libc::SYS_sendfile, [5, 4, 0], REFUSE),
            (libc::SYS_splice, [4, 0, 5], REFUSE),
            (libc::SYS_io_uring_setup, [1, 0, 0], REFUSE),
            (libc::SYS_execve, [0; 3], REFUSE),
            (libc::SYS_clone, [0x1_0000, 0, 0], ALLOW),
            (libc::SYS_clone, [17, 0, 0], REFUSE),
            (libc::SYS_clone3, [0; 3], UNKNOWN),
            (libc::SYS_mmap, [0, 4096, 3], ALLOW),
            (libc::SYS_mmap, [0, 4096, 5], REFUSE),
            (libc::SYS_mprotect, [0, 4096, 4], REFUSE),
            (libc::SYS_openat, [0, 0, 0o2_000_000], ALLOW),
            (libc::SYS_openat, [0, 0, 1], REFUSE),
            (libc::SYS_openat, [0, 0, 0o100], REFUSE),
            (libc::SYS_tgkill, [77, 78, 6], ALLOW),
            (libc::SYS_tgkill, [1, 1, 9], REFUSE),
            (libc::SYS_kill, [77, 9, 0], REFUSE),
            (libc::SYS_ptrace, [0; 3], REFUSE),
            (libc::SYS_bpf, [0; 3], REFUSE),
        ] {
            assert_eq!(asked(ARCHITECTURE, call, arguments), answer, "call {call} {arguments:x?}");
        }
    }

    #[test]
    fn calls_of_other_architectures_do_not_pass() {
        assert_eq!(asked(0x4000_0003, libc::SYS_read, [0; 3]), KILL);
        assert_eq!(asked(ARCHITECTURE, libc::c_long::from(X32), [0; 3]), REFUSE);
    }
}
