//! A dump on its way into a database of another name, statement by statement. Rows pass as they are.

use std::io::{self, BufRead, BufReader, Read};

use super::{moved, quoted, string_end, trigger_moved};

/// A dump on its way into a database of another name.
pub(crate) struct Moved<R> {
    inner: BufReader<R>,
    from: String,
    to: String,
    /// What was changed, or is to be looked at no more, and how much of it was read.
    out: Vec<u8>,
    read: usize,
    /// Within a line that is passed on as it is.
    passing: bool,
    /// What ends a statement.
    delimiter: Vec<u8>,
}

impl<R: Read> Moved<R> {
    pub(crate) fn new(inner: R, from: &str, to: &str) -> Self {
        let inner = BufReader::with_capacity(256 << 10, inner);
        let (from, to) = (from.to_owned(), to.to_owned());
        Self { inner, from, to, out: Vec::new(), read: 0, passing: false, delimiter: b";".to_vec() }
    }

    /// The lines of a statement that has begun, to its end.
    fn statement(&mut self, mut text: Vec<u8>) -> io::Result<Vec<u8>> {
        loop {
            let closed = text.trim_ascii_end().ends_with(&self.delimiter);
            if (closed && !within_string(&text, &self.delimiter))
                || self.inner.read_until(b'\n', &mut text)? == 0
            {
                return Ok(text);
            }
        }
    }

    /// What a line becomes, with those that belong to it.
    fn line(&mut self, line: Vec<u8>) -> io::Result<Vec<u8>> {
        if let Some(delimiter) = line.strip_prefix(b"DELIMITER ") {
            self.delimiter = delimiter.trim_ascii().to_vec();
            return Ok(line);
        }
        let plainly = self.delimiter == b";";
        let altered = format!("ALTER DATABASE {} CHARACTER SET ", quoted(&self.from));
        let ends = [b" ", self.delimiter.as_slice()].concat();
        if let Some(rest) =
            line.strip_prefix(altered.as_bytes()).filter(|_| line.trim_ascii_end().ends_with(&ends))
        {
            return Ok(
                [format!("ALTER DATABASE {} CHARACTER SET ", quoted(&self.to)).as_bytes(), rest].concat()
            );
        }
        let begins = |word: &[u8]| line.starts_with(word);
        if plainly && (begins(b"CREATE TABLE ") || begins(b"/*!50001 CREATE ") || begins(b"/*!50001 VIEW ")) {
            let text = self.statement(line)?;
            return Ok(moved(&text, &self.from, Some(&self.to)));
        }
        if !plainly && begins(b"/*!50003 CREATE*/") {
            let text = self.statement(line)?;
            return Ok(trigger_moved(&text, &self.from, Some(&self.to)));
        }
        Ok(line)
    }
}

/// Whether a text ends in the middle of a string. Bodies of triggers may hold marks in comments: their delimiter alone ends them.
fn within_string(text: &[u8], delimiter: &[u8]) -> bool {
    if delimiter != b";" {
        return false;
    }
    let mut rest = text;
    while let Some(first) = rest.first() {
        if matches!(first, b'\'' | b'"' | b'`') {
            let end = string_end(rest);
            let closed = end > 1 && rest.get(end - 1) == Some(first);
            if !closed {
                return true;
            }
            rest = rest.get(end..).unwrap_or_default();
        } else {
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    false
}

impl<R: Read> Read for Moved<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.out.get(self.read..).unwrap_or_default();
            if !left.is_empty() {
                let count = left.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), left.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.read += count;
                return Ok(count);
            }
            let chunk = self.inner.fill_buf()?;
            let Some(first) = chunk.first() else { return Ok(0) };
            // Rows, which are most of it, begin otherwise, and may be of any length.
            if self.passing || !matches!(first, b'A' | b'C' | b'D' | b'/') {
                let line = chunk.iter().position(|byte| *byte == b'\n').map_or(chunk.len(), |end| end + 1);
                let count = line.min(buffer.len());
                self.passing = chunk.get(count.saturating_sub(1)) != Some(&b'\n');
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), chunk.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.inner.consume(count);
                return Ok(count);
            }
            let mut line = Vec::new();
            self.inner.read_until(b'\n', &mut line)?;
            self.out = self.line(line)?;
            self.read = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("a text")
    }

    #[test]
    fn a_dump_goes_into_another_database() {
        let dump = "ALTER DATABASE `a` CHARACTER SET latin1 COLLATE x ;\nCREATE TABLE `t` (\n  `i` int DEFAULT nextval(`a`.`s`) COMMENT 'x\n;\nCREATE TABLE `'\n);\n\
            INSERT INTO `t` VALUES\n(1,'nextval(`a`.`s`)');\nDELIMITER ;;\nCREATE PROCEDURE `p`()\nALTER DATABASE `a` CHARACTER SET latin1 ;\nALTER DATABASE `a` CHARACTER SET x COLLATE y ;;\n\
            /*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER\na.t BEFORE INSERT ON t FOR EACH ROW SET @x = a.f('it'';\n') */;;\nDELIMITER ;\n/*!50001 VIEW `v` AS select `a`.`f`(1) AS `x` */;\nDROP TABLE `x`;";
        let expected = "ALTER DATABASE `b` CHARACTER SET latin1 COLLATE x ;\nCREATE TABLE `t` (\n  `i` int DEFAULT nextval(`b`.`s`) COMMENT 'x\n;\nCREATE TABLE `'\n);\n\
            INSERT INTO `t` VALUES\n(1,'nextval(`a`.`s`)');\nDELIMITER ;;\nCREATE PROCEDURE `p`()\nALTER DATABASE `a` CHARACTER SET latin1 ;\nALTER DATABASE `b` CHARACTER SET x COLLATE y ;;\n\
            /*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER\n`b`.t BEFORE INSERT ON t FOR EACH ROW SET @x = a.f('it'';\n') */;;\nDELIMITER ;\n/*!50001 VIEW `v` AS select `b`.`f`(1) AS `x` */;\nDROP TABLE `x`;";
        for size in [1, 7, 10_000] {
            let mut reader = Moved::new(dump.as_bytes(), "a", "b");
            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                let count = reader.read(&mut buffer).expect("read");
                if count == 0 {
                    break;
                }
                all.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(text(all), expected);
        }
    }
}
