//! `data "fake_value"`: a value that is given, or that a file holds.

use std::fs;

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Path, Problem, Type, Value};

use crate::script::whole;

const DOCS: &str = r#"For tests and trials. Gives back what it is given, or the text of a file:

```hcl
data "fake_value" "commit" {
  file = "commit.txt"
}
```"#;

/// The data source `fake_value`.
#[derive(Debug)]
pub struct FakeValue {
    schema: DataSchema,
}

impl Default for FakeValue {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> DataSchema {
    DataSchema {
        type_name: "fake_value",
        summary: "A value for tests and trials.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional("value", Type::Any, "The value to give back."),
            Attribute::optional(
                "file",
                Type::String,
                "File to give the text of instead, relative to the release file.",
            ),
            Attribute::optional("delay_ms", Type::Number, "How long it takes, in milliseconds."),
            Attribute::optional("fail", Type::String, "`true` or a message: it fails with that."),
            Attribute::computed("result", Type::Any, "The value."),
        ],
    }
}

impl DataSource for FakeValue {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let delay = config.get("delay_ms");
        if delay.is_null() || delay.is_unknown() || whole(delay).is_some() {
            return Vec::new();
        }
        vec![Problem::invalid("delay_ms", "delay_ms is no whole number from 0 on.")]
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            if let Some(delay) = whole(config.get("delay_ms")) {
                context.clock.sleep(std::time::Duration::from_millis(delay)).await;
            }
            match config.get("fail").as_str() {
                None | Some("" | "false") => {}
                Some("true") => return Err(Problem::refused("It failed, as asked.")),
                Some(message) => return Err(Problem::refused(message)),
            }
            let result = match config.get("file").as_str() {
                None => config.get("value").clone(),
                Some(file) => fs::read_to_string(context.input("file", file)?)
                    .map(|text| text.trim_end().into())
                    .map_err(|error| {
                        Problem::missing(format!("Cannot read {file}: {error}."))
                            .about(Path::attribute("file"))
                    })?,
            };
            Ok(config.clone().with("result", result))
        })
    }
}
