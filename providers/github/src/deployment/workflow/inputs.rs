//! The inputs that a workflow declares, and whether those that are given fit. What GitHub would refuse is refused here: a name that
//! is not declared, one that is required and missing, a value that its type does not have.

use relplan_contract::{Path, Problem, Value, did_you_mean};

use super::yaml::Node;

/// The trigger `workflow_dispatch` of a workflow.
pub(super) struct Trigger<'a> {
    inputs: Vec<(&'a str, Input<'a>)>,
}

/// An input, as it is declared.
struct Input<'a> {
    required: bool,
    has_default: bool,
    kind: &'a str,
    options: Vec<&'a str>,
}

/// The inputs that are given; a value that is not known yet is none.
pub(super) struct Given<'a> {
    inputs: Vec<(&'a str, Option<&'a str>)>,
    key_input: Option<&'a str>,
}

impl<'a> Given<'a> {
    /// Those of an object.
    pub(super) fn of(config: &'a Value, key_input: Option<&'a str>) -> Option<Self> {
        let inputs = config.get("inputs");
        if inputs.is_unknown() {
            return None;
        }
        let inputs = inputs.as_map().into_iter().flatten();
        // A null is an input that is not given.
        let inputs = inputs.filter(|(_, value)| !value.is_null());
        let inputs = inputs.map(|(name, value)| (&**name, value.as_str())).collect();
        Some(Self { inputs, key_input })
    }
}

impl<'a> Trigger<'a> {
    /// The trigger of a workflow; none where it has no such one.
    pub(super) fn of(workflow: &'a Node) -> Option<Self> {
        const NAME: &str = "workflow_dispatch";
        let on = workflow.get("on")?;
        let alone = on.text() == Some(NAME) || on.items().iter().any(|item| item.text() == Some(NAME));
        if alone {
            return Some(Self { inputs: Vec::new() });
        }
        let inputs = on.get(NAME)?.get("inputs").map(Node::members).unwrap_or_default();
        let read = |(name, input): &'a (String, std::sync::Arc<Node>)| (name.as_str(), Input::read(input));
        Some(Self { inputs: inputs.iter().map(read).collect() })
    }

    fn input(&self, name: &str) -> Option<&Input<'a>> {
        self.inputs.iter().find(|(own, _)| *own == name).map(|(_, input)| input)
    }

    /// Whether it declares an input of this name.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.input(name).is_some()
    }

    /// What is wrong with the inputs. The messages go on after the name of the workflow.
    pub(super) fn check(&self, given: Option<&Given<'_>>, most: usize) -> Result<(), Problem> {
        if self.inputs.len() > most {
            let message =
                format!("declares {} inputs, and this server takes {most} at most.", self.inputs.len());
            return Err(Problem::invalid("workflow", message));
        }
        let Some(given) = given else { return Ok(()) };
        for (name, value) in &given.inputs {
            let at = Path::attribute("inputs").key(name);
            let Some(input) = self.input(name) else {
                let message = format!("does not declare the input {name}.");
                return Err(Problem::invalid("inputs", message).hint(self.declared(name)).about(at));
            };
            if let Some(problem) = value.and_then(|value| input.misfit(name, value)) {
                return Err(problem.about(at));
            }
        }
        let is_given =
            |name: &str| given.key_input == Some(name) || given.inputs.iter().any(|(own, _)| *own == name);
        let missing = self.inputs.iter().find(|(name, input)| input.must_be_given() && !is_given(name));
        missing.map_or(Ok(()), |(name, _)| {
            let message = format!("requires the input {name}, which is not given.");
            Err(Problem::invalid("inputs", message).hint(format!("Give it: `inputs = {{ {name} = ... }}`.")))
        })
    }

    fn declared(&self, wrong: &str) -> String {
        let names: Vec<&str> = self.inputs.iter().map(|(name, _)| *name).collect();
        match (did_you_mean(wrong, names.iter().copied()), names.is_empty()) {
            (Some(near), _) => format!("Did you mean {near}?"),
            (None, true) => "It declares none.".to_owned(),
            (None, false) => format!("It declares {}.", names.join(", ")),
        }
    }
}

impl<'a> Input<'a> {
    fn read(node: &'a Node) -> Self {
        let text = |name: &str| node.get(name).and_then(Node::text);
        let options = node.get("options").map(Node::items).unwrap_or_default();
        Self {
            required: text("required").is_some_and(|text| text.eq_ignore_ascii_case("true")),
            has_default: text("default").is_some_and(|text| !text.is_empty()),
            kind: text("type").unwrap_or("string"),
            options: options.iter().filter_map(|option| option.text()).collect(),
        }
    }

    /// Whether GitHub refuses a dispatch without it: a default is taken where there is one.
    fn must_be_given(&self) -> bool {
        self.required && !self.has_default
    }

    fn misfit(&self, name: &str, value: &str) -> Option<Problem> {
        let wrong = |message: String, hint: String| Some(Problem::invalid("inputs", message).hint(hint));
        match self.kind {
            _ if value.is_empty() && self.must_be_given() => {
                wrong(format!("requires the input {name}, which is empty."), String::new())
            }
            _ if value.is_empty() => None,
            "choice" if !self.options.contains(&value) => wrong(
                format!("does not have {value:.100?} among the options of its input {name}."),
                format!("Its options are {}.", self.options.join(", ")),
            ),
            "boolean" if !matches!(value, "true" | "false") => wrong(
                format!("has the input {name}, a boolean, which {value:.100?} is not."),
                "Give \"true\" or \"false\".".to_owned(),
            ),
            "number" if value.trim().parse::<f64>().is_err() => {
                wrong(format!("has the input {name}, a number, which {value:.100?} is not."), String::new())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::workflow::yaml;

    const WORKFLOW: &str = "on:\n  workflow_dispatch:\n    inputs:\n      version: {required: true}\n      \
        environment: {type: choice, options: [staging, production], default: staging, required: true}\n      \
        dry_run: {type: boolean}\n      replicas: {type: number}\n      relplan_key:\n";

    fn checked(workflow: &str, inputs: &[(&str, Value)], most: usize) -> Result<(), String> {
        let read = yaml::read(workflow).expect("YAML");
        let trigger = Trigger::of(&read).ok_or("no trigger")?;
        let config = Value::map([("inputs", Value::map(inputs.iter().cloned()))]);
        let checked = trigger.check(Given::of(&config, Some("relplan_key")).as_ref(), most);
        checked.map_err(|problem| format!("{} {}", problem.message, problem.hint))
    }

    #[test]
    fn what_github_would_refuse_is_refused_with_the_reason() {
        let version = || ("version", Value::from("1.2.0"));
        for (more, expected) in [
            (vec![], ""),
            (
                vec![
                    ("environment", "production".into()),
                    ("dry_run", "true".into()),
                    ("replicas", "3".into()),
                ],
                "",
            ),
            (vec![("environment", "productoin".into())], "Its options are staging, production."),
            (vec![("dry_run", "yes".into())], "a boolean"),
            (vec![("replicas", "many".into())], "a number"),
            (vec![("enviroment", "production".into())], "Did you mean environment?"),
            (vec![("colour", "red".into())], "It declares version, environment"),
            (vec![("environment", Value::UNKNOWN)], ""),
        ] {
            let given: Vec<_> = [version()].into_iter().chain(more).collect();
            let checked = checked(WORKFLOW, &given, 25);
            match checked {
                Ok(()) => assert_eq!(expected, "", "{given:?}"),
                Err(why) => assert!(why.contains(expected) && !expected.is_empty(), "{why}"),
            }
        }
        for missing in [vec![], vec![("version", Value::NULL)], vec![("version", "".into())]] {
            let why = checked(WORKFLOW, &missing, 25).expect_err("missing");
            assert!(why.contains("requires the input version"), "{why}");
        }
        assert_eq!(checked(WORKFLOW, &[("version", Value::UNKNOWN)], 25), Ok(()));
    }

    #[test]
    fn triggers_are_written_in_three_ways() {
        for on in ["workflow_dispatch", "[push, workflow_dispatch]", "{push: {}, workflow_dispatch: }"] {
            let workflow = format!("on: {on}\n");
            assert_eq!(checked(&workflow, &[], 25), Ok(()), "{on}");
            let why = checked(&workflow, &[("version", "1".into())], 25).expect_err("none declared");
            assert!(why.contains("It declares none."), "{why}");
        }
        assert_eq!(checked("on: push\n", &[], 25), Err("no trigger".to_owned()));
    }

    #[test]
    fn older_servers_take_ten() {
        let names: Vec<String> = (0..11).map(|number| format!("      i{number}:\n")).collect();
        let workflow = format!("on:\n  workflow_dispatch:\n    inputs:\n{}", names.concat());
        assert_eq!(checked(&workflow, &[], 25), Ok(()));
        let why = checked(&workflow, &[], 10).expect_err("too many");
        assert!(why.contains("declares 11 inputs, and this server takes 10"), "{why}");
    }
}
