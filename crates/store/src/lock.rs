//! One engine at a time: a locked file in the store's folder that says which process has it. The system lets go of the lock
//! when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::error::StoreError;

const NAME: &str = "lock";

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the store in `folder`.
    pub(crate) fn take(folder: &Path) -> Result<Lock, StoreError> {
        let failed = |error: std::io::Error| StoreError::failed("locking", NAME, &error);
        let mut options = OpenOptions::new();
        let path = folder.join(NAME);
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::locked(&holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let written = file.set_len(0).and_then(|()| file.rewind());
        written.and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Lock { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // Where the lock also keeps others from reading, nobody knows who.
    let known = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
    match known {
        Some(pid) if pid == std::process::id() => format!("this process (pid {pid})"),
        Some(pid) => format!("another process (pid {pid})"),
        None => "another process".to_string(),
    }
}
