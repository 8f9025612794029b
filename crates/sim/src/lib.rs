//! Where Limitr Cloud is proven: real engines, their side of Cloud, and servers on one database, in one thread, with one seed.
//!
//! 1. A **seed** says everything: who is there, under which policy, when calls come, how late each frame is, what breaks.
//! 2. There is a **storm**: calls, cut connections, engines and servers that die (before a commit, between commit and answer), clocks that are
//!    wrong, policies that are pushed. After every commit, and every answer, an oracle that sees everything says whether all is well.
//! 3. Then it is **calm**. Everybody comes back, and whatever can be said is said. The ledger must be the union of what was committed, engines
//!    and ledger must agree.
//! 4. Then all engines **use up** what is left. Not a unit may remain, but those that an engine without a store took with it when it died.
//!
//! In one seed of sixteen all goes the whole way: frames travel as text, and an operation of a server is run anew for each row that it misses. In the
//! others frames are carried as they are and rows are at hand. That changes nothing that a run does, which a test pins, and takes half the time.
//!
//! `cargo run -p limitr-sim --profile sim -- 20000` runs so many seeds; `SEED=7 cargo run …` runs one and prints what happened.

mod calm;
mod net;
mod node;
mod oracle;
mod policies;
mod queue;
mod random;
mod scenario;
mod steps;
mod world;

pub use limitr_ledger::planted::Bug;
pub use scenario::Scenario;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use world::World;

/// What a seed came to that found nothing wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events that happened.
    pub steps: u64,
    /// Calls that ran.
    pub ran: u64,
    /// Whether all that there was could be used up, and was.
    pub used_up: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed that shows it.
    pub seed: u64,
    /// What doesn't hold.
    pub problem: String,
    /// What happened, one line an event, if that was asked for.
    pub trace: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { seed, problem, trace } = self;
        trace.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "SEED={seed} cargo run -p limitr-sim --profile sim\n  {problem}")
    }
}

impl std::error::Error for Failure {}

/// Plays one seed, with a planted defect or none.
///
/// # Errors
/// What doesn't hold.
pub fn play(seed: u64, bug: Option<Bug>, traced: bool) -> Result<Report, Failure> {
    let mut world = World::new(seed, bug, traced);
    world.note_scenario();
    match world.play() {
        Ok(used_up) => Ok(Report { steps: world.steps, ran: world.ran, used_up }),
        Err(problem) => Err(Failure { seed, problem, trace: world.trace.take().unwrap_or_default() }),
    }
}

/// What happens under a seed, one line an event. `whole` says whether frames travel as text, and whether an operation of a server is run anew
/// for each row that it misses; without it the seed's number says that.
pub fn trace(seed: u64, bug: Option<Bug>, whole: Option<bool>) -> Vec<String> {
    let mut world = World::new(seed, bug, true);
    world.whole = whole.unwrap_or(world.whole);
    world.note_scenario();
    let played = world.play();
    let mut trace = world.trace.take().unwrap_or_default();
    trace.push(format!("{} events, {} calls that ran: {played:?}", world.steps, world.ran));
    trace
}

/// Plays seeds from `first` on, on so many threads; stops at the first failure that is found, which is played again for its trace.
///
/// # Errors
/// As [`play`].
pub fn play_all(first: u64, count: u64, bug: Option<Bug>, threads: u64) -> Result<Report, Failure> {
    let next = AtomicU64::new(first);
    let failed = AtomicU64::new(u64::MAX);
    let work = || {
        let mut sum = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count || failed.load(Ordering::Relaxed) < u64::MAX {
                return sum;
            }
            // One that panics has failed, too: it is named, and panics again when it is played for its trace.
            let played = catch_unwind(AssertUnwindSafe(|| play(seed, bug, false)));
            match played {
                Ok(Ok(Report { steps, ran, used_up })) => {
                    sum = Report {
                        steps: sum.steps + steps,
                        ran: sum.ran + ran,
                        used_up: sum.used_up | used_up,
                    };
                }
                Ok(Err(_)) | Err(_) => drop(failed.fetch_min(seed, Ordering::Relaxed)),
            }
        }
    };
    let sum = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("a run doesn't panic"));
        sums.fold(Report::default(), |sum, one| Report {
            steps: sum.steps + one.steps,
            ran: sum.ran + one.ran,
            used_up: sum.used_up | one.used_up,
        })
    });
    match failed.into_inner() {
        u64::MAX => Ok(sum),
        seed => catch_unwind(AssertUnwindSafe(|| play(seed, bug, true))).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            Err(Failure { seed, problem: format!("it panics: {said}"), trace: Vec::new() })
        }),
    }
}
