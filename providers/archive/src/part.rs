//! A part of a snapshot, on its way into the store and out again.
//!
//! In: raw bytes -> compressed -> summed ("clear") -> encrypted -> summed ("stored") -> store; out the other way.

use std::io::{self, Read, Write};

use age::stream::StreamWriter;

use crate::cipher::{Identities, Recipients};
use crate::compression::{Compression, Compressor};
use crate::manifest::Part;
use crate::store::{Sink, Source};
use crate::sum::{Running, Sum, Summing};

/// How many of the last raw bytes are remembered.
const END: usize = 64;

type Stored = Summing<Box<dyn Sink>>;

/// Behind the compression: with or without encryption.
enum Sealing {
    Clear(Stored),
    Encrypted(Box<Summing<StreamWriter<Stored>>>),
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Clear(inner) => inner.write(bytes),
            Self::Encrypted(inner) => inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(inner) => inner.flush(),
            Self::Encrypted(inner) => inner.flush(),
        }
    }
}

/// Takes the raw bytes of a part.
pub struct PartWriter {
    name: String,
    compressor: Compressor<Sealing>,
    bytes: u64,
    /// The last raw bytes.
    end: Vec<u8>,
}

impl PartWriter {
    pub(crate) fn new(
        name: String,
        sink: Box<dyn Sink>,
        compression: Compression,
        recipients: Option<&Recipients>,
    ) -> io::Result<Self> {
        let stored = Summing::new(sink);
        let sealing = match recipients {
            None => Sealing::Clear(stored),
            Some(recipients) => Sealing::Encrypted(Box::new(Summing::new(recipients.writer(stored)?))),
        };
        Ok(Self { name, compressor: Compressor::new(compression, sealing)?, bytes: 0, end: Vec::new() })
    }

    /// The last raw bytes that it took: 64, where there are as many.
    #[must_use]
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    /// How many raw bytes it took.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes what is left, makes it durable, and gives the sums.
    pub fn finish(self) -> io::Result<Part> {
        let (stored, clear) = match self.compressor.finish()? {
            Sealing::Clear(stored) => (stored, None),
            Sealing::Encrypted(clear) => {
                let (encrypted, clear) = clear.finish();
                (encrypted.finish()?, Some(clear))
            }
        };
        let (sink, stored) = stored.finish();
        sink.finish()?;
        let clear = clear.unwrap_or_else(|| stored.clone());
        Ok(Part { name: self.name, raw_bytes: self.bytes, clear, stored })
    }
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.compressor.write(bytes)?;
        self.bytes += count as u64;
        let taken = bytes.get(..count).unwrap_or_default();
        self.end.extend_from_slice(taken.get(taken.len().saturating_sub(END)..).unwrap_or_default());
        self.end.drain(..self.end.len().saturating_sub(END));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.compressor.flush()
    }
}

/// Gives the raw bytes of a part, and refuses the end when they were not those of the manifest.
pub struct PartReader<'r> {
    inner: Box<dyn Read + Send + 'r>,
    left: u64,
}

impl PartReader<'_> {
    pub(crate) fn new(
        part: &Part,
        compression: &str,
        source: Source,
        identities: Option<&Identities>,
    ) -> io::Result<Self> {
        let stored = Checking::new(source, &part.stored);
        let clear: Box<dyn Read + Send> = match identities {
            None => Box::new(stored),
            Some(identities) => Box::new(Checking::new(identities.reader(stored)?, &part.clear)),
        };
        Ok(Self { inner: Compression::reader(compression, clear)?, left: part.raw_bytes })
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let over = count == 0 && !buffer.is_empty();
        match self.left.checked_sub(count as u64) {
            Some(left) if left == 0 || !over => self.left = left,
            _ => return Err(altered()),
        }
        Ok(count)
    }
}

fn altered() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is not what was written")
}

/// Passes bytes on, and refuses the end when their sum is another than expected.
struct Checking<R> {
    inner: R,
    running: Option<Running>,
    expected: Sum,
}

impl<R> Checking<R> {
    fn new(inner: R, expected: &Sum) -> Self {
        Self { inner, running: Some(Running::default()), expected: expected.clone() }
    }
}

impl<R: Read> Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match &mut self.running {
            Some(sum) if count > 0 => sum.update(buffer.get(..count).unwrap_or_default()),
            Some(_) if !buffer.is_empty() => {
                let found = self.running.take().map(Running::finish).unwrap_or_default();
                if found != self.expected {
                    return Err(altered());
                }
            }
            _ => {}
        }
        Ok(count)
    }
}
