//! The folder that a store lives in, as small a part of a file system as it needs, so that tests can put one in its place
//! that fails.
//!
//! What a store relies on: bytes appended before a `sync` that succeeded are there after a crash; names made, changed or
//! removed before a `sync` of the folder that succeeded are too. Of anything later, any part may be there or not. After an
//! operation failed, nothing is relied on: the store is given up.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A folder of files.
pub trait Disk: Send + Sync {
    /// The names of its files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Opens a file that is there, to read.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an empty file to append to, in place of one that may be there.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, whose file it takes the place of.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes names durable.
    fn sync(&self) -> io::Result<()>;
}

/// A file of a [`Disk`].
pub trait DiskFile: Send + Sync {
    /// How many bytes it has.
    fn length(&self) -> io::Result<u64>;
    /// Fills `into` from byte `at` on.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
    /// Adds bytes to the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was appended durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Opens a file that must be there, to read.
pub(crate) fn open(disk: &dyn Disk, name: &str) -> Result<Box<dyn DiskFile>, StoreError> {
    disk.open(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::missing(name),
        _ => StoreError::failed("opening", name, &error),
    })
}

/// Reads a file from a place on.
pub(crate) struct Reading<'a> {
    pub(crate) file: &'a dyn DiskFile,
    pub(crate) at: u64,
    pub(crate) end: u64,
}

impl Read for Reading<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        self.file.read_at(self.at, &mut into[..length])?;
        self.at += length as u64;
        Ok(length)
    }
}

/// A folder of the file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which is made if it isn't there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(path: &Path) -> io::Result<Folder> {
        let missing =
            path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made: Vec<&Path> = missing.collect();
        fs::create_dir_all(path)?;
        for folder in &made {
            sync_folder(parent(folder))?;
        }
        if made.is_empty() {
            // One that was there may be of an opening that came no further; where its parent can't be opened, others made it.
            let _ = sync_folder(parent(path));
        }
        Ok(Folder { path: path.to_path_buf() })
    }
}

impl Disk for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenFile { file: File::open(self.path.join(name))? }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenFile { file: File::create(self.path.join(name))? }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a folder can't be opened; the file system keeps names in order by itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

struct OpenFile {
    file: File,
}

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|about| about.len())
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, into, at)
    }

    #[cfg(windows)]
    fn read_at(&self, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(&self.file, into, at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            into = &mut into[read..];
            at += read as u64;
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
