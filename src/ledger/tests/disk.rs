//! A store in memory that can fail, and that a power cut can strike.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::super::chain::End;
use super::super::store::{Store, StoreError};

/// Clones are other handles of the same store, as another process would have.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Rc<RefCell<Content>>);

#[derive(Clone, Debug, Default)]
struct Content {
    log: Vec<u8>,
    /// How much of the log is durable.
    durable: usize,
    checkpoint: Option<Vec<u8>>,
    head: Option<Vec<u8>>,
    aside: Vec<Vec<u8>>,
    /// Writing operations until one fails.
    fuse: Option<u32>,
}

impl Disk {
    pub(super) fn of(log: &[u8]) -> Self {
        Self::with(log, None)
    }

    pub(super) fn with(log: &[u8], checkpoint: Option<Vec<u8>>) -> Self {
        let content = Content { log: log.to_vec(), durable: log.len(), checkpoint, ..Content::default() };
        Self(Rc::new(RefCell::new(content)))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().log.clone()
    }

    pub(super) fn durable(&self) -> Vec<u8> {
        let content = self.0.borrow();
        content.log[..content.durable].to_vec()
    }

    pub(super) fn checkpoint(&self) -> Option<Vec<u8>> {
        self.0.borrow().checkpoint.clone()
    }

    pub(super) fn head(&self) -> Option<Vec<u8>> {
        self.0.borrow().head.clone()
    }

    /// Puts a head in the place of the one before.
    pub(super) fn set_head(&self, head: Option<Vec<u8>>) {
        self.0.borrow_mut().head = head;
    }

    pub(super) fn aside(&self) -> Vec<Vec<u8>> {
        self.0.borrow().aside.clone()
    }

    /// Lets `count` more writing operations succeed.
    pub(super) fn fail_after(&self, count: u32) {
        self.0.borrow_mut().fuse = Some(count);
    }

    pub(super) fn heal(&self) {
        self.0.borrow_mut().fuse = None;
    }

    fn burn(&self) -> Result<(), StoreError> {
        let mut content = self.0.borrow_mut();
        match &mut content.fuse {
            Some(0) => Err(StoreError::io("write", "disk")(io::ErrorKind::StorageFull.into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn check_end(&self, end: &End) -> Result<(), StoreError> {
        let content = self.0.borrow();
        let offset = usize::try_from(end.offset).expect("small");
        match content.log.get(offset..) {
            None => Err(StoreError::Replaced),
            Some([]) => Ok(()),
            Some(behind) => Err(StoreError::Overtaken { behind: behind.to_vec() }),
        }
    }
}

impl Store for Disk {
    fn read(&mut self, offset: u64) -> Result<Vec<u8>, StoreError> {
        let offset = usize::try_from(offset).expect("small");
        Ok(self.bytes().get(offset..).unwrap_or_default().to_vec())
    }

    fn write(&mut self, end: &End, lines: &[u8]) -> Result<(), StoreError> {
        self.check_end(end)?;
        if let Err(error) = self.burn() {
            // A full disk takes a part.
            self.0.borrow_mut().log.extend_from_slice(&lines[..lines.len() / 2]);
            return Err(error);
        }
        self.0.borrow_mut().log.extend_from_slice(lines);
        Ok(())
    }

    fn sync(&mut self, end: &End) -> Result<(), StoreError> {
        self.check_end(end)?;
        self.burn()?;
        let mut content = self.0.borrow_mut();
        content.durable = content.log.len();
        Ok(())
    }

    fn set_aside(&mut self, end: &End, torn: &[u8]) -> Result<String, StoreError> {
        self.burn()?;
        let mut content = self.0.borrow_mut();
        content.log.truncate(usize::try_from(end.offset).expect("small"));
        content.durable = content.log.len();
        content.aside.push(torn.to_vec());
        Ok(format!("torn-{}", end.seq + 1))
    }

    fn read_checkpoint(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.checkpoint())
    }

    fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.burn()?;
        self.0.borrow_mut().checkpoint = Some(bytes.to_vec());
        Ok(())
    }

    fn read_head(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.head())
    }

    fn write_head(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.borrow_mut().head = Some(bytes.to_vec());
        Ok(())
    }
}
