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
    raw: Summing<Compressor<Sealing>>,
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
        Ok(Self { name, raw: Summing::new(Compressor::new(compression, sealing)?) })
    }

    /// How many raw bytes it took.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.raw.bytes()
    }

    /// Writes what is left, makes it durable, and gives the sums.
    pub fn finish(self) -> io::Result<Part> {
        let (compressor, raw) = self.raw.finish();
        let (stored, clear) = match compressor.finish()? {
            Sealing::Clear(stored) => (stored, None),
            Sealing::Encrypted(clear) => {
                let (encrypted, clear) = clear.finish();
                (encrypted.finish()?, Some(clear))
            }
        };
        let (sink, stored) = stored.finish();
        sink.finish()?;
        let clear = clear.unwrap_or_else(|| stored.clone());
        Ok(Part { name: self.name, raw, clear, stored })
    }
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.raw.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.raw.flush()
    }
}

/// Gives the raw bytes of a part, and refuses the end when they were not those of the manifest.
pub struct PartReader<'r> {
    inner: Box<dyn Read + Send + 'r>,
    running: Option<Running>,
    expected: Sum,
}

impl PartReader<'_> {
    pub(crate) fn new(
        part: &Part,
        compression: &str,
        source: Source,
        identities: Option<&Identities>,
    ) -> io::Result<Self> {
        let stored =
            Checking { inner: source, running: Some(Running::default()), expected: part.stored.clone() };
        let clear: Box<dyn Read + Send> = match identities {
            None => Box::new(stored),
            Some(identities) => {
                let inner = identities.reader(stored)?;
                Box::new(Checking { inner, running: Some(Running::default()), expected: part.clear.clone() })
            }
        };
        let inner = Compression::reader(compression, clear)?;
        Ok(Self { inner, running: Some(Running::default()), expected: part.raw.clone() })
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        checked(&mut self.inner, &mut self.running, &self.expected, buffer)
    }
}

/// Passes bytes on, and refuses the end when their sum is another than expected.
struct Checking<R> {
    inner: R,
    running: Option<Running>,
    expected: Sum,
}

impl<R: Read> Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        checked(&mut self.inner, &mut self.running, &self.expected, buffer)
    }
}

fn checked(
    inner: &mut impl Read,
    running: &mut Option<Running>,
    expected: &Sum,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let count = inner.read(buffer)?;
    match running {
        Some(sum) if count > 0 => sum.update(buffer.get(..count).unwrap_or_default()),
        Some(_) if buffer.is_empty() => {}
        Some(_) => {
            let found = running.take().map(Running::finish).unwrap_or_default();
            if found != *expected {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not what was written"));
            }
        }
        None => {}
    }
    Ok(count)
}
