//! `csvdecode`: RFC 4180, with a header row.

use std::collections::BTreeSet;
use std::sync::Arc;

use relplan_contract::Value;

use super::super::{Arguments, Fault};

/// The list of objects that a CSV text stands for.
pub(super) fn decode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let refuse = |message: String| {
        Fault::argument(0, message, "The first row names the columns; all rows have as many fields.")
    };
    arguments.budget().bytes(arguments.text(0).len())?;
    arguments.read_slowly(0, 8)?;
    let mut rows = Rows { rest: arguments.text(0), line: 1 };
    let (_, header) = rows.next().ok_or_else(|| refuse("It has no header row.".into()))?.map_err(refuse)?;
    let names: Vec<Arc<str>> = header.into_iter().map(Arc::from).collect();
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(Arc::clone(name))) {
        let given = arguments.detail(|| format!(" {twice:?}"));
        return Err(refuse(format!("It has the column{given} twice.")));
    }
    let mut objects = Vec::new();
    for row in rows {
        let (line, fields) = row.map_err(refuse)?;
        if fields.len() != names.len() {
            return Err(refuse(format!(
                "The number of fields in line {line} is {}, but the number of columns is {}.",
                fields.len(),
                names.len()
            )));
        }
        arguments.budget().elements(1 + fields.len())?;
        objects.push(Value::map(names.iter().cloned().zip(fields.into_iter().map(Value::from))));
    }
    Ok(Value::list(objects))
}

/// The rows with the lines that they begin on; empty lines are left out.
struct Rows<'t> {
    rest: &'t str,
    line: usize,
}

impl Iterator for Rows<'_> {
    type Item = Result<(usize, Vec<String>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(behind) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = behind;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let row = self.row().map(|fields| (line, fields));
        if row.is_err() {
            self.rest = "";
        }
        Some(row)
    }
}

impl Rows<'_> {
    fn row(&mut self) -> Result<Vec<String>, String> {
        let mut fields = Vec::new();
        loop {
            fields.push(if self.rest.starts_with('"') { self.quoted()? } else { self.plain()? });
            if let Some(behind) = self.rest.strip_prefix(',') {
                self.rest = behind;
                continue;
            }
            self.rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
            self.rest = self.rest.strip_prefix('\n').unwrap_or(self.rest);
            self.line += 1;
            return Ok(fields);
        }
    }

    fn plain(&mut self) -> Result<String, String> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, behind) = self.rest.split_at(end);
        if field.contains('"') {
            return Err(format!(
                "A field on line {} has a quote inside, but does not begin with one.",
                self.line
            ));
        }
        self.rest = behind;
        Ok(if behind.starts_with(',') { field } else { field.strip_suffix('\r').unwrap_or(field) }.to_owned())
    }

    fn quoted(&mut self) -> Result<String, String> {
        let begun = self.line;
        let mut field = String::new();
        self.rest = self.rest.get(1..).unwrap_or_default();
        loop {
            let Some((text, behind)) = self.rest.split_once('"') else {
                return Err(format!("A field on line {begun} lacks its closing quote."));
            };
            field.push_str(text);
            self.line += text.bytes().filter(|byte| *byte == b'\n').count();
            if let Some(behind) = behind.strip_prefix('"') {
                field.push('"');
                self.rest = behind;
                continue;
            }
            self.rest = behind;
            if behind.is_empty() || behind.starts_with([',', '\n']) || behind.starts_with("\r\n") {
                return Ok(field);
            }
            return Err(format!("On line {}, something follows behind a closing quote.", self.line));
        }
    }
}
