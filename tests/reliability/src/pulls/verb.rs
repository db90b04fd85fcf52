//! The commands that a pull request is met with.

use std::collections::BTreeSet;
use std::io;
use std::process::Command;

use github_stand_in::{StandIn, TOKEN};
use serde_json::{Value as Json, json};

use crate::pulls::canary;
use crate::pulls::ground::Ground;
use crate::pulls::pull::Pull;
use crate::pulls::watch::{self, Limits, Seen};
use crate::random::Random;
use crate::scene::Relplan;

/// What may be read of the ledger, and whom a command may talk to, hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    /// `plan -no-exec`, as text.
    Plan,
    /// `plan -no-exec -format=markdown`.
    Markdown,
    /// `plan -no-exec -json`.
    Json,
    /// `validate`.
    Validate,
    /// `plan -no-exec -pr=42`.
    Review,
    /// `fmt`, the last one: it may change files.
    Format,
}

/// Each form of `fmt`; the file that the pull request names comes last, where it is named.
const FORMATS: &[&[&str]] = &[
    &["fmt", "-recursive"],
    &["fmt"],
    &["fmt", "-recursive", "-diff"],
    &["fmt", "-check", "-recursive"],
    &["fmt", "-diff"],
];

impl Verb {
    /// The commands for one pull request: one way to plan, and the three others.
    pub(super) fn drawn(random: &mut Random) -> [Self; 4] {
        let plan = random.choose(&[Self::Plan, Self::Plan, Self::Markdown, Self::Json]).unwrap_or(Self::Plan);
        [plan, Self::Validate, Self::Review, Self::Format]
    }

    /// Whether it may look at the product's ledger.
    pub(super) fn plans(self) -> bool {
        !matches!(self, Self::Validate | Self::Format)
    }

    /// The words of the command line.
    pub(super) fn words<'p>(self, pull: &'p Pull, random: &mut Random) -> Vec<&'p str> {
        let before: &[&str] = match self {
            Self::Plan => &["plan", "-no-exec"],
            Self::Markdown => &["plan", "-no-exec", "-format=markdown"],
            Self::Json => &["plan", "-no-exec", "-json"],
            Self::Validate => {
                random.choose(&[&["validate"][..], &["validate", "-json"]]).unwrap_or(&["validate"])
            }
            Self::Review => &["plan", "-no-exec", "-pr=42"],
            Self::Format => random.choose(FORMATS).unwrap_or(&["fmt"]),
        };
        let mut words = before.to_vec();
        if !words.contains(&"-recursive") {
            words.push(&pull.argument);
        }
        words
    }
}

/// GitHub's stand-in with one open pull request, and the comments that it was left with.
pub(super) struct Reviewer {
    stand_in: StandIn,
}

impl Reviewer {
    /// Starts it.
    pub(super) fn new() -> Self {
        let pull = json!({ "number": 42, "title": "Release", "author": "eve", "created_at": "2026-02-01T00:00:00Z" });
        let repository = json!({
            "owner": "acme", "name": "shop", "commits": [{ "id": "c1", "message": "Open the shop" }], "pulls": [pull],
        });
        Self { stand_in: StandIn::with(&[repository]) }
    }

    /// Its port.
    pub(super) fn port(&self) -> &str {
        self.stand_in.url().rsplit(':').next().unwrap_or_default()
    }

    /// The texts of all comments.
    pub(super) fn comments(&self) -> BTreeSet<String> {
        let state = self.stand_in.state();
        let comments = state.pointer("/acme~1shop/comments").and_then(Json::as_array);
        let body = |comment: &Json| comment.get("body")?.as_str().map(str::to_owned);
        comments.into_iter().flatten().filter_map(body).collect()
    }

    /// Ends it, and gives the requests that broke GitHub's description.
    pub(super) fn end(self) -> Vec<String> {
        let summary = self.stand_in.summary();
        self.stand_in.tolerant();
        let of = |name: &str| summary.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
        of("violations").iter().map(|violation| format!("[request] {violation}")).collect()
    }

    /// Runs a command on a ground, with everything in its environment that must not come out.
    pub(super) fn watch(
        &self,
        relplan: &Relplan,
        ground: &Ground,
        words: &[&str],
        limits: Limits,
        more: &[(&str, &str)],
    ) -> io::Result<Seen> {
        watch::watch(relplan, &ground.checkout(), words, limits, |command| {
            self.environment(ground, command);
            command.envs(more.iter().copied());
        })
    }

    fn environment(&self, ground: &Ground, command: &mut Command) {
        let own: BTreeSet<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        for (name, _) in std::env::vars_os() {
            if name != "PATH" && !own.contains(&name) {
                command.env_remove(name);
            }
        }
        let listeners = ground.listeners();
        command
            .envs(canary::ENVIRONMENT.iter().copied())
            .env("HOME", ground.top().join("home"))
            .env("TMPDIR", ground.top().join("tmp"))
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", ground.checkout())
            .env("GITHUB_REPOSITORY", "acme/shop")
            .env("GITHUB_API_URL", self.stand_in.url())
            .env("GH_TOKEN", TOKEN)
            .env("PGHOST", listeners.socket())
            .env("PGSERVICEFILE", ground.top().join("outside/secret.txt"))
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", listeners.port()))
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", listeners.port()));
    }
}
