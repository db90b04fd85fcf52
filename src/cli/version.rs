//! `relplan version`.

use super::context::Context;
use super::exit::{Exit, Failure};
use crate::view;

#[allow(clippy::unnecessary_wraps, reason = "every verb has the same form")]
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let relplan = env!("CARGO_PKG_VERSION");
    if context.json {
        let providers = context.registry.schemas().map(|schema| (schema.name, schema.version));
        context.print(&view::json::to_line(&view::json::version(relplan, providers)));
        return Ok(Exit::Done);
    }
    context.print_line(&format!("relplan v{relplan}"));
    for schema in context.registry.schemas() {
        context.print_line(&format!("+ provider {} v{}", schema.name, schema.version));
    }
    Ok(Exit::Done)
}
