//! Leases: granted, renewed, returned, revoked, taken back.
//!
//! ```text
//!            lease {want}               lease {want}: larger, or until later
//!   (none) ───────────────▶ open ◀──────────┐
//!      ▲                     │ └────────────┘
//!      │ next lease          │ return {amount, unused}   or: the instance ends, or is lost
//!      └───────────────── closed ──▶ settled: spent reaches the ceiling, or the instance ends complete, or the period ends
//! ```

use limitr_engine::Shareable;
use limitr_engine::quantity::Amount;
use limitr_protocol::{DenyReason, Down, InstanceId, What};

use crate::customers::{family, start_meter};
use crate::desk::Wake;
use crate::instances::speaking;
use crate::meters::{Lease, Meter, MeterKey, minus, plus, sized};
#[cfg(feature = "planted")]
use crate::planted::Bug;
use crate::refusal::Refusal;
use crate::rows::{Key, Query, Rows, Stop};
use crate::terms::Rules;

/// How long a lease lasts unless it is renewed, in milliseconds.
pub const LEASE_MS: i64 = 60_000;
/// How much later what is leased under `reclaim` is taken back, in milliseconds: clocks differ.
pub const RECLAIM_AFTER_MS: i64 = 10_000;

/// What an instance asks for.
pub(crate) struct Asked<'a> {
    pub(crate) customer: &'a str,
    pub(crate) what: &'a What,
    pub(crate) want: Amount,
}

/// Answers `lease`. Where the limit's meter starts with it, the first of the wakes says whose.
pub(crate) fn ask(
    rows: &mut Rows,
    rules: &Rules,
    now: i64,
    (me, session): (InstanceId, u64),
    asked: &Asked<'_>,
) -> Result<(Vec<Down>, Vec<Wake>), Stop> {
    let mut instance = speaking(rows, me, session)?;
    let denied =
        |reason| Down::LeaseDenied { customer: asked.customer.into(), what: asked.what.clone(), reason };
    let (mut frames, mut wakes) = (Vec::new(), Vec::new());
    if let What::Limit(entitlement) = asked.what
        && start_meter(rows, rules, now, asked.customer, entitlement)?
    {
        wakes.push(Wake::Customer(asked.customer.into()));
    }
    let family = family(rows, asked.customer)?;
    if family.is_empty() {
        return Ok((vec![denied(DenyReason::UnknownCustomer)], wakes));
    }
    let shareable = rules.shareable(now, family, asked.customer, asked.what);
    let shareable = shareable.map_err(|error| Refusal::new(error.code(), error.message()))?;
    let Some(Shareable { limit, period_start, period_end }) = shareable else {
        return Ok((vec![denied(DenyReason::NotLimited)], wakes));
    };
    let place = (MeterKey { customer: asked.customer.into(), what: asked.what.clone(), period_start }, me);
    rows.want([Key::Meter(place.0.clone()), Key::Lease(place.clone())])?;
    let mut meter = rows.meter(&place.0)?.unwrap_or_default();
    let mut lease = rows.lease(&place)?.unwrap_or_default();
    let (before, was_open) = (lease.reserved(), lease.open);
    let given = sized(minus(asked.want, before), meter.free(limit));
    // What it has already and didn't spend, as far as the server knows, is its own to open again.
    if was_open || given.is_positive() || asked.want <= before || lease.unreported().is_positive() {
        let ceiling = plus(before, given);
        #[cfg(feature = "planted")]
        let twice = rules.settings().bug == Some(Bug::LeaseCountedTwice) && was_open;
        #[cfg(not(feature = "planted"))]
        let twice = false;
        match twice {
            true => lease.ceiling = Some(ceiling),
            false => grant(&mut meter, &mut lease, ceiling),
        }
        lease.until = now.saturating_add(LEASE_MS);
        lease.reclaim = rules.settings().reclaim;
        if !was_open {
            instance.leases += 1;
            lease.id = instance.leases;
        }
        frames.push(told(&place.0, &lease));
    }
    if plus(before, given) < asked.want && meter.free(limit) < Amount::from_int(1) {
        let others = others(rows, &place)?;
        wakes.extend(
            others
                .iter()
                .filter(|(_, lease)| lease.open)
                .map(|(instance, lease)| Wake::Revoke { instance: *instance, lease: lease.id }),
        );
        if !given.is_positive() {
            let reason = if others.is_empty() { DenyReason::Exhausted } else { DenyReason::Leased };
            frames.push(denied(reason));
        }
    }
    meter.period_end = period_end;
    rows.put_meter(&place.0, meter);
    rows.put_lease(&place, lease);
    rows.put_instance(&me, instance);
    Ok((frames, wakes))
}

/// Raises a lease to `ceiling`, and opens it. Only its instance lowers one, by returning it.
fn grant(meter: &mut Meter, lease: &mut Lease, ceiling: Amount) {
    meter.change(lease, |lease| {
        lease.ceiling = Some(ceiling);
        lease.open = true;
    });
}

fn told(key: &MeterKey, lease: &Lease) -> Down {
    Down::Lease {
        id: lease.id,
        customer: key.customer.clone(),
        what: key.what.clone(),
        period_start: key.period_start,
        amount: lease.reserved(),
        until: lease.until,
    }
}

/// The leases of others on a meter that aren't spent, as far as they reported.
fn others(rows: &Rows, place: &(MeterKey, InstanceId)) -> Result<Vec<(InstanceId, Lease)>, Stop> {
    let keys = rows.ask(&Query::LeasesOn(place.0.clone()))?;
    rows.want(keys.iter().cloned())?;
    let mut others = Vec::new();
    for key in keys {
        let Key::Lease(other) = key else { continue };
        let lease = rows.lease(&other)?.unwrap_or_default();
        if other.1 != place.1 && lease.unreported().is_positive() {
            others.push((other.1, lease));
        }
    }
    Ok(others)
}

/// Ends a lease: `unused` of the `amount` that the instance knew of won't be spent. One that is over already stays as it is.
pub(crate) fn give_back(
    rows: &mut Rows,
    (me, session): (InstanceId, u64),
    id: u64,
    amount: Amount,
    unused: Amount,
) -> Result<(), Stop> {
    speaking(rows, me, session)?;
    let Some(Key::Lease(place)) = rows.ask(&Query::Lease(me, id))?.pop() else { return Ok(()) };
    rows.want([Key::Meter(place.0.clone()), Key::Lease(place.clone())])?;
    let (Some(mut meter), Some(mut lease)) = (rows.meter(&place.0)?, rows.lease(&place)?) else {
        return Ok(());
    };
    if !lease.open || lease.id != id {
        return Ok(());
    }
    meter.change(&mut lease, |lease| {
        lease.open = false;
        lease.ceiling = lease.ceiling.map(|ceiling| ceiling.min(minus(amount, unused)));
    });
    rows.put_meter(&place.0, meter);
    rows.put_lease(&place, lease);
    Ok(())
}

/// Takes back what ran out under `reclaim`: what isn't reported by now may be granted again. Answers how many leases.
///
/// # Errors
/// As [`Rows`].
pub fn take_back(rows: &mut Rows, now: i64) -> Result<usize, Stop> {
    let keys = rows.ask(&Query::Expired(now.saturating_sub(RECLAIM_AFTER_MS)))?;
    let meters = keys.iter().filter_map(|key| match key {
        Key::Lease((meter, _)) => Some(Key::Meter(meter.clone())),
        _ => None,
    });
    rows.want(meters.chain(keys.iter().cloned()))?;
    for key in &keys {
        let Key::Lease(place) = key else { continue };
        let (Some(mut meter), Some(mut lease)) = (rows.meter(&place.0)?, rows.lease(place)?) else {
            continue;
        };
        meter.change(&mut lease, |lease| (lease.open, lease.ceiling) = (false, None));
        rows.put_meter(&place.0, meter);
        rows.put_lease(place, lease);
    }
    Ok(keys.len())
}

/// Closes a meter whose period is over, once nothing of it is still to come; whether it is closed. Changes that come later all the same are
/// counted in it, and as late.
///
/// # Errors
/// As [`Rows`].
pub fn close_period(rows: &mut Rows, now: i64, key: &MeterKey) -> Result<bool, Stop> {
    let watermark = crate::instances::watermark(rows, now)?;
    let Some(mut meter) = rows.meter(key)? else { return Ok(false) };
    if meter.closed_at.is_some() {
        return Ok(true);
    }
    let over = meter.period_end.is_some_and(|end| end <= watermark);
    if over {
        meter.closed_at = Some(now);
        rows.put_meter(key, meter);
    }
    Ok(over)
}
