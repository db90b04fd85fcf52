//! The provider is what it says.

use super::*;

#[test]
fn every_type_is_configured() {
    let schema = Fake.schema();
    let configured = Fake.configure(&Value::NULL, &BTreeMap::new()).expect("configured");
    assert_eq!(schema.resources.len(), configured.resources.len());
    for resource in &schema.resources {
        assert!(configured.resources.contains_key(resource.type_name));
    }
}
