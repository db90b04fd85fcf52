//! What a test needs around a provider: a [`Context`], a clock without a runtime, and progress that remembers.

#![allow(clippy::disallowed_methods, reason = "the suite stands in for the engine, which hands these in")]

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::context::{Answer, Cancel, Clock, Context, Progress, Silent};
use crate::schema::Attribute;
use crate::secret::Redactor;
use crate::tree::Tree;
use crate::value::Value;

/// A context for a test whose files live in `folder`: relative paths start there, output is kept in its `keep`.
/// The environment is the process's own, the clock a [`ThreadClock`].
#[must_use]
pub fn context_in(folder: &Path, address: &str) -> Context {
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Context {
        address: address.into(),
        product: "shop".into(),
        version: "1.2.0".into(),
        base: folder.into(),
        tree: Tree::anywhere(folder),
        keep: folder.join("keep"),
        environment: Arc::new(environment),
        clock: Arc::new(ThreadClock),
        progress: Arc::new(Silent),
        cancel: Cancel::default(),
        redactor: Arc::new(Redactor::default()),
        usage: Arc::default(),
    }
}

/// The object of arguments as the engine hands it over: every attribute, with its default where nothing is given. Of two with one
/// name the later one counts.
///
/// # Panics
/// When an argument does not fit, or there is no attribute of its name.
#[must_use]
pub fn fitted(attributes: &[Attribute], arguments: &[(&str, Value)]) -> Value {
    let given: BTreeMap<&str, &Value> = arguments.iter().map(|(name, value)| (*name, value)).collect();
    for name in given.keys() {
        assert!(attributes.iter().any(|attribute| attribute.name == *name), "no attribute {name}");
    }
    Value::map(attributes.iter().map(|attribute| {
        let value = given.get(attribute.name).map_or(Value::NULL, |value| (*value).clone());
        (attribute.name, attribute.fit(&value).expect("a good argument"))
    }))
}

/// Real time that works under every runtime and none: each sleep is a thread of its own. For tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadClock;

impl Clock for ThreadClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Answer<'static, ()> {
        Box::pin(Sleep { duration, alarm: Arc::default(), started: false })
    }
}

/// What a sleeping thread and the future that waits for it share.
#[derive(Default)]
struct Alarm {
    state: Mutex<AlarmState>,
    changed: Condvar,
}

#[derive(Default)]
struct AlarmState {
    over: bool,
    waker: Option<Waker>,
}

impl Alarm {
    fn state(&self) -> MutexGuard<'_, AlarmState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, unless the future goes before.
    fn run(&self, duration: Duration) {
        let waited = self.changed.wait_timeout_while(self.state(), duration, |state| !state.over);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

struct Sleep {
    duration: Duration,
    alarm: Arc<Alarm>,
    started: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<()> {
        let mut state = self.alarm.state();
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(task.waker().clone());
        drop(state);
        if !self.started {
            self.started = true;
            let (alarm, duration) = (Arc::clone(&self.alarm), self.duration);
            std::thread::spawn(move || alarm.run(duration));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    /// Ends the thread: thousands of them would otherwise sleep on for nobody.
    fn drop(&mut self) {
        self.alarm.state().over = true;
        self.alarm.changed.notify_all();
    }
}

/// Progress that remembers what it was told.
#[derive(Debug, Default)]
pub struct Recorder {
    lines: Mutex<Vec<String>>,
    references: Mutex<Vec<String>>,
}

impl Recorder {
    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The external references so far.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        self.references.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Recorder {
    fn line(&self, text: &str) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    fn reference(&self, reference: &str) {
        self.references.lock().unwrap_or_else(PoisonError::into_inner).push(reference.into());
    }
}
