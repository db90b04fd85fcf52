//! A store in memory that dies, refuses or lies at a chosen moment, and that a power cut can strike.
//!
//! Only what was synced is sure to be there after a power cut; of everything else any part may be, sector by sector.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relplan::ledger::{End, Store, StoreError};

use crate::random::Random;

/// The part of a disk that is written wholly or not at all. Much smaller than a real one, so that records tear.
const SECTOR: usize = 64;

/// What happens at one writing operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// The process dies before it.
    DieBefore,
    /// The process dies when half of it is done.
    DieWithin,
    /// The process dies right after it.
    DieBehind,
    /// It is refused, half done.
    Refuse,
}

/// What a process that dies unwinds with: nothing of it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Died;

/// Dies at once, without a word.
pub fn die() -> ! {
    std::panic::resume_unwind(Box::new(Died))
}

/// Clones are other handles of the same disk, as another process would have.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    log: Vec<u8>,
    /// How much of the log is durable.
    durable: usize,
    checkpoint: Option<Vec<u8>>,
    /// Every head since the last power cut: none is ever synced.
    heads: Vec<Vec<u8>>,
    /// How many writing operations there are until the stroke.
    stroke: Option<(u64, Stroke)>,
    /// Whether it only says that it has synced: a bug to be found.
    lies: bool,
}

impl Disk {
    /// A disk with a ledger on it.
    #[must_use]
    pub fn with(log: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(Content { log: log.to_vec(), durable: log.len(), ..Content::default() })))
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log as a process sees it.
    #[must_use]
    pub fn log(&self) -> Vec<u8> {
        self.content().log.clone()
    }

    /// Puts a log in the place of the one before.
    pub fn set_log(&self, log: &[u8]) {
        let mut content = self.content();
        content.log = log.to_vec();
        content.durable = log.len();
    }

    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        self.content().checkpoint.clone()
    }

    /// Puts a checkpoint in the place of the one before.
    pub fn set_checkpoint(&self, checkpoint: Option<Vec<u8>>) {
        self.content().checkpoint = checkpoint;
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> Option<Vec<u8>> {
        self.content().heads.last().cloned()
    }

    /// Puts a head in the place of the one before.
    pub fn set_head(&self, head: Option<Vec<u8>>) {
        self.content().heads = head.into_iter().collect();
    }

    /// Looks at what would be there after a power cut.
    pub fn durable<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let content = self.content();
        look(content.log.get(..content.durable).unwrap_or_default())
    }

    /// From now on a sync is only said, not done.
    pub fn lie(&self) {
        self.content().lies = true;
    }

    /// Lets this happen after `count` more writing operations; none takes a former wish back.
    pub fn strike(&self, stroke: Option<(u64, Stroke)>) {
        self.content().stroke = stroke;
    }

    /// A power cut: the file has grown to any length that it had since the last sync, and each sector of what was
    /// not synced is there, or zeros, or old garbage. The head is any that there was.
    pub fn cut(&self, random: &mut Random) {
        let mut content = self.content();
        if !content.heads.is_empty() {
            let kept = random.index(content.heads.len());
            content.heads = vec![content.heads.swap_remove(kept)];
        }
        let durable = content.durable;
        let unsynced = content.log.len().saturating_sub(durable);
        let kept = random.index(unsynced + 1);
        content.log.truncate(durable + kept);
        for sector in content.log.get_mut(durable..).unwrap_or_default().chunks_mut(SECTOR) {
            match random.below(4) {
                0 => sector.fill(0),
                1 => sector.fill(0xa5),
                _ => {}
            }
        }
    }

    /// What happens at the writing operation that begins now.
    fn stroke(&self) -> Option<Stroke> {
        let mut content = self.content();
        match &mut content.stroke {
            Some((0, stroke)) => {
                let stroke = *stroke;
                content.stroke = None;
                Some(stroke)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    /// Does a writing operation, or half of it.
    fn operate(
        &self,
        half: impl FnOnce(&mut Content),
        whole: impl FnOnce(&mut Content),
    ) -> Result<(), StoreError> {
        match self.stroke() {
            Some(Stroke::DieBefore) => die(),
            Some(Stroke::DieWithin) => {
                half(&mut self.content());
                die()
            }
            Some(Stroke::DieBehind) => {
                whole(&mut self.content());
                die()
            }
            Some(Stroke::Refuse) => {
                half(&mut self.content());
                let source = io::ErrorKind::StorageFull.into();
                Err(StoreError::Io { action: "write", path: "disk".into(), source })
            }
            None => {
                whole(&mut self.content());
                Ok(())
            }
        }
    }

    fn check_end(&self, end: &End) -> Result<(), StoreError> {
        let content = self.content();
        match usize::try_from(end.offset).ok().and_then(|offset| content.log.get(offset..)) {
            None => Err(StoreError::Replaced),
            Some([]) => Ok(()),
            Some(behind) => Err(StoreError::Overtaken { behind: behind.to_vec() }),
        }
    }
}

impl Store for Disk {
    fn read(&mut self, offset: u64) -> Result<Vec<u8>, StoreError> {
        let content = self.content();
        let rest = usize::try_from(offset).ok().and_then(|offset| content.log.get(offset..));
        Ok(rest.unwrap_or_default().to_vec())
    }

    fn write(&mut self, end: &End, lines: &[u8]) -> Result<(), StoreError> {
        self.check_end(end)?;
        let half = lines.get(..lines.len() / 2).unwrap_or_default();
        self.operate(
            |content| content.log.extend_from_slice(half),
            |content| content.log.extend_from_slice(lines),
        )
    }

    fn sync(&mut self, end: &End) -> Result<(), StoreError> {
        self.check_end(end)?;
        self.operate(
            |_| {},
            |content| {
                if !content.lies {
                    content.durable = content.log.len();
                }
            },
        )
    }

    fn set_aside(&mut self, end: &End, _: &[u8]) -> Result<String, StoreError> {
        let end = usize::try_from(end.offset).unwrap_or(usize::MAX);
        self.operate(
            |_| {},
            |content| {
                content.log.truncate(end);
                content.durable = content.log.len();
            },
        )?;
        Ok("aside".to_owned())
    }

    fn read_checkpoint(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.checkpoint())
    }

    fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.operate(|_| {}, |content| content.checkpoint = Some(bytes.to_vec()))
    }

    fn read_head(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.head())
    }

    fn write_head(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
        self.operate(|content| content.heads.push(half), |content| content.heads.push(bytes.to_vec()))
    }
}
