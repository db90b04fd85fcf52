//! Where snapshots are to lie: a folder or a bucket, by the arguments.

use std::sync::Arc;

use relplan_contract::{Attribute, Context, Problem, Sends, Type, Value};

use crate::bucket::InBucket;
use crate::bucket::options;
use crate::folder::Folder;
use crate::store::Store;

pub(crate) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "directory",
            Type::String,
            "Folder for the snapshots, made with mode 0700; one that others can read is refused.",
        ),
        Attribute::optional(
            "bucket",
            Type::String,
            "In its place, a bucket: `s3://name/prefix`, `gs://name/prefix` or `az://container/prefix`. Credentials come from \
             the environment (`AWS_...`, `GOOGLE_...`, `AZURE_...`).",
        ),
        options::attribute(),
        Attribute::optional(
            "unencrypted",
            Type::Bool,
            "Says that snapshots in a bucket may be without `encrypt_to`: whoever reads the bucket reads the database.",
        )
        .or(false),
    ]
}

/// Why a snapshot may not lie there in clear.
fn unsealed(config: &Value) -> Option<Problem> {
    let keys = config.get("encrypt_to");
    let sealed = keys.is_unknown() || keys.as_list().is_some_and(|keys| !keys.is_empty());
    let agreed = config.get("unencrypted");
    let clear = agreed.as_bool() == Some(true);
    if sealed && clear && !keys.is_unknown() {
        return Some(
            Problem::invalid(
                "unencrypted",
                "It says that nothing is encrypted, and `encrypt_to` names keys.",
            )
            .hint("Leave one of them out."),
        );
    }
    let wanted = config.get("bucket").as_str().is_some() && !sealed && !clear && !agreed.is_unknown();
    wanted.then(|| {
        Problem::invalid("encrypt_to", "Snapshots in a bucket are encrypted, and there is no key.").hint(
            "Name public keys of age or SSH as `encrypt_to`. If whoever reads the bucket may read the database, write \
             unencrypted = true.",
        )
    })
}

/// What is wrong with the arguments.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let (directory, bucket, block) =
        (config.get("directory"), config.get("bucket"), config.get("bucket_options"));
    let mut problems = Vec::new();
    if directory.is_null() && bucket.is_null() {
        problems.push(
            Problem::invalid("directory", "There is no place for the snapshots.")
                .hint("Name a folder as `directory`, or a bucket as `bucket`."),
        );
    }
    if directory.as_str().is_some() && bucket.as_str().is_some() {
        problems.push(
            Problem::invalid("bucket", "There are two places for the snapshots.")
                .hint("Name either a `directory` or a `bucket`."),
        );
    }
    if bucket.is_null() && !block.is_null() && !block.is_unknown() {
        problems.push(
            Problem::invalid("bucket_options", "There is no `bucket` for them.").hint("Leave them out."),
        );
    }
    problems.extend(options::check(bucket, block));
    problems.extend(unsealed(config));
    problems
}

/// The server of a bucket, which is sent credentials of the environment.
pub(crate) fn sends(config: &Value) -> Option<Sends> {
    let bucket = config.get("bucket").as_str()?;
    let (server, what) = options::recipient(bucket, config.get("bucket_options"))?;
    let named_by = ["bucket", "bucket_options"].map(str::to_owned).to_vec();
    Some(Sends { server, what: what.to_owned(), named_by })
}

/// The place that an object names; none while it is not known.
pub(crate) fn read(context: &Context, object: &Value) -> Result<Option<Store>, Problem> {
    if let Some(bucket) = object.get("bucket").as_str() {
        // It may not have been known when the arguments were checked.
        if let Some(problem) = unsealed(object) {
            return Err(problem);
        }
        let place = InBucket::new(context, bucket, object.get("bucket_options"))?;
        return Ok(Some(Store(Arc::new(place))));
    }
    let Some(directory) = object.get("directory").as_str() else { return Ok(None) };
    Ok(Some(Store(Arc::new(Folder::new(context.place("directory", directory)?)))))
}
