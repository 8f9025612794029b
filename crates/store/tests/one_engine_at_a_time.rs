//! A store is open once, in this process or another; the lock goes with who held it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use limitr_engine::{Engine, Taken};
use limitr_store::{Opening, Settings, Source, StoreError, repair};

/// Set in the process that only opens the store and waits.
const CHILD: &str = "LIMITR_STORE_HELD";

struct Nothing;

impl Source for Nothing {
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        bytes.clear();
        (Taken { first: 1, count: 0 }, 0)
    }

    fn failed(&mut self, _: &StoreError) {}
}

/// A folder that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("limitr-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn locked_by(path: &Path) -> String {
    let error = Opening::at(path, 1).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "store_locked");
    assert_eq!(repair(path).unwrap_err(), error);
    error.message().to_string()
}

#[test]
fn in_one_process() {
    let scratch = Scratch::new("locked-here");
    let path = scratch.0.join("made/on/the/way");
    let opening = Opening::at(&path, 1).unwrap();
    let me = format!("this process (pid {})", std::process::id());
    assert!(locked_by(&path).contains(&me));
    let store = opening.start(Settings::new("one".to_string()), |_: Engine| Box::new(Nothing)).unwrap();
    assert!(locked_by(&path).contains(&me));
    store.close().unwrap();
    let dropped = Opening::at(&path, 1).unwrap();
    drop(dropped);
    let store = Opening::at(&path, 1).unwrap().start(Settings::new("two".to_string()), |_| Box::new(Nothing));
    drop(store.unwrap());
    assert_eq!(repair(&path).unwrap().customers, 0);
    Opening::at(&path, 1).unwrap();
}

#[test]
fn among_processes() {
    if let Some(path) = std::env::var_os(CHILD) {
        let _opening = Opening::at(Path::new(&path), 1).unwrap();
        println!("\nheld");
        // Until it is killed.
        loop {
            std::thread::park();
        }
    }
    let scratch = Scratch::new("locked-there");
    let mut child = holder(&scratch.0);
    let message = locked_by(&scratch.0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(message.contains(&format!("another process (pid {})", child.id())), "{message}");
    assert!(message.contains("one engine at a time"), "{message}");
    Opening::at(&scratch.0, 1).unwrap();
}

/// This program once more, once it has the store open.
fn holder(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["among_processes", "--exact", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let held = lines.map(Result::unwrap).any(|line| line == "held");
    assert!(held, "the other process couldn't open it");
    child
}
