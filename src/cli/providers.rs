//! `relplan providers`: every type as a manual page.

use super::args::ProvidersArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use crate::view::{json, schema};

/// Columns of a manual page.
const WIDTH: usize = 96;

pub(super) fn run(context: &Context, args: &ProvidersArgs) -> Result<Exit, Failure> {
    let registry = &context.registry;
    let palette = context.palette();
    let Some(name) = &args.name else {
        if context.json {
            context.print(&json::to_line(&json::providers(registry.schemas().map(|schema| &**schema))));
        } else {
            for found in registry.schemas() {
                context.print(&schema::provider(found, WIDTH, &palette));
            }
        }
        return Ok(Exit::Done);
    };
    if let Some(found) = registry.schema(name) {
        context.print(&if context.json {
            json::to_line(&json::providers([&**found]))
        } else {
            schema::provider(found, WIDTH, &palette)
        });
    } else if let Some(found) = registry.resource(name) {
        context.print(&if context.json {
            json::to_line(&json::resource_type(found))
        } else {
            schema::resource(found, WIDTH, &palette)
        });
    } else if let Some(found) = registry.data_source(name) {
        context.print(&if context.json {
            json::to_line(&json::data_source(found))
        } else {
            schema::data(found, WIDTH, &palette)
        });
    } else {
        let names: Vec<&str> =
            registry.type_names(false).into_iter().chain(registry.type_names(true)).collect();
        let near = crate::diag::did_you_mean(name, names.iter().copied());
        let help = near
            .map_or_else(|| "See `relplan providers`.".to_owned(), |near| format!("Did you mean {near}?"));
        return Err(Failure::usage(format!("There is no provider and no type named {name:?}.")).help(help));
    }
    Ok(Exit::Done)
}
