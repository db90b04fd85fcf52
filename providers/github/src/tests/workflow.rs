//! What the plan of a deployment looks at before a tag is made: whether GitHub would take the dispatch.

use github_stand_in::StandIn;
use relplan_contract::{ProblemKind, Resource, Value};
use serde_json::{Value as Json, json};

use super::{arguments, plan, resource, shop};

const WORKFLOW: &str = "name: Deploy\nrun-name: >-\n  Deploy ${{ inputs.version }}\n  (${{ inputs.relplan_key }})\n\
    on:\n  workflow_dispatch:\n    inputs:\n      version: { required: true }\n      \
    environment: { type: choice, options: [staging, production], default: staging }\n      relplan_key: {}\n\
    jobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo }]\n";

fn deploying(text: &str) -> Json {
    let mut one = shop();
    one["workflows"] = json!([{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": text }]);
    one
}

fn config(deployment: &dyn Resource, inputs: &[(&str, Value)]) -> Value {
    let given = [
        ("repository", Value::from("acme/shop")),
        ("workflow", "deploy.yml".into()),
        ("version", "1.2.0".into()),
        // The tag is made by the same release.
        ("ref", "v1.2.0".into()),
        ("inputs", Value::map(inputs.iter().cloned())),
    ];
    arguments(deployment, given)
}

#[tokio::test]
async fn inputs_that_github_would_refuse_are_refused_by_the_plan() {
    let stand_in = StandIn::with(&[deploying(WORKFLOW)]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let version = || ("version", Value::from("1.2.0"));
    for (inputs, message, hint) in [
        (vec![], "requires the input version, which is not given", "-target"),
        (
            vec![version(), ("enviroment", "production".into())],
            "does not declare the input enviroment",
            "Did you mean environment?",
        ),
        (
            vec![version(), ("environment", "test".into())],
            "does not have \"test\" among the options",
            "staging, production",
        ),
    ] {
        let problem = plan(&*deployment, &config(&*deployment, &inputs)).await.expect_err(message);
        assert!(problem.message.contains(message) && problem.hint.contains(hint), "{problem:?}");
        assert_eq!(problem.kind, ProblemKind::Invalid);
    }
    let planned =
        plan(&*deployment, &config(&*deployment, &[version(), ("environment", "production".into())])).await;
    let notes = planned.expect("a plan").notes;
    assert!(notes.iter().any(|note| note.contains("read on the default branch")), "{notes:?}");
    // A value that is known after apply may be any; its name is known.
    let later = [("version", Value::UNKNOWN), ("environment", "production".into())];
    plan(&*deployment, &config(&*deployment, &later)).await.expect("a plan");
    let later = [("version", Value::UNKNOWN), ("colour", Value::UNKNOWN)];
    plan(&*deployment, &config(&*deployment, &later)).await.expect_err("not declared");
    assert_eq!(stand_in.state()["acme/shop"]["runs"], json!([]));
}

#[tokio::test]
async fn a_workflow_that_github_would_not_start_is_refused_by_the_plan() {
    for (state, words) in [
        ("disabled_manually", "gh workflow enable deploy.yml --repo acme/shop"),
        ("disabled_inactivity", "want of activity"),
        ("disabled_fork", "Forks begin so"),
        ("deleted", "bring it back"),
    ] {
        let stand_in = StandIn::with(&[deploying(WORKFLOW)]);
        stand_in.change(&json!({ "repository": "acme/shop", "workflow_state": state }));
        let deployment = resource(&stand_in, "github_workflow_deployment");
        let config = config(&*deployment, &[("version", "1.2.0".into())]);
        let problem = plan(&*deployment, &config).await.expect_err(state);
        assert!(problem.message.contains(state) && problem.hint.contains(words), "{problem:?}");
    }
    let mut archived = deploying(WORKFLOW);
    archived["archived"] = json!(true);
    for (repository, words) in [
        (archived, "is archived"),
        (deploying(&WORKFLOW.replace("workflow_dispatch", "workflow_call")), "does not have the trigger"),
        (deploying("on: ["), "is no YAML that can be read"),
    ] {
        let stand_in = StandIn::with(&[repository]);
        let deployment = resource(&stand_in, "github_workflow_deployment");
        let config = config(&*deployment, &[("version", "1.2.0".into())]);
        let problem = plan(&*deployment, &config).await.expect_err(words);
        assert!(problem.message.contains(words), "{problem:?}");
    }
}

#[tokio::test]
async fn an_older_server_takes_ten_inputs() {
    let names = (0..9).map(|number| format!("      more{number}: {{}}\n")).collect::<Vec<_>>().concat();
    let text = WORKFLOW.replace("      relplan_key: {}\n", &format!("      relplan_key: {{}}\n{names}"));
    for (version, good) in
        [(None, true), (Some("3.19.2"), false), (Some("3.17.0"), false), (Some("3.20.0"), true)]
    {
        let stand_in = StandIn::with(&[deploying(&text)]);
        stand_in.settings(&json!({ "enterprise_version": version }));
        let deployment = resource(&stand_in, "github_workflow_deployment");
        let planned = plan(&*deployment, &config(&*deployment, &[("version", "1.2.0".into())])).await;
        assert_eq!(planned.is_ok(), good, "{version:?}: {planned:?}");
    }
}
