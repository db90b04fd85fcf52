//! What is written literally means the same to us as to hcl-rs, whose parser we build on.

use proptest::prelude::*;
use relplan::canonical::{Hidden, encode};
use relplan::lang::vars::variables;
use relplan::source::Sources;
use serde_json::Value as Json;

fn ours(text: &str) -> Json {
    let given = variables(&mut Sources::default(), "a.vars.hcl", text.as_bytes()).expect("variables");
    Json::Object(
        given.iter().map(|(name, given)| (name.to_string(), encode(&given.value, &Hidden))).collect(),
    )
}

fn literal() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a-zA-Z0-9 _äß\"\\\\\n\t-]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn literals_mean_what_hcl_rs_says(value in literal()) {
        let text = format!("value = {value}\n");
        let theirs: Json = hcl::from_str(&text).expect("HCL");
        prop_assert_eq!(ours(&text), theirs);
    }
}
