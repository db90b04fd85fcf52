//! What a person may have meant by an address that names nothing.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use crate::addr::{Address, ModulePath, Target};
use crate::diag::did_you_mean;

/// The address nearest to a text: of an instance, a block with all of them, or a module; else the first of the same
/// name, under another type or in another module.
#[must_use]
pub fn near<'a>(text: &str, known: impl IntoIterator<Item = &'a Address>) -> Option<String> {
    let wanted = Target::from_str(text).ok();
    let mut all: BTreeSet<(bool, String)> = BTreeSet::new();
    let mut same_name: BTreeSet<String> = BTreeSet::new();
    for address in known {
        let block = plain(address);
        let resource = wanted.as_ref().and_then(|wanted| wanted.resource.as_ref());
        if resource.is_some_and(|resource| resource.name == address.resource.name) {
            same_name.insert(block.clone());
        }
        // Those of the block that is named come first: only so many are compared.
        let is_other = resource.is_none_or(|resource| *resource != address.resource);
        for depth in 1..=address.module.0.len() {
            let path = ModulePath(address.module.0.iter().take(depth).cloned().collect());
            all.insert((true, path.to_string()));
        }
        all.insert((is_other, block));
        all.insert((is_other, address.to_string()));
    }
    let found = did_you_mean(text, all.iter().map(|(_, name)| name.as_str())).map(str::to_owned);
    found.or_else(|| same_name.pop_first().filter(|name| name != text))
}

/// A block with all its instances.
fn plain(address: &Address) -> String {
    address.block().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_near_or_has_the_same_name() {
        let known: Vec<Address> = [
            "git_tag.app",
            "fake_deployment.prod[\"eu\"]",
            "fake_deployment.prod[\"us\"]",
            "module.shop[\"eu\"].fake_check.smoke",
        ]
        .iter()
        .map(|text| text.parse().expect("an address"))
        .collect();
        let near = |text| near(text, &known).unwrap_or_default();
        assert_eq!(near("git_tag.ap"), "git_tag.app");
        assert_eq!(near("fake_deployment.prod[\"eus\"]"), "fake_deployment.prod[\"eu\"]");
        assert_eq!(near("module.shop[\"ue\"]"), "module.shop[\"eu\"]");
        assert_eq!(near("module.ship"), "");
        assert_eq!(near("fake_check.smoke"), "module.shop[\"eu\"].fake_check.smoke");
        assert_eq!(near("git_tag.app"), "", "never the word itself");
        assert_eq!(near("http_smoke_test.checkout"), "");
    }
}
