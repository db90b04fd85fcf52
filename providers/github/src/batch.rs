//! [`Batch`]: many callers ask one question each at about the same time; one request answers them all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How long the first one waits for others: far less than a request takes.
const WINDOW: Duration = Duration::from_millis(4);

/// Questions that wait for the next request.
pub(crate) struct Batch<K, V> {
    waiting: Mutex<Vec<Waiting<K, V>>>,
    most: usize,
}

struct Waiting<K, V> {
    key: K,
    answer: oneshot::Sender<V>,
}

impl<K: Send + 'static, V: Send + 'static> Batch<K, V> {
    /// A batch whose requests hold at most so many questions.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), most })
    }

    /// Asks, together with whoever asks in the next milliseconds. `answer` is given the questions and gives as many
    /// answers in the same order. None when that failed to answer: a fault in it.
    ///
    /// The request is made by a task of its own, so that a caller who leaves does not take the others' answers along.
    pub(crate) async fn ask<A, F>(self: &Arc<Self>, key: K, answer: A) -> Option<V>
    where
        A: Fn(Vec<K>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<V>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(Waiting { key, answer: sender });
            waiting.len() == 1
        };
        if is_first {
            let batch = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(WINDOW).await;
                batch.serve(answer);
            });
        }
        receiver.await.ok()
    }

    /// Answers all that wait, in as many requests as it takes, at the same time.
    fn serve<A, F>(&self, answer: A)
    where
        A: Fn(Vec<K>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<V>> + Send + 'static,
    {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        while !waiting.is_empty() {
            let rest = waiting.split_off(self.most.min(waiting.len()));
            let (keys, senders): (Vec<K>, Vec<_>) =
                waiting.into_iter().map(|waiting| (waiting.key, waiting.answer)).unzip();
            let answers = answer(keys);
            tokio::spawn(async move {
                for (sender, answer) in senders.into_iter().zip(answers.await) {
                    // Whoever left does not want it any more.
                    drop(sender.send(answer));
                }
            });
            waiting = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_hundred_questions_are_four_requests() {
        let (batch, requests) = (Batch::<usize, usize>::new(25), Arc::new(AtomicUsize::new(0)));
        let mut askers = tokio::task::JoinSet::new();
        for number in 0..100 {
            let (batch, requests) = (Arc::clone(&batch), Arc::clone(&requests));
            askers.spawn(async move {
                let answer = batch.ask(number, move |numbers| {
                    requests.fetch_add(1, Ordering::Relaxed);
                    async move { numbers.into_iter().map(|number| number * 2).collect() }
                });
                (number, answer.await)
            });
        }
        while let Some(answered) = askers.join_next().await {
            let (number, answer) = answered.expect("no panic");
            assert_eq!(answer, Some(number * 2));
        }
        assert_eq!(requests.load(Ordering::Relaxed), 4);
    }
}
