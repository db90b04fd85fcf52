//! Notes as people read them.

use std::path::Path;

use relplan_contract::conformance::{self, Fixture, context_in};
use relplan_contract::{Context, PlanRequest, Problem, Resource, Value};

use crate::Release;
use crate::notes::Notes;

fn change(repository: &str, number: i64, title: &str, more: &[(&str, Value)]) -> Value {
    let url = format!("https://github.test/{repository}/pull/{number}");
    let change = Value::map([
        ("repository", Value::from(repository)),
        ("number", number.into()),
        ("title", title.into()),
        ("url", url.into()),
        ("author", "bob".into()),
    ]);
    more.iter().fold(change, |change, (name, value)| change.with(name, value.clone()))
}

fn config(given: &[(&str, Value)]) -> Value {
    let given = Value::map(given.iter().cloned());
    Value::map(crate::schema::schema().attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(given.get(attribute.name)).expect("arguments that fit"))
    }))
}

fn context() -> Context {
    context_in(Path::new("."), "release_notes.it")
}

async fn notes(given: &[(&str, Value)]) -> Result<Value, Problem> {
    let (notes, config) = (Notes::default(), config(given));
    if let Some(problem) = notes.validate(&config).into_iter().next() {
        return Err(problem);
    }
    let planned = notes.plan(&context(), PlanRequest { config: &config, prior: None }).await?;
    Ok(planned.value)
}

fn several() -> Value {
    Value::list([
        change("acme/shop", 1, "buy twice", &[("type", "feat".into()), ("scope", "cart".into())]),
        change(
            "acme/shop",
            2,
            "round up",
            &[("labels", Value::list(["bug".into()])), ("author", "ann".into())],
        ),
        change("acme/web", 3, "new colours", &[("type", "feat".into())]),
        change("acme/web", 4, "bump left-pad", &[("author", "dependabot".into())]),
        change(
            "acme/web",
            5,
            "drop <IE> ![x](http://spy) @ann",
            &[
                ("type", "feat".into()),
                ("breaking", true.into()),
                ("breaking_note", "use another browser".into()),
            ],
        ),
    ])
}

const EXPECTED: &str = "# shop 1.2.0

## Breaking changes

- drop &lt;IE> \\!\\[x\\](http://spy) @\u{200b}ann ([#5](https://github.test/acme/web/pull/5)) by @bob: use another browser

## Features

### acme/shop

- **cart:** buy twice ([#1](https://github.test/acme/shop/pull/1)) by @bob

### acme/web

- new colours ([#3](https://github.test/acme/web/pull/3)) by @bob

## Fixes

### acme/shop

- round up ([#2](https://github.test/acme/shop/pull/2)) by @ann

## Contributors

@ann, @bob
";

#[tokio::test]
async fn changes_are_grouped_and_breaking_ones_come_first() {
    let made = notes(&[("changes", several()), ("exclude_authors", Value::set(["dependabot".into()]))]).await;
    let made = made.expect("notes");
    assert_eq!(made.get("markdown").as_str(), Some(EXPECTED));
    let of_shop = made.get("by_repository").get("acme/shop").as_str().expect("notes").to_owned();
    assert!(
        of_shop.contains("buy twice") && !of_shop.contains("colours") && !of_shop.contains("###"),
        "{of_shop}"
    );
}

/// A change in which everything that others write tries to be more than text.
fn hostile(more: &[(&str, Value)]) -> Value {
    let trap = "@acme/team ![x](http://spy/p.png) <img src=x> [here](http://evil) &#64;ann # `ok <b>`";
    let given = [
        ("type", Value::from("feat")),
        ("scope", "x](http://evil)".into()),
        ("breaking", true.into()),
        ("breaking_note", format!("{trap}\n# Heading\n").into()),
        ("labels", Value::list([trap.into()])),
        ("author", "Ann <b> @bob".into()),
        ("url", "https://h/) [more](http://evil".into()),
    ];
    let given: Vec<(&str, Value)> = given.iter().chain(more).cloned().collect();
    change("acme/shop", 6, trap, &given)
}

#[tokio::test]
async fn what_others_wrote_stays_plain_in_any_template() {
    let plain = "@\u{200b}acme/team \\!\\[x\\](http://spy/p.png) &lt;img src=x> \\[here\\](http://evil) &amp;#64;ann # `ok <b>`";
    let built_in = notes(&[("changes", Value::list([hostile(&[])]))]).await.expect("notes");
    let expected = format!(
        "# shop 1.2.0\n\n## Breaking changes\n\n- **x\\](http://evil):** {plain} (#6) by Ann &lt;b> @\u{200b}bob: {plain} # Heading\n\n\
         ## Contributors\n\nAnn &lt;b> @\u{200b}bob\n"
    );
    assert_eq!(built_in.get("markdown").as_str(), Some(&*expected));

    let hostile_repository = hostile(&[("repository", "a/b![x](y)".into())]);
    let given = |template: &str| {
        let changes = Value::list([hostile_repository.clone()]);
        [
            ("changes", changes),
            ("title", "[Shop](https://shop.example)".into()),
            ("template", template.into()),
        ]
    };
    for (template, expected) in [
        ("{{ changes[0].title }}", plain.to_owned()),
        ("{{ changes[0].breaking_note }}", format!("{plain} # Heading")),
        ("{{ changes[0].labels | join(', ') }}", plain.to_owned()),
        ("{{ repositories[0].name }}", "a/b\\!\\[x\\](y)".to_owned()),
        ("{{ contributors[0] }} {{ mention('ann') }}", "Ann &lt;b> @\u{200b}bob @ann".to_owned()),
        ("{% set t %}<b>{{ changes[0].title }}</b>{% endset %}{{ t }}", format!("<b>{plain}</b>")),
        ("{{ '- ' ~ line(changes[0]) }}", String::new()),
        (
            "{{ title }} {{ changes | length }} {{ changes[0].number }}",
            "[Shop](https://shop.example) 1 6".to_owned(),
        ),
        ("{{ changes[0].scope | safe }}", "x](http://evil)".to_owned()),
        ("{% if 'feat' == changes[0].type %}yes{% endif %}", "yes".to_owned()),
    ] {
        let made = notes(&given(template)).await.expect(template);
        let markdown = made.get("markdown").as_str().expect("notes").to_owned();
        if expected.is_empty() {
            assert!(markdown.starts_with("\\- **x\\](http://evil):** @\u{200b}acme"), "{markdown}");
        } else {
            assert_eq!(markdown, expected, "{template}");
        }
    }
}

#[tokio::test]
async fn a_hand_written_text_wins() {
    let made = notes(&[("changes", several()), ("text", "All new.\n".into())]).await.expect("notes");
    assert_eq!(made.get("markdown").as_str(), Some("All new.\n"));
}

#[tokio::test]
async fn templates_and_groups_can_be_given() {
    let group = Value::map([
        ("title", Value::from("New")),
        ("types", Value::set(["feat".into()])),
        ("labels", Value::NULL),
    ]);
    let template = "{{ version }}: {% for group in groups %}{{ group.title }} {{ group.changes | length }}; {% endfor %}";
    let given = [("changes", several()), ("template", template.into()), ("group", Value::list([group]))];
    let made = notes(&given).await.expect("notes");
    assert_eq!(made.get("markdown").as_str(), Some("1.2.0: New 2; Other changes 2; "));
    for (template, part) in [
        ("{% if %}", "cannot be read"),
        ("{{ nothing }}", "undefined value"),
        ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "fuel"),
    ] {
        let problem =
            notes(&[("changes", several()), ("template", template.into())]).await.expect_err(template);
        assert!(problem.message.contains(part), "{problem}");
    }
}

struct Case(Notes);

impl Fixture for Case {
    fn resource(&self) -> &dyn Resource {
        &self.0
    }

    fn context(&self) -> Context {
        context()
    }

    fn config(&self) -> Value {
        config(&[("changes", several())])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("changes", config(&[])),
            ("template", config(&[("text", "x".into()), ("template", "{%".into())])),
        ]
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Release), []);
    assert_eq!(conformance::check(|| Case(Notes::default())).await, []);
}
