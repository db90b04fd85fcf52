//! Plans and runs for the tests of the views: one of each kind of change, with texts that try to break out.

use std::time::Duration;

use relplan_contract::{
    Attribute, DataSchema, Kind, Lifetime, Outcome, Path, ProviderSchema, Repeat, ResourceSchema, Type,
    Value, Verdict,
};

use crate::canonical::Digest;
use crate::event::{EntryKey, Lineage, RunMode};
use crate::lang::config::{OnFailure, When};
use crate::plan::{Action, Basis, Caution, CautionKind, Change, Drift, Group, OutputChange, Plan, Reason};

mod ledger;

pub(super) use ledger::{ledger, other_events, recorded, state};

/// A secret that no view may show.
pub(super) const SECRET: &str = "hunter2-correct-horse";

pub(super) fn digest() -> Digest {
    Digest::of(b"plan")
}

pub(super) fn key(address: &str, version: Option<&str>) -> EntryKey {
    EntryKey { address: address.parse().expect("an address"), version: version.map(Into::into) }
}

pub(crate) fn secret() -> Value {
    Value::from(SECRET).mark(true)
}

pub(super) fn sealed() -> Value {
    Value::new(Kind::Sealed("0f0f0f".into())).mark(true)
}

/// A change with nothing but the needful.
pub(super) fn change(address: &str, lifetime: Lifetime, action: Action, reason: Reason) -> Change {
    let version = (lifetime == Lifetime::Record).then_some("1.2.0");
    Change {
        key: key(address, version),
        lifetime: Some(lifetime),
        provider: "git".into(),
        action,
        reasons: vec![reason],
        before: Value::NULL,
        after: Value::NULL,
        inputs: Value::NULL,
        replace: Vec::new(),
        dependencies: Vec::new(),
        judges: Vec::new(),
        judged_by: Vec::new(),
        preview: None,
        notes: Vec::new(),
        undo: String::new(),
        headline: None,
        from_elsewhere: None,
        free: Vec::new(),
        on_failure: OnFailure::Stop,
        when: When::Success,
    }
}

pub(super) fn tag() -> Change {
    let after = Value::map([
        ("commit", Value::from("3f2a1c9d")),
        ("id", Value::UNKNOWN),
        ("message", Value::from("Release 1.2.0\n\nThe cart is quicker.\n")),
        ("name", Value::from("v1.2.0")),
    ]);
    Change {
        after,
        notes: vec!["Commit 3f2a1c9 \"Fix the cart\" by Ann, 12 ahead of v1.1.0.\nSigned by nobody.".into()],
        undo: "delete the tag by hand".into(),
        ..change(
            "git_tag.app",
            Lifetime::Record,
            Action::Create,
            Reason::NewVersion { version: "1.2.0".into() },
        )
    }
}

pub(super) fn deployment() -> Change {
    let object = |version: &str, token: Value| {
        Value::map([
            ("environment", Value::map([("MODE", Value::from("production")), ("TOKEN", token)])),
            ("id", Value::from("production")),
            ("region", Value::from("eu")),
            ("version", Value::from(version)),
        ])
    };
    Change {
        before: object("1.1.0", sealed()),
        after: object("1.2.0", secret()),
        dependencies: vec![key("git_tag.app", None).address],
        judges: Vec::new(),
        judged_by: Vec::new(),
        headline: Some("version".into()),
        undo: "deploy 1.1.0 again".into(),
        ..change(
            "exec_deployment.production",
            Lifetime::Live,
            Action::Update,
            Reason::InputsChanged(vec![Path::attribute("version")]),
        )
    }
}

pub(super) fn gate() -> Change {
    let verdict = Verdict {
        outcome: Outcome::Failed,
        summary: "2 pull requests open.".into(),
        details: vec!["#12 Fix the cart".into(), "#14 Quicker \u{202e}search".into()],
    };
    Change {
        after: Value::map([("label", Value::from("1.2.0")), ("open", Value::UNKNOWN)]),
        preview: Some(verdict),
        ..change("github_merged.all", Lifetime::Check, Action::Judge, Reason::NeverMade)
    }
}

fn replaced() -> Change {
    let before = Value::map([("id", Value::from("db-1")), ("path", Value::from("shop.db"))]);
    let after = Value::map([("id", Value::UNKNOWN), ("path", Value::from("cart.db"))]);
    Change {
        before,
        after,
        replace: vec![Path::attribute("path")],
        ..change(
            "sqlite_database.\u{fc}ber[\"a \\\"b\\\"\"]",
            Lifetime::Live,
            Action::Replace { create_first: false },
            Reason::Immutable(vec![Path::attribute("path")]),
        )
    }
}

fn destroyed() -> Change {
    let before = Value::map([("id", Value::from("old")), ("password", sealed())]);
    Change { before, ..change("exec_deployment.old", Lifetime::Live, Action::Destroy, Reason::LeftFile) }
}

fn forgotten() -> Change {
    let before = Value::map([("id", Value::from("legacy"))]);
    Change {
        before,
        undo: "import it again".into(),
        ..change(
            "module.shop[\"eu\"].exec_deployment.legacy",
            Lifetime::Live,
            Action::Forget,
            Reason::Removed,
        )
    }
}

fn read() -> Change {
    Change {
        lifetime: None,
        key: key("data.git_ref.head", None),
        after: Value::map([("commit", Value::UNKNOWN), ("ref", Value::UNKNOWN)]),
        ..change("git_tag.none", Lifetime::Record, Action::Read, Reason::ArgumentsUnknown)
    }
}

/// One of each kind of change.
pub(crate) fn plan() -> Plan {
    let changes = vec![tag(), gate(), deployment(), replaced(), destroyed(), forgotten(), read()];
    let groups = changes.iter().enumerate().map(|(index, change)| Group {
        name: change.key.address.resource.to_string().into(),
        needs: if index == 2 { vec![0, 1] } else { Vec::new() },
        changes: vec![index],
    });
    let cautions = vec![
        Caution {
            kind: CautionKind::WouldStop,
            key: Some(key("github_merged.all", None)),
            text: "The run would stop here: 2 pull requests open.".into(),
        },
        Caution {
            kind: CautionKind::Destructive,
            key: Some(key("exec_deployment.old", None)),
            text: "It is destroyed.".into(),
        },
        Caution { kind: CautionKind::Partial, key: None, text: "Only a part is planned (-target).".into() },
    ];
    let drift = Drift {
        key: key("exec_deployment.production", None),
        before: Value::map([("id", Value::from("production")), ("replicas", Value::integer(3))]),
        after: Value::map([("id", Value::from("production")), ("replicas", Value::integer(2))]),
    };
    let gone = Drift {
        key: key("git_tag.app", Some("1.1.0")),
        before: Value::map([("name", Value::from("v1.1.0"))]),
        after: Value::NULL,
    };
    Plan {
        groups: groups.collect(),
        changes,
        moves: Vec::new(),
        unchanged: 4,
        drift: vec![drift, gone],
        outputs: vec![
            OutputChange { name: "password".into(), before: Value::NULL, after: secret() },
            OutputChange { name: "url".into(), before: Value::from("a"), after: Value::UNKNOWN },
        ],
        cautions,
        standing: Vec::new(),
        ..empty()
    }
}

/// A plan that does nothing.
pub(crate) fn empty() -> Plan {
    Plan {
        product: "shop".into(),
        version: "1.2.0".into(),
        mode: RunMode::Apply,
        basis: Basis {
            config: Some(Digest::of(b"config")),
            state: Digest::of(b"state"),
            lineage: Some(Lineage("0123456789abcdef".into())),
            variables: [("token".into(), secret()), ("region".into(), Value::from("eu"))].into(),
            providers: [("git".to_owned(), "0.1.0".to_owned())].into(),
        },
        changes: Vec::new(),
        groups: Vec::new(),
        moves: Vec::new(),
        unchanged: 4,
        drift: Vec::new(),
        outputs: Vec::new(),
        cautions: Vec::new(),
        standing: Vec::new(),
    }
}

/// A plan of as many changes as asked for, with some attributes each.
pub(crate) fn large(changes: usize) -> Plan {
    let change = |index: usize| {
        let mut change = tag();
        change.key = key(&format!("git_tag.app[{index}]"), Some("1.2.0"));
        change
    };
    Plan { changes: (0..changes).map(change).collect(), ..empty() }
}

/// A provider with one of each kind of type.
pub(super) fn provider() -> ProviderSchema {
    ProviderSchema {
        name: "git",
        version: "0.1.0",
        summary: "Tags and commits of git repositories.",
        configuration: vec![
            Attribute::optional("token", Type::String, "Password for the remote side.").sensitive(),
        ],
        resources: vec![tag_type(), smoke_test_type()],
        data_sources: vec![DataSchema {
            type_name: "git_ref",
            summary: "The commit that a branch or tag points at.",
            docs: "",
            attributes: vec![
                Attribute::required("ref", Type::String, "Branch, tag or commit."),
                Attribute::computed("commit", Type::String, "The commit's full hash."),
            ],
        }],
    }
}

fn tag_type() -> ResourceSchema {
    ResourceSchema {
        type_name: "git_tag",
        lifetime: Lifetime::Record,
        summary: "A tag in a git repository.",
        docs: "The tag is made at the commit that the plan has pinned, and never moved.\n\n```hcl\nresource \"git_tag\" \"app\" {\n  name = \"v1.2.0\"\n}\n```\n",
        attributes: vec![
            Attribute::required("name", Type::String, "Name of the tag.").immutable(),
            Attribute::optional("ref", Type::String, "What it points at.").or("HEAD"),
            Attribute::computed("commit", Type::String, "The commit that it points at.").stable(),
        ],
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "delete the tag by hand, and make a new version",
        headline: None,
        settle: Duration::from_secs(30),
        timeout: Duration::from_secs(300),
    }
}

fn smoke_test_type() -> ResourceSchema {
    let step = vec![
        Attribute::required("url", Type::String, "What is asked for."),
        Attribute::optional("status", Type::Number, "The status that is expected.").or(200_i64),
    ];
    ResourceSchema {
        type_name: "git_smoke_test",
        lifetime: Lifetime::Check,
        summary: "Asks a service whether it works.",
        docs: "",
        attributes: vec![
            Attribute::optional("within", Type::String, "How long it may take to become healthy.")
                .or_computed(),
            Attribute::blocks("step", step, "Requests, one after the other."),
        ],
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: true,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}
