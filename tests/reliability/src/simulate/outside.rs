//! What relplan acts on, in virtual time: requests that take their time, arrive although their sender is dead, and
//! leave effects that are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use relplan_contract::{Answer, Clock, Outcome};
use tokio::time::Instant;

use crate::disk::Disk;
use crate::random::Random;

/// The longest that a request is on its way. The types say so in their schema, so that nobody asks before.
pub(super) const ON_THE_WAY: Duration = Duration::from_secs(5);

/// How long an action may take, by the schema.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// How an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    Refused,
    TryAgain,
    /// Sent, done, and the answer is lost.
    Lost,
    /// Sent, and no answer ever.
    Stalls,
    /// Not even sent, and no answer ever.
    StallsUnsent,
    Panics,
    PanicsUnsent,
    /// Answers behind the deadline.
    Late,
    /// Answers with something unknown in it.
    Garbage,
}

const TROUBLE: [Fate; 9] = [
    Fate::Refused,
    Fate::TryAgain,
    Fate::Lost,
    Fate::Stalls,
    Fate::StallsUnsent,
    Fate::Panics,
    Fate::PanicsUnsent,
    Fate::Late,
    Fate::Garbage,
];

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub entry: String,
    pub key: String,
    /// What is to be there; none to have it gone.
    pub value: Option<String>,
    /// Whether doing it again does no harm.
    pub harmless: bool,
    arrives: Duration,
}

/// What is made behind gates, by name: what it is, and those gates.
pub(super) type Guarded = BTreeMap<String, (String, BTreeSet<String>)>;

/// How old a look at a gate may be when what it guards begins: as long as relplan lets it hold, and a moment.
const FRESH: Duration = Duration::from_secs(6);

/// The outside. Clones are the same one.
#[derive(Clone)]
pub(super) struct Outside(Arc<Mutex<Content>>);

struct Content {
    disk: Disk,
    random: Random,
    /// Of a hundred actions, how many go wrong.
    trouble: u64,
    /// How much time passed before the process that runs now.
    before: Duration,
    begun: Option<Instant>,
    /// By how much the clock on the wall is wrong, in seconds.
    wrong: i64,
    on_the_way: Vec<Request>,
    objects: BTreeMap<String, String>,
    /// What an action failed on, perhaps half-way, since it was last changed: doing that again is right.
    doubtful: BTreeSet<String>,
    /// What the process that runs now may only make behind gates: what it makes, and those gates.
    guarded: Guarded,
    /// When each gate was looked at last, and whether it was open.
    looks: BTreeMap<String, (Duration, bool)>,
    /// The keys under which something has begun.
    begun_under: BTreeSet<String>,
    /// How often something was done under a key.
    done: BTreeMap<String, u32>,
    effects: u64,
    running: usize,
    parallelism: usize,
    findings: Vec<String>,
    /// What happened, for a person; none when nobody listens.
    told: Option<Vec<String>>,
}

impl Outside {
    pub(super) fn new(disk: Disk, random: Random, parallelism: usize, tell: bool) -> Self {
        Self(Arc::new(Mutex::new(Content {
            disk,
            random,
            trouble: 0,
            before: Duration::ZERO,
            begun: None,
            wrong: 0,
            on_the_way: Vec::new(),
            objects: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            guarded: Guarded::new(),
            looks: BTreeMap::new(),
            begun_under: BTreeSet::new(),
            done: BTreeMap::new(),
            effects: 0,
            running: 0,
            parallelism,
            findings: Vec::new(),
            told: tell.then(Vec::new),
        })))
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process begins to live. Called inside its runtime.
    pub(super) fn process_begins(&self, trouble: u64) {
        let mut content = self.content();
        content.trouble = trouble;
        content.running = 0;
        content.begun = Some(Instant::now());
    }

    /// The process is dead since `lived`, and nothing happens here for `pause`.
    pub(super) fn process_ended(&self, lived: Duration, pause: Duration) {
        let mut content = self.content();
        content.begun = None;
        content.before += lived + pause;
        content.deliver();
    }

    /// How long the process lives already.
    pub(super) fn lived(&self) -> Duration {
        self.content().begun.map_or(Duration::ZERO, |begun| begun.elapsed())
    }

    pub(super) fn random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.content().random)
    }

    pub(super) fn fate(&self) -> Fate {
        let mut content = self.content();
        let trouble = content.random.below(100) < content.trouble;
        let fate = if trouble { content.random.choose(&TROUBLE) } else { None };
        fate.unwrap_or(Fate::Answered)
    }

    pub(super) fn verdict(&self) -> Outcome {
        const BAD: [Outcome; 5] =
            [Outcome::Pending, Outcome::Inconclusive, Outcome::Error, Outcome::Failed, Outcome::Failed];
        let mut content = self.content();
        let bad = content.random.below(100) < content.trouble * 2;
        if bad { content.random.choose(&BAD).unwrap_or(Outcome::Passed) } else { Outcome::Passed }
    }

    /// An action begins: its intent must be there for good, what it needs must be done, and not too many may run.
    pub(super) fn begin(&self, entry: &str, key: &str, needs: &[String]) -> Running {
        let mut content = self.content();
        content.deliver();
        content.running += 1;
        if content.running > content.parallelism {
            let (running, most) = (content.running, content.parallelism);
            content.findings.push(format!("{running} actions at a time, not {most}"));
        }
        if !content.disk.durable(|log| holds(log, key.as_bytes())) {
            content.findings.push(format!("{entry} begins without a durable intent"));
        }
        for need in needs {
            if !content.objects.contains_key(need) {
                content.findings.push(format!("{entry} begins before {need} is there"));
            }
        }
        Running(self.clone())
    }

    /// Somebody looks at a gate.
    pub(super) fn looked(&self, gate: &str, open: bool) {
        let mut content = self.content();
        let now = content.now();
        content.tell(|| format!("{gate} is {}", if open { "open" } else { "shut" }));
        content.looks.insert(gate.to_owned(), (now, open));
    }

    /// What the process that begins may only make behind gates.
    pub(super) fn guard(&self, guarded: Guarded) {
        self.content().guarded = guarded;
    }

    /// An action begins: each gate before it was seen open a moment ago. What is only tried again has passed them.
    pub(super) fn passes_gates(&self, entry: &str, key: &str, value: &str) {
        let mut content = self.content();
        if !content.begun_under.insert(key.to_owned()) {
            return;
        }
        // What is turned back is something else than the file wants.
        let Some((_, gates)) = content.guarded.get(entry).filter(|(wanted, _)| wanted == value).cloned()
        else {
            return;
        };
        for gate in gates {
            let since = content
                .looks
                .get(&gate)
                .filter(|(_, open)| *open)
                .map(|(then, _)| content.now().saturating_sub(*then));
            if since.is_none_or(|since| since > FRESH) {
                content.findings.push(format!("{entry} begins, and {gate} was last seen open {since:?} ago"));
            }
        }
    }

    /// An action failed: nobody knows how far it got.
    pub(super) fn fails(&self, entry: &str) {
        self.content().doubtful.insert(entry.to_owned());
    }

    /// Puts a request on its way, and gives how long it takes.
    pub(super) fn send(&self, entry: &str, key: &str, value: Option<String>, harmless: bool) -> Duration {
        let mut content = self.content();
        let takes = content.random.time(ON_THE_WAY);
        let arrives = content.now() + takes;
        content.on_the_way.push(Request {
            entry: entry.to_owned(),
            key: key.to_owned(),
            value,
            harmless,
            arrives,
        });
        takes
    }

    /// Lets arrive what has had its time.
    pub(super) fn arrive(&self) {
        self.content().deliver();
    }

    /// Whether something was done under a key.
    pub(super) fn was_done(&self, key: &str) -> bool {
        let mut content = self.content();
        content.deliver();
        content.done.contains_key(key)
    }

    pub(super) fn object(&self, entry: &str) -> Option<String> {
        let mut content = self.content();
        content.deliver();
        content.objects.get(entry).cloned()
    }

    pub(super) fn objects(&self) -> BTreeMap<String, String> {
        self.content().objects.clone()
    }

    pub(super) fn effects(&self) -> u64 {
        self.content().effects
    }

    /// Notes what happened, for a person.
    pub(super) fn tell(&self, text: impl FnOnce() -> String) {
        self.content().tell(text);
    }

    pub(super) fn told(&self) -> Vec<String> {
        self.content().told.take().unwrap_or_default()
    }

    /// Notes a broken promise.
    pub(super) fn finds(&self, text: String) {
        self.content().findings.push(text);
    }

    pub(super) fn findings(&self) -> Vec<String> {
        self.content().findings.clone()
    }
}

impl Content {
    fn now(&self) -> Duration {
        self.before + self.begun.map_or(Duration::ZERO, |begun| begun.elapsed())
    }

    fn tell(&mut self, text: impl FnOnce() -> String) {
        let now = self.now();
        if let Some(told) = &mut self.told {
            told.push(format!("{:9.3} s  {}", now.as_secs_f64(), text()));
        }
    }

    fn deliver(&mut self) {
        let now = self.now();
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.on_the_way).into_iter().partition(|request| request.arrives <= now);
        self.on_the_way = later;
        due.sort_by_key(|request| request.arrives);
        for request in due {
            self.happen(request);
        }
    }

    fn happen(&mut self, request: Request) {
        let Request { entry, key, value, harmless, .. } = request;
        self.effects += 1;
        self.tell(|| format!("{entry} becomes {value:?} under {key:.8}"));
        let times = self.done.entry(key).or_default();
        *times += 1;
        let same = self.objects.get(&entry) == value.as_ref() && !self.doubtful.remove(&entry);
        if !harmless && (*times > 1 || same) {
            self.findings.push(format!("{entry} was done twice"));
        }
        match value {
            Some(value) => self.objects.insert(entry, value),
            None => self.objects.remove(&entry),
        };
    }
}

/// Counts as an action under way until it is dropped.
pub(super) struct Running(Outside);

impl Drop for Running {
    fn drop(&mut self) {
        let mut content = self.0.content();
        content.running = content.running.saturating_sub(1);
    }
}

impl Clock for Outside {
    fn now(&self) -> SystemTime {
        let mut content = self.content();
        // Somebody sets the clock, by up to ten years.
        if content.trouble > 0 && content.random.below(50) == 0 {
            let years = i64::try_from(content.random.below(20)).unwrap_or_default() - 10;
            content.wrong = years * 31_556_952;
        }
        let seconds = (content.now().as_secs().cast_signed() + content.wrong).saturating_add(1_800_000_000);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.cast_unsigned())
    }

    fn sleep(&self, duration: Duration) -> Answer<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
