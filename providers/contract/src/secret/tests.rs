//! What echoes secrets in practice: shells, encoders, dumps. Where a program is there, the real one is run.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

#[test]
fn secrets_are_masked_in_every_encoding() {
    let redactor = Redactor::new(["p@ss w0rd/é"]);
    for echoed in [
        "p@ss w0rd/é",
        "cEBzcyB3MHJkL8Op",
        "eHBAc3MgdzByZC/DqQ==",
        "eHhwQHNzIHcwcmQvw6k=",
        "7040737320773072642fc3a9",
        "70 40 73 73 20 77 30 72",
        "70:40:73:73:20:77:30:72",
        "p%40ss%20w0rd%2F%C3%A9",
        "p%40ss+w0rd%2f%c3%a9",
        "p%2540ss%2520w0rd%252F%25C3%25A9",
        "p@ss w0rd/\\u00e9",
        "p@ss w0rd\\/\\u00E9",
        "p@ss w0rd/\\303\\251",
        "p&#64;ss&nbsp;w0rd/&#xe9;",
        "p=40ss w0rd/=C3=A9",
    ] {
        let text = format!("before {echoed} after");
        let masked = redactor.mask(&text);
        assert!(masked.contains(MASK), "{echoed}");
        assert!(masked.starts_with("before ") || echoed.contains("40 73"), "{masked}");
    }
    assert_eq!(redactor.mask("nothing here"), "nothing here");
    assert_eq!(redactor.mask("p@ss w0rd/é p@ss w0rd/é"), format!("{MASK} {MASK}"));
}

#[test]
fn quotes_around_and_inside_are_no_hiding_place() {
    let redactor = Redactor::new(["it's $HOME\\new \"x\""]);
    for echoed in [
        r#"+ echo 'it'\''s $HOME\new "x"'"#,
        r#"it\'s\ \$HOME\\new\ \"x\""#,
        r#""it's \$HOME\\new \"x\"""#,
        r#"$'it\'s $HOME\\new "x"'"#,
        r#"{"a":"{\"b\":\"it's $HOME\\\\new \\\"x\\\"\"}"}"#,
        r"it&#39;s $HOME\new &quot;x&quot;",
        r"it&amp;#39;s $HOME\new &amp;quot;x&amp;quot;",
    ] {
        let masked = redactor.mask(echoed);
        assert!(!masked.contains("HOME") && !masked.contains("new"), "{echoed}: {masked}");
    }
    assert_eq!(
        Redactor::new(["it's"]).mask(r"+ X='it'\''s'"),
        format!("+ X='{MASK}'"),
        "the rest is left as it is"
    );
}

#[test]
fn secrets_that_overlap_are_masked_together() {
    let redactor = Redactor::new(["abcdef", "defghi"]);
    assert_eq!(redactor.mask("xabcdefghix"), format!("x{MASK}x"));
    assert_eq!(Redactor::new(["aaaa"]).mask(&"a".repeat(1_000)), MASK);
}

#[test]
fn long_secrets_are_masked_to_their_last_byte() {
    let long: String = (0..5_000_u32).map(|index| char::from(b'!' + (index * 7 % 90) as u8)).collect();
    for length in [63, 64, 65, 95, 96, 97, 4_999] {
        let secret = &long[..length];
        let masked = Redactor::new([secret]).mask(&format!("x {secret} y")).into_owned();
        assert_eq!(masked, format!("x {MASK} y"), "{length}");
    }
    let huge = "ab\n".repeat(3_000_000);
    assert!(Redactor::new([huge.as_str()]).mask(&format!("x{huge}y")).len() < 100);
}

#[test]
fn large_texts_are_searched_part_by_part() {
    let redactor = Redactor::new(["it's a secret, käse"]);
    for at in [0, (1 << 20) - 9, 1 << 20, (1 << 20) + (8 << 10), 3 << 20] {
        let text =
            format!("{}it\\'s a secret, k\\303\\244se{}", "é ".repeat(at / 3 + 1), "\"x\" ".repeat(600_000));
        let masked = redactor.mask(&text);
        assert!(masked.contains(MASK) && !masked.contains("secret"), "{at}");
        assert_eq!(masked.matches(MASK).count(), 1);
    }
}

#[test]
fn where_there_are_too_many_nothing_is_shown() {
    let many: Vec<String> = (0..400_000).map(|index| format!("secret number {index:08}")).collect();
    let redactor = Redactor::new(many.iter().map(String::as_str));
    assert_eq!(redactor.mask("anything"), MASK);
    assert!(redactor.finds("anything") && !redactor.finds("\n"));
}

#[test]
fn what_is_no_secret_stays() {
    let redactor = Redactor::new(["s3cr3t-t0ken", "4711", "correct horse battery staple"]);
    for text in [
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "The quick brown fox jumps over the lazy dog; 0123456789 abcdef ABCDEF.",
        "c29tZSBvdGhlciB0ZXh0IHRoYXQgaXMgbm8gc2VjcmV0IGF0IGFsbA==",
        "00000000: 7468 6520 7175 6963 6b20 6272 6f77 6e20  the quick brown ",
        "{\"a\": \"it's 100% & more\", \"b\": [1, 2]}",
        "'quoted' \\n \"text\" $HOME %41 &amp; +",
    ] {
        assert_eq!(redactor.mask(text), text);
    }
}

#[test]
fn an_echo_in_a_computed_attribute_is_marked() {
    let redactor = Redactor::new(["hunter2"]);
    let echoed = Value::map([("out", Value::from("login hunter2 ok")), ("id", Value::from("7"))]);
    let marked = redactor.mark(&echoed);
    assert!(marked.get("out").is_sensitive() && !marked.get("id").is_sensitive());
}

#[test]
fn secrets_under_a_mark_are_found() {
    let value =
        Value::map([("a", Value::list([Value::from("tokentoken")]).mark(true)), ("b", Value::from("plain"))]);
    let mut found = BTreeSet::new();
    secrets_of(&value, &mut found);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["tokentoken"]);
    assert_eq!(format!("{:?}", Secret::new("x")), MASK);
}

/// Programs that print what is in `S`, or on their standard input, in a form of their own.
const ENCODERS: &[&[&str]] = &[
    &[
        "bash",
        "-xc",
        "x=$S; echo \"$x\" >/dev/null; [ \"$x\" = a ]; case \"$x\" in b) ;; esac; export Y=\"$S\"",
    ],
    &[
        "bash",
        "-c",
        "printf '%q\\n' \"$S\"; echo \"${S@Q}\"; declare -p S; export -p | grep ' S='; set | grep ^S=",
    ],
    &["env", "LC_ALL=C", "bash", "-xc", "echo \"$S\" >/dev/null; printf '%q' \"$S\""],
    &["dash", "-xc", "x=$S; echo \"$x\" >/dev/null; [ \"$x\" = a ]; export -p | grep S="],
    &["busybox", "sh", "-xc", "x=$S; echo \"$x\" >/dev/null; export -p | grep S="],
    &["zsh", "-xc", "x=$S; echo \"$x\" >/dev/null; print -r -- ${(q)S} ${(qq)S} ${(qqq)S} ${(qqqq)S}"],
    &["base64"],
    &["base64", "-w", "64"],
    &["base64", "-w", "20"],
    &["basenc", "--base64url"],
    &["basenc", "--base16"],
    &["openssl", "base64"],
    &["openssl", "base64", "-A"],
    &["sh", "-c", "printf '{\"auth\":\"user:%s\"}' \"$S\" | base64"],
    &["sh", "-c", "printf '{\"auth\":\"user1:%s\"}' \"$S\" | base64 | sed 's/^/    | /; s/$/\\r/'"],
    &["xxd"],
    &["xxd", "-p"],
    &["xxd", "-u", "-c", "10"],
    &["xxd", "-e"],
    &["od", "-An", "-tx1"],
    &["od", "-tx1z"],
    &["hexdump", "-C"],
    &["jq", "-Rs", "."],
    &["jq", "-Rsa", ". | tojson | tojson"],
    &["jq", "-Rsr", "@uri, @sh, @html, @base64"],
    &[
        "python3",
        "-c",
        "import os,urllib.parse as u,html,json,shlex; s=os.environ['S']; print(repr(s), u.quote(s,safe=''), u.quote_plus(s), u.quote(u.quote(s)), html.escape(s), json.dumps(s), json.dumps(json.dumps(s)), shlex.quote(s), repr(s.encode()), s.encode().hex(':'), s.encode().hex().upper(), ascii(s))",
    ],
    &[
        "node",
        "-e",
        "const s=process.env.S; console.log(JSON.stringify(s), encodeURIComponent(s), escape(s), [s], Buffer.from(s), Buffer.from(s).toString('base64url'))",
    ],
    &[
        "perl",
        "-MData::Dumper",
        "-e",
        "$Data::Dumper::Useqq=1; print Dumper($ENV{S}); $Data::Dumper::Useqq=0; print Dumper($ENV{S})",
    ],
];

/// What a program prints on both outputs; none where it is not there.
fn echo(program: &[&str], secret: &str) -> Option<String> {
    let mut command = Command::new(program.first()?);
    command.args(&program[1..]).env("S", secret).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().ok()?;
    let mut input = child.stdin.take()?;
    // It may not want its input.
    let _ = input.write_all(secret.as_bytes());
    drop(input);
    let output = child.wait_with_output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&said).into_owned())
}

/// What could be read of a secret in a text: its longest part, as it is or out of base64 or hexadecimal digits.
fn leaked(secret: &str, text: &str) -> Option<String> {
    // Long parts of it, so that a word that the program says itself is none.
    let parts = secret.as_bytes().windows(6).map(<[u8]>::to_vec);
    let digits: String = text.lines().map(|line| line.trim_start_matches(|c: char| c != ' ')).collect();
    let hex: String = digits.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    let joined: String = text.chars().filter(|c| !c.is_whitespace() && *c != '|').collect();
    let joined = joined.replace('-', "+").replace('_', "/");
    let bare: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\'' | b'"' | b'\\' | b'$')).collect();
    for part in parts {
        let spelled = part.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let in_base64 = (0..3).any(|phase| {
            let digits = base64(&[vec![0; phase], part.clone()].concat());
            let core = digits.get([0, 2, 3][phase]..(phase + part.len()) * 8 / 6).unwrap_or_default();
            core.len() >= 6 && joined.contains(core)
        });
        let plain = bare.windows(part.len()).any(|window| window == part)
            && !part.iter().any(|b| b"'\"\\$".contains(b));
        if plain || hex.contains(&spelled) || in_base64 {
            return Some(String::from_utf8_lossy(&part).into_owned());
        }
    }
    None
}

/// A base64 encoder of our own, to compare with.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
    (0..(bytes.len() * 8).div_ceil(6))
        .map(|digit| {
            char::from(DIGITS[(0..6).fold(0, |sum, at| sum << 1 | usize::from(bit(digit * 6 + at)))])
        })
        .collect()
}

/// Secrets of every kind of character, the same in each run.
fn secrets() -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    let alphabets: [Vec<char>; 4] = [
        ('a'..='z').chain('A'..='Z').chain('0'..='9').collect(),
        ('!'..='~').collect(),
        "it's \"quoted\" $HOME `x` \\n \\x41 %41 &amp; +=/".chars().collect(),
        "Käse日本🎉é'\\\"$ !~abcdefgh\u{1}\u{7}\t".chars().collect(),
    ];
    let mut all: Vec<String> = (0..12)
        .map(|index| {
            let alphabet = &alphabets[index % alphabets.len()];
            let length = 8 + next(60);
            (0..length).map(|_| alphabet[next(alphabet.len())]).collect::<String>()
        })
        .filter(|secret: &String| secret.trim().len() == secret.len() && secret.len() >= 8)
        .collect();
    let lines: Vec<String> = (0..12).map(|_| (0..64).map(|_| alphabets[0][next(62)]).collect()).collect();
    all.push(format!("-----BEGIN KEY-----\n{}\n-----END KEY-----", lines.join("\n")));
    all
}

/// Each line is masked by itself, as it comes.
#[test]
fn no_program_that_echoes_a_secret_gives_it_away() {
    let mut tried = 0;
    for secret in secrets() {
        let redactor = Redactor::new([secret.as_str()]);
        for program in ENCODERS {
            let Some(said) = echo(program, &secret) else { continue };
            for masked in [
                redactor.mask(&said).into_owned(),
                said.lines().map(|line| redactor.mask(line) + "\n").collect::<String>(),
            ] {
                let leaked = leaked(&secret, &masked);
                assert_eq!(leaked, None, "{secret:?} by {program:?}:\n{said}\n{masked}");
            }
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} programs were run");
}
