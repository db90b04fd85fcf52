//! Order, and what is said of a cycle.

use super::*;
use crate::world::tests::config;

fn labels(graph: &Graph) -> Vec<String> {
    graph.order().iter().map(|id| graph.label(*id)).collect()
}

#[test]
fn dependencies_come_first_and_the_rest_as_it_stands_in_the_file() {
    let text = "output \"o\" { value = local.b }\nlocals {\n  b = local.a\n  z = 1\n  a = var.v\n}\nvariable \"v\" { default = 1 }\n";
    let graph = Graph::build(&config(text, &[])).expect("no cycle");
    assert_eq!(labels(&graph), ["local.z", "var.v", "local.a", "local.b", "output.o"]);
}

#[test]
fn depends_on_a_module_waits_for_all_of_it() {
    let text = "module \"m\" { source = \"./m\" }\nresource \"a_b\" \"c\" {\n  depends_on = [module.m]\n}\n";
    let module = "resource \"a_b\" \"inner\" {}\n";
    let graph = Graph::build(&config(text, &[("m/main.hcl", module)])).expect("no cycle");
    let id = *graph.order().last().expect("a node");
    let direct: Vec<String> = graph.direct_resources(id).into_iter().map(|id| graph.label(id)).collect();
    assert_eq!((graph.label(id), direct), ("a_b.c".to_owned(), vec!["module.m.a_b.inner".to_owned()]));
}

#[test]
fn a_cycle_shows_every_edge() {
    let text = "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n  fine = 1\n}\n";
    let found = Graph::build(&config(text, &[])).expect_err("a cycle");
    assert_eq!(found.0.len(), 1);
    assert!(found.0[0].detail.contains("local.a -> local.b -> local.c -> local.a"), "{}", found.0[0].detail);
    let edges: Vec<&str> = found.0[0].labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(
        edges,
        ["local.a depends on local.b", "local.b depends on local.c", "local.c depends on local.a"]
    );
}

#[test]
fn what_only_comes_first_is_not_judged() {
    let text = "module \"m\" { source = \"./m\" }\nlocals {\n  url = module.m.url\n}\n\
                resource \"a_b\" \"named\" {\n  depends_on = [a_b.c, module.m]\n}\nresource \"a_b\" \"c\" {}\n\
                resource \"a_b\" \"asks\" {\n  value = local.url\n}\n\
                resource \"a_b\" \"all\" {\n  value = module.m\n}\n";
    let module = "resource \"a_b\" \"app\" {}\nresource \"a_b\" \"other\" {}\n\
                  output \"url\" {\n  value = a_b.app\n  depends_on = [a_b.other]\n}\n";
    let graph = Graph::build(&config(text, &[("m/main.hcl", module)])).expect("no cycle");
    let judged = |name: &str| {
        let id = graph.order().iter().find(|id| graph.label(**id) == name).expect("a node");
        graph.judged_resources(*id).into_iter().map(|id| graph.label(id)).collect::<Vec<_>>()
    };
    assert_eq!(judged("a_b.named"), ["a_b.c"]);
    assert_eq!(judged("a_b.asks"), ["module.m.a_b.app"]);
    assert_eq!(judged("a_b.all"), ["module.m.a_b.app"]);
    assert_eq!(judged("module.m.a_b.app"), [""; 0]);
}
