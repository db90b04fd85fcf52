//! How parts are compressed. Always: a flipped bit in a compressed stream shows, in a plain one it may not.

use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// A method with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard with its checksum, level 1 to 19.
    Zstd(i32),
    /// gzip, level 1 to 9.
    Gzip(u32),
}

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd(3)
    }
}

impl Compression {
    /// Reads `zstd`, `gzip`, or one of them with a level: `zstd:9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, level) = text.split_once(':').map_or((text, None), |(name, level)| (name, Some(level)));
        let level = level.map(str::parse::<i32>).transpose().ok()?;
        match name {
            "zstd" => Some(Self::Zstd(level.unwrap_or(3))).filter(|_| (1..=19).contains(&level.unwrap_or(3))),
            "gzip" => {
                let level = u32::try_from(level.unwrap_or(6)).ok()?;
                (1..=9).contains(&level).then_some(Self::Gzip(level))
            }
            _ => None,
        }
    }

    /// The word for the method, and the end of the names of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd(_) => "zstd",
            Self::Gzip(_) => "gzip",
        }
    }

    /// A reader of what was compressed with the method of that name.
    pub(crate) fn reader<'r>(
        name: &str,
        inner: impl Read + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        match name {
            "zstd" => Ok(Box::new(zstd::Decoder::new(inner)?)),
            "gzip" => Ok(Box::new(MultiGzDecoder::new(inner))),
            other => Err(io::Error::other(format!("{other:?} is no compression that this relplan knows"))),
        }
    }
}

/// Compresses what is written.
pub(crate) enum Compressor<W: Write> {
    Zstd(zstd::Encoder<'static, W>),
    Gzip(GzEncoder<W>),
}

impl<W: Write> Compressor<W> {
    pub(crate) fn new(method: Compression, inner: W) -> io::Result<Self> {
        Ok(match method {
            Compression::Zstd(level) => {
                let mut encoder = zstd::Encoder::new(inner, level)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
            Compression::Gzip(level) => Self::Gzip(GzEncoder::new(inner, flate2::Compression::new(level))),
        })
    }

    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.flush(),
            Self::Gzip(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_levels_are_read() {
        assert_eq!(Compression::parse("zstd"), Some(Compression::Zstd(3)));
        assert_eq!(Compression::parse("gzip:9"), Some(Compression::Gzip(9)));
        for wrong in ["", "zstd:0", "zstd:20", "gzip:10", "none", "lz4", "zstd:x"] {
            assert_eq!(Compression::parse(wrong), None, "{wrong}");
        }
    }
}
