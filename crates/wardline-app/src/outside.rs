//! Time and randomness, which come from outside.

/// What the program takes from the machine it runs on.
pub trait Outside: Send + Sync + 'static {
    /// Microseconds since 1970-01-01T00:00:00Z.
    fn now_us(&self) -> i64;
    /// Fills with bytes that nobody can guess.
    fn random(&self, bytes: &mut [u8]);
}

/// The machine's clock, given by whoever may read it, and the cryptographic provider's randomness.
pub struct System {
    /// Reads the clock.
    pub clock: fn() -> i64,
}

impl Outside for System {
    fn now_us(&self) -> i64 {
        (self.clock)()
    }

    fn random(&self, bytes: &mut [u8]) {
        // The provider draws from the kernel; without randomness there is no safe way on, and a request is all it costs.
        let filled = aws_lc_rs::rand::fill(bytes);
        assert!(filled.is_ok(), "the machine gives no randomness");
    }
}
