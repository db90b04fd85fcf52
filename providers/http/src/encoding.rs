//! Undoing what `Content-Encoding` names, within the size that an answer may have.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// How many encodings over each other are undone.
const MOST_LAYERS: usize = 3;

/// The largest window of zstd, as a power of two: what the standard allows for HTTP.
const LARGEST_WINDOW: u32 = 23;

/// The body without its encodings, of at most so many bytes; else why it cannot be had, as a sentence.
pub(crate) fn decoded(headers: &HeaderMap, body: Vec<u8>, most: u64) -> Result<Vec<u8>, (Vec<u8>, String)> {
    let values =
        headers.get_all(CONTENT_ENCODING).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let names: Vec<String> = values
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>())
        .collect();
    let names: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !matches!(*name, "" | "identity")).collect();
    // An answer to HEAD names the encoding of a body that is not sent.
    if names.is_empty() || body.is_empty() {
        return Ok(body);
    }
    if names.len() > MOST_LAYERS {
        return Err((body, format!("The body has {} encodings over each other.", names.len())));
    }
    let mut inner: Option<Vec<u8>> = None;
    for name in names.iter().rev() {
        match layer(name, inner.as_deref().unwrap_or(&body), most) {
            Ok(bytes) => inner = Some(bytes),
            Err(why) => return Err((body, why)),
        }
    }
    Ok(inner.unwrap_or_default())
}

fn layer(name: &str, bytes: &[u8], most: u64) -> Result<Vec<u8>, String> {
    match name {
        "gzip" | "x-gzip" => taken(name, MultiGzDecoder::new(bytes), most),
        // The standard means zlib, and some servers send what is inside of it.
        "deflate" => taken(name, ZlibDecoder::new(bytes), most).or_else(|wrong| {
            let raw = taken(name, DeflateDecoder::new(bytes), most);
            raw.map_err(|_| wrong)
        }),
        "zstd" => {
            let broken = |error: std::io::Error| format!("The body calls itself zstd and is none: {error}.");
            let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(broken)?;
            decoder.window_log_max(LARGEST_WINDOW).map_err(broken)?;
            taken(name, decoder, most)
        }
        other => {
            let known = "what is decoded is gzip, deflate and zstd";
            Err(format!(
                "The body is encoded as {other:.40?}, and {known}: ask for one of these with Accept-Encoding."
            ))
        }
    }
}

fn taken(name: &str, decoder: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    decoder
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("The body calls itself {name} and is none: {error}."))?;
    if bytes.len() as u64 > most {
        return Err(format!(
            "Decoded from {name}, the body is larger than {most} bytes: give a larger `max_body_bytes`."
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::HeaderValue;

    use super::*;

    const TEXT: &[u8] = b"{\"status\":\"ok\"}";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("finished")
    }

    fn undone(names: &[&str], body: &[u8]) -> Result<Vec<u8>, String> {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(name).expect("a value"));
        }
        decoded(&headers, body.to_vec(), 1_000).map_err(|(_, why)| why)
    }

    #[test]
    fn encodings_are_undone_from_the_last_on() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(TEXT).expect("written");
        let zlib = zlib.finish().expect("finished");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(TEXT).expect("written");
        let raw = raw.finish().expect("finished");
        let zstd = zstd::encode_all(TEXT, 1).expect("encoded");
        let two_members = [gzip(b"{\"status\":"), gzip(b"\"ok\"}")].concat();
        for (names, body) in [
            (&["gzip"][..], gzip(TEXT)),
            (&["X-GZIP"], gzip(TEXT)),
            (&["gzip"], two_members),
            (&["deflate"], zlib.clone()),
            (&["deflate"], raw),
            (&["zstd"], zstd.clone()),
            (&["identity"], TEXT.to_vec()),
            (&[""], TEXT.to_vec()),
            (&["deflate, gzip"], gzip(&zlib)),
            (&["zstd", "identity", "gzip"], gzip(&zstd)),
        ] {
            assert_eq!(undone(names, &body).as_deref(), Ok(TEXT), "{names:?}");
        }
        // Where nothing was sent, nothing is to be undone.
        assert_eq!(undone(&["gzip"], b""), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_undone_is_told_and_what_grows_is_cut_off() {
        let bomb = gzip(&vec![0; 50_000_000]);
        let cut = &gzip(TEXT)[..20];
        for (names, body, told) in [
            (&["br"][..], TEXT, "encoded as \"br\", and what is decoded is gzip, deflate and zstd"),
            (&["gzip"], TEXT, "The body calls itself gzip and is none"),
            (&["gzip"], cut, "The body calls itself gzip and is none"),
            (&["deflate"], TEXT, "The body calls itself deflate and is none"),
            (&["zstd"], TEXT, "The body calls itself zstd and is none"),
            (&["gzip"], &bomb, "Decoded from gzip, the body is larger than 1000 bytes"),
            (&["gzip, gzip"], &gzip(&bomb), "Decoded from gzip, the body is larger than 1000 bytes"),
            (&["gzip,gzip,gzip,gzip"], TEXT, "The body has 4 encodings over each other."),
        ] {
            let why = undone(names, body).expect_err("it cannot be decoded");
            assert!(why.contains(told), "{names:?}: {why}");
        }
    }
}
