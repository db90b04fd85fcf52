//! Sums over streams: SHA-256 and length, taken while the bytes pass.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a stream in hexadecimal, and its length in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

impl Sum {
    /// The sum of bytes that are in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut running = Running::default();
        running.update(bytes);
        running.finish()
    }
}

/// A sum that is being taken.
#[derive(Default)]
pub(crate) struct Running {
    hasher: Sha256,
    bytes: u64,
}

impl Running {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> Sum {
        let hex =
            self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        Sum { sha256: hex, bytes: self.bytes }
    }
}

/// Passes what is written on, and sums it.
pub(crate) struct Summing<W> {
    inner: W,
    running: Running,
}

impl<W> Summing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, running: Running::default() }
    }

    pub(crate) fn finish(self) -> (W, Sum) {
        (self.inner, self.running.finish())
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.running.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.running.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
