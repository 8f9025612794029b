//! The doors themselves, the same for every host. A host's own file turns its arguments into these and back.
//!
//! A deciding door answers 0 for denied and 1 for allowed, plus 2 when events wait, plus 4 when other threads are to take some,
//! plus 8 when it lacked units that a server may have, or -1 for an error that `last_error` gives. One that leaves no answer takes the
//! first event at once: plus 16 times what `next_event` would answer. Reads answer a number, NaN for null, -Infinity for an error. The others answer
//! JSON, `{"value"}` or `{"error"}`.

#[cfg(not(target_arch = "wasm32"))]
use std::any::Any;
use std::cell::RefCell;
#[cfg(not(target_arch = "wasm32"))]
use std::panic::AssertUnwindSafe;
use std::panic::{UnwindSafe, catch_unwind};

use limitr_engine::{BatchItem, Call, Called, EngineError, Given};
use serde_json::Value;
use smallvec::SmallVec;

use crate::names::{Name, Names};
use crate::slots::Gone;
use crate::wire::{ANSWER_LEN, Host, call_of};
use crate::{slots, wire};

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What a deciding door is asked that takes all that a call can say in numbers.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) value: f64,
    pub(crate) flags: u32,
    /// Counts where the flags say that it is given.
    pub(crate) overhead: f64,
}

impl Asked {
    #[inline(always)]
    fn call(self) -> Result<Call<'static>, EngineError> {
        call_of(Given::Number(self.value), self.flags, self.overhead)
    }
}

/// Decides and meters; `take` takes the first event, if one waits.
#[inline(always)]
pub(crate) fn allow(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    call: &Call<'static>,
    mut take: impl FnMut(&mut Host) -> u32,
) -> i32 {
    let answer =
        with_host(engine, |host, names| allowed(host, names, customer, entitlement, call, &mut take));
    answer.unwrap_or(-1)
}

/// [`allow`] of all that a call can say.
pub(crate) fn allow_with(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    asked: Asked,
    mut take: impl FnMut(&mut Host) -> u32,
) -> i32 {
    let answer = with_host(engine, |host, names| {
        allowed(host, names, customer, entitlement, &asked.call()?, &mut take)
    });
    answer.unwrap_or(-1)
}

#[inline(always)]
fn allowed(
    host: &mut Host,
    names: &Names,
    customer: Name<'_>,
    entitlement: u32,
    call: &Call<'_>,
    take: &mut impl FnMut(&mut Host) -> u32,
) -> Result<i32, EngineError> {
    let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
    let allowed = host.allow(customer, entitlement, call)?;
    Ok(settled(host, allowed, take))
}

#[inline(always)]
fn settled(host: &mut Host, allowed: bool, take: &mut impl FnMut(&mut Host) -> u32) -> i32 {
    let dry = 8 * i32::from(!allowed && host.is_dry());
    told(host, allowed, take) + dry
}

/// What a door answers that never lacks units.
#[inline(always)]
fn told(host: &mut Host, done: bool, take: &mut impl FnMut(&mut Host) -> u32) -> i32 {
    let others = 4 * i32::from(host.tells_others());
    let event = if host.has_events() { take(host) } else { 0 };
    i32::from(done) + others + 16 * event as i32
}

/// Decides and meters plain calls, all or none, whose events are sent: `count` pairs of an entitlement and a value, which stand first in
/// `items`; `take` as for [`allow`].
pub(crate) fn allow_all(
    engine: f64,
    customer: Name<'_>,
    count: usize,
    items: &[f64; ANSWER_LEN],
    mut take: impl FnMut(&mut Host) -> u32,
) -> i32 {
    let answer = with_host(engine, |host, names| {
        let pairs = items.as_chunks::<2>().0.iter().take(count);
        let items: SmallVec<[BatchItem<'_>; 4]> = pairs
            .map(|[entitlement, value]| {
                BatchItem::new(names.entitlement(*entitlement as u32), Given::Number(*value))
            })
            .collect();
        let allowed = host.allow_all(names.customer(customer), &items, true)?;
        Ok(settled(host, allowed, &mut take))
    });
    answer.unwrap_or(-1)
}

/// Reserves room for the first of `numbers`, as [`Host::reserve_numbers`] reads them, and leaves the hold's number there.
pub(crate) fn reserve(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    numbers: &mut [f64; ANSWER_LEN],
) -> i32 {
    let answer = with_host(engine, |host, names| {
        let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
        let hold = host.reserve_numbers(customer, entitlement, numbers)?;
        if let Some(hold) = hold {
            numbers[0] = hold.number() as f64;
        }
        Ok(verdict(hold.is_some(), host))
    });
    answer.unwrap_or(-1)
}

/// Does with a hold what the first of `numbers` say, as [`Host::with_hold_numbers`] reads them; `take` as for [`allow`].
pub(crate) fn with_hold(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    numbers: &[f64; ANSWER_LEN],
    mut take: impl FnMut(&mut Host) -> u32,
) -> i32 {
    let answer = with_host(engine, |host, names| {
        let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
        let done = host.with_hold_numbers(customer, entitlement, numbers)?;
        Ok(told(host, done, &mut take))
    });
    answer.unwrap_or(-1)
}

/// Decides and moves nothing.
#[inline(always)]
pub(crate) fn check(engine: f64, customer: Name<'_>, entitlement: u32, call: &Call<'static>) -> i32 {
    let answer = with_host(engine, |host, names| checked(host, names, customer, entitlement, call));
    answer.unwrap_or(-1)
}

/// [`check`] of all that a call can say.
pub(crate) fn check_with(engine: f64, customer: Name<'_>, entitlement: u32, asked: Asked) -> i32 {
    let answer = with_host(engine, |host, names| checked(host, names, customer, entitlement, &asked.call()?));
    answer.unwrap_or(-1)
}

#[inline(always)]
fn checked(
    host: &mut Host,
    names: &Names,
    customer: Name<'_>,
    entitlement: u32,
    call: &Call<'_>,
) -> Result<i32, EngineError> {
    let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
    let allowed = host.check(customer, entitlement, call)?;
    Ok(i32::from(allowed) + 8 * i32::from(!allowed && host.is_dry()))
}

/// Decides, meters, and answers in full.
pub(crate) fn decide(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    call: &Call<'static>,
    answer: &mut [f64; ANSWER_LEN],
) -> i32 {
    let done = with_host(engine, |host, names| {
        let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
        let allowed = host.decide_into(customer, entitlement, call, answer)?;
        Ok(verdict(allowed, host))
    });
    done.unwrap_or(-1)
}

/// What is to be done about a call whose whole answer is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whole<'a> {
    Decide,
    /// Under an ID, which is answered as before.
    DecideOnce(&'a str),
    Explain,
}

/// [`decide`] of all that a call can say.
pub(crate) fn decide_with(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    asked: Asked,
    whole: Whole<'_>,
    answer: &mut [f64; ANSWER_LEN],
) -> i32 {
    let done = with_host(engine, |host, names| {
        let (customer, entitlement) = (names.customer(customer), names.entitlement(entitlement));
        let call = asked.call()?;
        let decision = match whole {
            Whole::Decide => host.decide(customer, entitlement, &call)?,
            Whole::DecideOnce(id) => host.decide_once(customer, entitlement, &call, id)?,
            Whole::Explain => host.explain(customer, entitlement, &call)?,
        };
        host.fill(&decision, answer);
        Ok(verdict(decision.allowed, host))
    });
    done.unwrap_or(-1)
}

/// A number that is read of a meter.
#[inline(always)]
pub(crate) fn read(
    engine: f64,
    customer: Name<'_>,
    entitlement: u32,
    flags: u32,
    read: impl Fn(&Host, Called<'_>, Called<'_>, u32) -> f64,
) -> f64 {
    let answer = with_host(engine, |host, names| {
        Ok(read(host, names.customer(customer), names.entitlement(entitlement), flags))
    });
    answer.unwrap_or(f64::NEG_INFINITY)
}

/// Takes the oldest event that waits; its kind.
pub(crate) fn next_event(engine: f64, answer: &mut [f64; ANSWER_LEN]) -> i32 {
    let kind = with_host(engine, |host, _| Ok(host.next_event(answer)));
    kind.and_then(|kind| i32::try_from(kind).ok()).unwrap_or(0)
}

/// Opens an engine for a document; JSON `{"value": {"engine", "diagnostics", "format"}}` or `{"error"}`.
pub(crate) fn open(
    document: &str,
    format: &str,
    options: &str,
    seed: impl FnOnce() -> u64 + UnwindSafe,
) -> String {
    let opened = catch_unwind(|| wire::open(document.as_bytes(), format, options, seed()));
    wire::answered(match opened {
        Ok(opened) => opened.and_then(|(host, mut about)| {
            let engine = slots::open(host).ok_or_else(too_many)?;
            about["engine"] = Value::from(engine);
            Ok(about)
        }),
        Err(_) => Err(EngineError::new("internal", "the document could not be opened; please report it")),
    })
}

/// The error of a thread that can't open another engine.
pub(crate) fn too_many() -> EngineError {
    let message = format!("this thread has {} engines open; close some", slots::ENGINES_MAX);
    EngineError::new("too_many", message)
}

/// Switches on or off that events are built; whether the engine is open.
pub(crate) fn listen(engine: f64, on: bool) -> bool {
    with_host(engine, |host, _| {
        host.listen(on);
        Ok(())
    })
    .is_some()
}

/// Calls a method by name with a JSON array of arguments; JSON `{"value"}` or `{"error"}`.
pub(crate) fn call(engine: f64, op: &str, args: &str) -> String {
    let answer = on_host(engine, |host, _| wire::call(host, op, args));
    answer.unwrap_or_else(|failed| wire::answered(Err(failed.into_error())))
}

/// What numbers can't say of the event that `next_event` took last, as JSON.
pub(crate) fn event_text(engine: f64) -> String {
    with_host(engine, |host, _| Ok(host.event_text())).unwrap_or_else(|| "null".to_string())
}

/// What the indexes in answers mean, as JSON.
pub(crate) fn names(engine: f64) -> String {
    with_host(engine, |host, _| Ok(host.names())).unwrap_or_else(|| "null".to_string())
}

/// The last error of a door that answers with a number, as JSON.
pub(crate) fn last_error() -> String {
    LAST_ERROR.with_borrow(Clone::clone)
}

/// Keeps an error for `last_error`.
#[cold]
pub(crate) fn keep_error(error: &EngineError) {
    LAST_ERROR.set(wire::error_json(error).to_string());
}

/// Works with an open engine; any failure is kept for `last_error`.
#[inline(always)]
fn with_host<T>(engine: f64, mut work: impl FnMut(&mut Host, &Names) -> Result<T, EngineError>) -> Option<T> {
    let answer = on_host(engine, |host, names| match work(host, names) {
        Ok(answer) => Some(answer),
        Err(error) => {
            keep_error(&error);
            None
        }
    });
    match answer {
        Ok(answer) => answer,
        Err(gone) => {
            keep_error(&gone.into_error());
            None
        }
    }
}

/// Works with an open engine; fails if it is gone, or goes by a defect.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn on_host<T>(engine: f64, work: impl FnMut(&mut Host, &Names) -> T) -> Result<T, Failed> {
    // Behind one pointer, and answered through it: what is moved just after it was written stalls.
    let mut task = (engine, work, None);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let (engine, work, answer) = &mut task;
        *answer = Some(slots::with(*engine, work));
    }));
    match (caught, task.2) {
        (Ok(()), Some(Ok(answer))) => Ok(answer),
        (Ok(()), Some(Err(gone))) => Err(Failed::Gone(engine, gone)),
        (Err(panic), _) => Err(Failed::Defect(engine, panic)),
        (Ok(()), None) => Err(Failed::Gone(engine, Gone::Closed)),
    }
}

/// A panic is a trap there, which ends the instance: there is nothing to catch.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
fn on_host<T>(engine: f64, work: impl FnOnce(&mut Host, &Names) -> T) -> Result<T, Failed> {
    slots::with(engine, work).map_err(|gone| Failed::Gone(engine, gone))
}

/// Why there was no engine to work with.
enum Failed {
    Gone(f64, Gone),
    #[cfg(not(target_arch = "wasm32"))]
    Defect(f64, Box<dyn Any + Send>),
}

impl Failed {
    #[cold]
    fn into_error(self) -> EngineError {
        match self {
            Failed::Gone(engine, gone) => refused(engine, gone),
            #[cfg(not(target_arch = "wasm32"))]
            Failed::Defect(engine, panic) => defect(engine, panic.as_ref()),
        }
    }
}

#[inline(always)]
fn verdict(allowed: bool, host: &mut Host) -> i32 {
    let told = i32::from(allowed) + 2 * i32::from(host.has_events()) + 4 * i32::from(host.tells_others());
    told + 8 * i32::from(!allowed && host.is_dry())
}

/// The error of an engine that can't be worked with.
#[cold]
pub(crate) fn refused(engine: f64, gone: Gone) -> EngineError {
    match gone {
        Gone::Closed => {
            EngineError::new("closed", "this Limitr was closed; open another one with `Limitr.new`")
        }
        Gone::Poisoned => {
            let said = slots::defect(engine);
            let said = said.as_deref().unwrap_or("in a call of another thread");
            EngineError::new(
                "engine_poisoned",
                format!(
                    "the engine met a defect ({said}) and its memory can't be trusted: open another with `Limitr.new`"
                ),
            )
        }
    }
}

/// The error of a defect. The engine it happened in is dropped, since its state can't be trusted.
#[cfg(not(target_arch = "wasm32"))]
#[cold]
fn defect(engine: f64, panic: &(dyn Any + Send)) -> EngineError {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic");
    slots::poison(engine, said.to_string());
    let message = format!("the engine met a defect and was stopped: {said}; please report what led here");
    EngineError::new("internal", message)
}
