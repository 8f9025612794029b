//! The keeper's threads: what was flushed is on disk, a failure is said once and to everybody, and nobody waits for ever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard};

use limitr_engine::{Ask, Call, Engine, Profile, Taken};

use super::acts::policy;
use super::faulty::{Fault, Faulty};
use super::sequence::START;
use super::world::{saved, settings};
use crate::error::StoreError;
use crate::{Opening, Query, Source, Store};

const CUSTOMERS: usize = 4;

/// An engine, and how often its store failed.
#[derive(Clone)]
struct Host {
    engine: Arc<Mutex<Engine>>,
    failed: Arc<AtomicUsize>,
}

impl Source for Host {
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        let mut engine = self.engine();
        (engine.swap_changes(bytes), engine.latest(i64::MIN))
    }

    fn failed(&mut self, error: &StoreError) {
        assert_eq!(error.code(), "store_failed");
        self.failed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Host {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap()
    }

    fn used(&self, customer: usize) -> String {
        used(&self.engine(), customer)
    }

    fn call(&self, customer: usize) {
        let call = Call::new(Ask::by(1.0));
        assert!(self.engine().allow(START, &format!("c{customer}"), "unpriced", &call).unwrap());
    }
}

fn used(engine: &Engine, customer: usize) -> String {
    let record = engine.customer_record(&format!("c{customer}")).unwrap_or_default();
    record["meters"]["unpriced"]["value"].to_string()
}

fn open(disk: &Faulty, instance: u64) -> (Store, Host) {
    let mut opening = Opening::on(disk.shared(), 3).unwrap();
    opening.engine.record_changes(true);
    opening.engine.resume(START, policy(0)).unwrap();
    for at in 0..CUSTOMERS {
        let id = format!("c{at}");
        if opening.engine.customer(&id).is_none() {
            opening.engine.create_customer(START, &id, &Profile::default()).unwrap();
        }
    }
    let mut host = None;
    let store = opening.start(settings(instance, 2_000, 4_000), |engine| {
        let failed = Arc::new(AtomicUsize::new(0));
        Box::new(host.insert(Host { engine: Arc::new(Mutex::new(engine)), failed }).clone())
    });
    (store.unwrap(), host.unwrap())
}

#[test]
fn whatever_was_flushed_survives_a_power_cut_at_any_time() {
    let disk = Faulty::new(1);
    let (store, host) = open(&disk, 0);
    std::thread::scope(|scope| {
        for customer in 0..CUSTOMERS {
            let (store, host, disk) = (&store, &host, &disk);
            scope.spawn(move || {
                for at in 0..60 {
                    host.call(customer);
                    store.waker().wake();
                    if at % 6 == customer {
                        store.flush().unwrap();
                        let flushed = host.used(customer);
                        let disk = disk.fork(at as u64);
                        disk.cut();
                        let found = Opening::on(disk.shared(), 1).unwrap().engine;
                        assert_eq!(used(&found, customer), flushed);
                    }
                }
            });
        }
    });
    let expected = saved(&host.engine(), START);
    let last = host.engine().seq();
    // Folding stands back for everything else that this machine does: it comes, some time.
    let folded = || disk.files().keys().any(|name| name.starts_with("state-"));
    while !folded() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    store.close().unwrap();
    let (store, host) = open(&disk, 1);
    assert_eq!(saved(&host.engine(), START), expected);
    let mut numbers = Vec::new();
    for customer in 0..CUSTOMERS {
        let query = Query { customer: format!("c{customer}"), limit: usize::MAX, ..Query::default() };
        let history = store.reader().unwrap().history(&query).unwrap();
        let of_customer = history.iter().map(|recorded| recorded.change.seq);
        assert!(of_customer.clone().is_sorted_by(|a, b| a < b));
        numbers.extend(of_customer);
    }
    numbers.sort_unstable();
    // The first one is the policy.
    assert_eq!(numbers, (2..=last).collect::<Vec<_>>(), "each change is there, and once");
    store.close().unwrap();
}

#[test]
fn a_failing_disk_is_said_to_everybody_and_to_the_source_once() {
    for (at, fault) in
        [Fault::Forever(30), Fault::Once(31), Fault::Once(57), Fault::Once(90), Fault::Room(9_000)]
            .into_iter()
            .enumerate()
    {
        let disk = Faulty::new(at as u64);
        let (store, host) = open(&disk, 0);
        store.flush().unwrap();
        disk.set_fault(Some(fault));
        let refused = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for customer in 0..CUSTOMERS {
                let (store, host, refused) = (&store, &host, &refused);
                scope.spawn(move || {
                    let flushed = loop {
                        host.call(customer);
                        match store.flush() {
                            Ok(()) => {}
                            Err(error) => break error,
                        }
                    };
                    assert_eq!(flushed.code(), "store_failed");
                    assert_eq!(store.flush(), Err(flushed), "it stays so");
                    refused.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(refused.into_inner(), CUSTOMERS);
        assert_eq!(store.close().unwrap_err().code(), "store_failed");
        assert_eq!(host.failed.load(Ordering::SeqCst), 1, "{fault:?}");
        disk.set_fault(None);
        disk.cut();
        assert!(Opening::on(disk.shared(), 1).is_ok());
    }
}

#[test]
fn dropping_a_store_writes_what_waits() {
    let disk = Faulty::new(1);
    let (store, host) = open(&disk, 0);
    host.call(2);
    drop(store);
    let expected = saved(&host.engine(), START);
    disk.cut();
    assert_eq!(saved(&Opening::on(disk.shared(), 1).unwrap().engine, START), expected);
    assert_eq!(host.failed.load(Ordering::SeqCst), 0);
}

#[test]
fn a_store_can_be_closed_while_it_folds() {
    let disk = Faulty::new(1);
    let (reached, at_fold) = channel();
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    disk.watch(move |name| {
        if name.starts_with("state-") {
            reached.send(()).unwrap();
            // From then on nothing is waited for.
            let _ = wait.lock().unwrap().recv();
        }
    });
    let (store, host) = open(&disk, 0);
    while at_fold.try_recv().is_err() {
        host.call(0);
        store.flush().unwrap();
    }
    host.call(1);
    let expected = saved(&host.engine(), START);
    std::thread::scope(|scope| {
        let closed = scope.spawn(|| store.close());
        drop(go_on);
        closed.join().unwrap().unwrap();
    });
    disk.cut();
    assert_eq!(saved(&Opening::on(disk.shared(), 1).unwrap().engine, START), expected);
}
