//! One record, one line: what is not exactly as relplan writes it is refused.

use super::*;
use crate::event::Event;

fn record(event: Event) -> Record {
    let recorded = Recorded {
        seq: 1,
        hash: Digest([0; 32]),
        run: RunId("r1".into()),
        epoch: 1,
        time_ms: -5,
        actor: Actor::default(),
        event,
    };
    Record { recorded, prev: None, batch: 1 }
}

fn held() -> Record {
    let address = "git_tag.app".parse().expect("an address");
    record(Event::Held { address, reason: "a \"reason\"\n".into() })
}

/// The line of a record with its JSON changed and its hash made anew.
fn forged(change: &dyn Fn(&str) -> String) -> Vec<u8> {
    let (_, line) = encode(&held(), &Hidden);
    let json = String::from_utf8(line[HEX + 1..line.len() - 1].to_vec()).expect("text");
    let rest = format!(" {}\n", change(&json));
    [Digest::of(rest.as_bytes()).hex().as_bytes(), rest.as_bytes()].concat()
}

#[test]
fn the_form_is_fixed() {
    let (hash, line) = encode(&held(), &Hidden);
    let text = String::from_utf8(line.clone()).expect("text");
    let (hex, rest) = text.split_at(HEX);
    assert_eq!(hex, hash.hex());
    assert_eq!(
        rest,
        concat!(
            r#" {"actor":{"author":"","host":"","job":"","user":""},"batch":1,"#,
            r#""body":{"address":"git_tag.app","reason":"a \"reason\"\n"},"epoch":1,"format":1,"kind":"held","#,
            r#""prev":null,"run":"r1","seq":1,"time":-5}"#,
            "\n"
        )
    );
    let read = decode(&line).expect("a record");
    assert_eq!(read.recorded.hash, hash);
    assert_eq!(read.recorded.event, held().recorded.event);
}

#[test]
fn what_is_whole_but_not_ours_is_refused_with_the_reason() {
    let swap = |from: &'static str, to: &'static str| forged(&move |json| json.replacen(from, to, 1));
    for (line, reason) in [
        (swap("\"format\":1", "\"format\":2"), "it has format 2, and this relplan reads format 1 only"),
        (swap("\"held\"", "\"hovered\""), "knows no records of the kind \"hovered\""),
        (swap("\"seq\":1", "\"seq\":1.0"), "the field `seq` is no whole number"),
        (swap("\"seq\":1", "\"seq\":-1"), "the field `seq` is no whole number"),
        (swap("\"seq\":1", "\"seq\":1,\"seq\":1"), "it is not written as relplan writes it"),
        (swap("\"seq\":1", "\"seq\": 1"), "it is not written as relplan writes it"),
        (swap("\"seq\":1", "\"seq\":1,\"so\":1"), "it is not written as relplan writes it"),
        (swap("git_tag.app", "git_tag.\\u0061pp"), "it is not written as relplan writes it"),
        (swap("git_tag.app", "git_tag"), "is not an address"),
        (swap("\"prev\":null", "\"prev\":\"sha256:12\""), "the field `prev`"),
        (swap("\"run\":\"r1\",", ""), "the field `run` is missing"),
        (swap("{", "["), "it is not JSON"),
        (forged(&|_| "7".to_owned()), "an object is needed"),
        (forged(&|_| "[".repeat(100_000)), "it is not JSON"),
    ] {
        match decode(&line) {
            Err(RecordError::Refused(told)) => assert!(told.contains(reason), "{told} does not say {reason}"),
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_whole_is_damaged() {
    let (_, line) = encode(&held(), &Hidden);
    for damaged in [&line[..line.len() - 1], &line[1..], b"\n", b"", b"\xff\n"] {
        assert!(matches!(decode(damaged), Err(RecordError::Damaged(_))));
    }
}

#[test]
fn every_word_is_unique_and_there() {
    fn check<T: PartialEq + Copy>(list: &[(T, &'static str)]) {
        for (thing, text) in list {
            assert_eq!(words::word(list, thing), *text);
            assert_eq!(list.iter().filter(|(_, other)| other == text).count(), 1, "{text}");
        }
    }
    check(&words::MODES);
    check(&words::ACTS);
    check(&words::ENDINGS);
    check(&words::LIFETIMES);
    check(&words::OUTCOMES);
    check(&words::PROBLEMS);
    check(&words::SECRET_REVIEWS);
    assert!(words::OUTCOMES.iter().all(|(outcome, word)| outcome.name() == *word));
    assert!(words::PROBLEMS.iter().all(|(problem, word)| problem.name() == *word));
}
