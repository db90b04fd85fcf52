//! Addresses survive being written and read, and targets cover what they name.

use super::*;

#[test]
fn addresses_are_read_back_as_written() {
    for text in [
        "git_tag.app",
        "data.git_ref.main",
        "git_tag.app[3]",
        "module.shop[\"eu\"].module.db.git_tag.app[\"we\\\"b\"]",
        "git_tag.app[\"a.b[0]\"]",
        "git_tag.app[\"\\u202ex\"]",
    ] {
        assert_eq!(text.parse::<Address>().map(|a| a.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "git_tag",
        "git_tag.",
        ".app",
        "git_tag.app[",
        "git_tag.app[x]",
        "git_tag.app[01]",
        "git_tag.app[\"x]",
        "git_tag.app.id",
        "module.x",
        "data.git_ref",
        "git_tag.app[0]x",
        "-x.y",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}

#[test]
fn targets_cover_what_they_name() {
    let address: Address = "module.shop[\"eu\"].git_tag.app[0]".parse().expect("an address");
    for (target, covers) in [
        ("module.shop", true),
        ("module.shop[\"eu\"]", true),
        ("module.shop[\"us\"]", false),
        ("module.shop.git_tag.app", true),
        ("module.shop[\"eu\"].git_tag.app[0]", true),
        ("module.shop[\"eu\"].git_tag.app[1]", false),
        ("git_tag.app", false),
        ("module.shop.module.db", false),
    ] {
        assert_eq!(target.parse::<Target>().map(|t| t.covers(&address)), Ok(covers), "{target}");
    }
}

#[test]
fn moved_addresses_keep_what_is_not_named() {
    let moved = |from: &str, to: &str, address: &str| {
        let target = |text: &str| text.parse::<Target>().expect("a target");
        let address: Address = address.parse().expect("an address");
        target(from).moved(&target(to), &address).map(|address| address.to_string())
    };
    assert_eq!(moved("a.b", "a.c", "a.b[0]"), Some("a.c[0]".to_owned()));
    assert_eq!(moved("a.b", "a.b[\"x\"]", "a.b"), Some("a.b[\"x\"]".to_owned()));
    assert_eq!(moved("a.b[0]", "a.b", "a.b[0]"), Some("a.b".to_owned()));
    assert_eq!(moved("module.x", "module.y", "module.x[1].a.b[2]"), Some("module.y[1].a.b[2]".to_owned()));
    assert_eq!(moved("a.b", "module.m.a.b", "a.b"), Some("module.m.a.b".to_owned()));
    assert_eq!(moved("a.b", "a.c", "a.d"), None);
}
