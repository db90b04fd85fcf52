//! A file on its way to GitHub: read piece by piece, so that memory holds one piece, for as long as it goes on.
//!
//! How long an upload takes depends on its size and the line. So it has no limit in all, only one without progress.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use super::Fault;

/// How many bytes are read at a time.
const PIECE: u64 = 256 << 10;

/// How long an upload may take without progress.
pub(super) const LIMITS: Patience =
    Patience { moving: Duration::from_secs(60), answering: Duration::from_secs(300) };

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the next piece to go.
    moving: Duration,
    /// For the answer once the last piece has gone: some of it may still be under way, and GitHub stores the file.
    answering: Duration,
}

/// How much is still to be sent.
pub(super) type Progress = Arc<AtomicU64>;

/// The body of a request.
pub(super) struct Upload {
    file: Arc<File>,
    size: u64,
    left: u64,
    progress: Progress,
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Upload {
    /// The file from its beginning, so many bytes of it.
    pub(super) fn of(file: &Arc<File>, size: u64) -> (Self, Progress) {
        let progress = Arc::new(AtomicU64::new(size));
        let (file, left) = (Arc::clone(file), size);
        (Self { file, size, left, progress: Arc::clone(&progress), reading: None }, progress)
    }
}

/// Reads a piece; one that is shorter than it should be is a fault.
fn piece(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, at).map(|()| bytes)
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        // Whoever asks for the next piece has sent the one before.
        this.progress.store(this.left, Ordering::Relaxed);
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let (at, length) = (this.size - this.left, PIECE.min(this.left));
        let reading = this.reading.get_or_insert_with(|| {
            let file = Arc::clone(&this.file);
            tokio::task::spawn_blocking(move || piece(&file, at, length))
        });
        let read = ready!(Pin::new(reading).poll(task));
        this.reading = None;
        let bytes = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        this.left -= length;
        if this.left == 0 {
            this.progress.store(0, Ordering::Relaxed);
        }
        Poll::Ready(Some(bytes.map(|bytes| Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Sends, for as long as it goes on.
pub(super) async fn watched<T>(
    sending: impl Future<Output = Result<T, Fault>>,
    progress: &Progress,
    patience: Patience,
) -> Result<T, Fault> {
    let stalled = async {
        let mut before = progress.load(Ordering::Relaxed);
        loop {
            let limit = if before == 0 { patience.answering } else { patience.moving };
            tokio::time::sleep(limit).await;
            let now = progress.load(Ordering::Relaxed);
            if now == before {
                return (now, limit);
            }
            before = now;
        }
    };
    tokio::select! {
        sent = sending => sent,
        (left, limit) = stalled => {
            let seconds = limit.as_secs();
            Err(Fault::Lost(if left == 0 {
                format!("all was sent, and no answer came within {seconds} s")
            } else {
                format!("nothing could be sent for {seconds} s, with {left} bytes left")
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const QUICK: Patience =
        Patience { moving: Duration::from_millis(300), answering: Duration::from_millis(600) };

    fn file(size: usize) -> Arc<File> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&vec![7; size]).expect("written");
        Arc::new(file)
    }

    /// A server that reads so many bytes at a time with a pause before each, up to `most`, and then answers if asked to.
    async fn server(at_a_time: usize, pause: Duration, most: usize, answers: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut seen, mut buffer) = (0, vec![0; at_a_time]);
            while seen < most {
                tokio::time::sleep(pause).await;
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => seen += read,
                }
            }
            if answers {
                let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                stream.write_all(answer.as_bytes()).await.ok();
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        });
        format!("http://{address}/")
    }

    async fn send(url: String, file: &Arc<File>, size: u64) -> Result<u16, Fault> {
        let (upload, progress) = Upload::of(file, size);
        let request = reqwest::Client::new().post(url).body(reqwest::Body::wrap(upload));
        let sending = async {
            let sent = request.send().await;
            sent.map(|answer| answer.status().as_u16())
                .map_err(|error| Fault::Lost(super::super::shown(&error)))
        };
        watched(sending, &progress, QUICK).await
    }

    const SIZE: usize = 24 << 20;

    #[tokio::test]
    async fn an_upload_that_goes_on_may_take_longer_than_any_of_its_limits() {
        let file = file(SIZE);
        let url = server(2 << 20, Duration::from_millis(100), SIZE, true).await;
        let begun = std::time::Instant::now();
        let sent = send(url, &file, SIZE as u64).await;
        assert_eq!(sent.expect("sent"), 201);
        assert!(begun.elapsed() > QUICK.answering, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn one_that_stands_still_ends_with_the_reason() {
        let file = file(SIZE);
        for (most, answers, words) in
            [(1 << 20, false, "nothing could be sent"), (SIZE, false, "no answer came"), (1, true, "")]
        {
            let url = server(1 << 20, Duration::ZERO, most, answers).await;
            match send(url, &file, SIZE as u64).await {
                Err(Fault::Lost(why)) => assert!(why.contains(words) && !words.is_empty(), "{why}"),
                // A refusal that comes before all was sent need not be lost.
                other => assert!(words.is_empty() && matches!(other, Ok(201)), "{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_becomes_shorter_is_not_sent_as_if_it_were_whole() {
        let file = file(1_000);
        let url = server(1 << 20, Duration::ZERO, 10_000, true).await;
        assert!(matches!(send(url, &file, 5_000).await, Err(Fault::Lost(_))));
    }

    #[tokio::test]
    async fn a_second_try_begins_anew() {
        let file = file(3_000);
        for _ in 0..2 {
            let url = server(1 << 20, Duration::ZERO, 3_000, true).await;
            assert_eq!(send(url, &file, 3_000).await.expect("sent"), 201);
        }
    }
}
