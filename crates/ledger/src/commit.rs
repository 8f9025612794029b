//! Committing changes: each exactly once, in its author's order.
//!
//! 1. A change is known by `(instance, seq)`. The instance's row says up to where they are committed: those are dropped, and the next must
//!    follow without a gap.
//! 2. A change that *counts* (a meter's, a cap's, a grant's movement) is added to the meter of the period that it names, however late it
//!    comes. One that *says* something is replayed into the customer's record.
//! 3. The acknowledgement is of what this very transaction commits.

use std::sync::Arc;

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected, Metered, Spend};
use limitr_protocol::{Down, InstanceId, Sent, What};

use crate::customers::{Customer, family, start_meter};
use crate::desk::Wake;
use crate::instances::{ack, end_if_all_in, speaking};
use crate::meters::{MeterKey, Sums};
#[cfg(feature = "planted")]
use crate::planted::Bug;
use crate::refusal::Refusal;
use crate::rows::{Key, Rows, Stop};
use crate::terms::Rules;

/// The author of what the server itself does.
pub const SERVER: InstanceId = InstanceId(0);

/// A committed change.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Who made it.
    pub author: InstanceId,
    /// The change, with its author's number.
    pub change: Arc<Change>,
}

/// Changes as they came.
pub(crate) struct Batch<'a> {
    /// Whose they are.
    pub(crate) author: InstanceId,
    /// In order, without gaps.
    pub(crate) list: &'a [Sent],
    /// Nothing of the author from before this is still to come.
    pub(crate) watermark: i64,
}

/// Commits changes; answers the acknowledgement, and whom to wake.
pub(crate) fn commit(
    rows: &mut Rows,
    rules: &Rules,
    (me, session): (InstanceId, u64),
    batch: &Batch<'_>,
) -> Result<(Down, Vec<Wake>), Stop> {
    let author = batch.author;
    rows.want([Key::Instance(me), Key::Instance(author)])?;
    let speaker = speaking(rows, me, session)?;
    let mut row = if author == me { speaker } else { rows.instance(&author)?.unwrap_or_default() };
    if author != me && row.successor != Some(me) {
        return Err(
            Refusal::fatal("not_yours", format!("changes of `{author}`, which you didn't name")).into()
        );
    }
    let first = batch.list.first().map_or(row.up_to + 1, |sent| sent.0.seq);
    if first > row.up_to + 1 {
        let expected = row.up_to + 1;
        return Err(
            Refusal::fatal("change_gap", format!("change {first} where {expected} was expected")).into()
        );
    }
    if author != me && batch.list.last().is_some_and(|sent| row.last.is_none_or(|last| sent.0.seq > last)) {
        return Err(Refusal::fatal("not_yours", format!("more changes of `{author}` than were named")).into());
    }
    #[cfg(feature = "planted")]
    if rules.settings().bug == Some(Bug::ReplayedChange) {
        row.up_to = row.up_to.min(first - 1);
    }
    let fresh = || batch.list.iter().map(|sent| &sent.0).filter(|change| change.seq > row.up_to);
    want_rows(rows, author, fresh())?;
    let mut wakes: Vec<Wake> = Vec::new();
    for change in fresh() {
        if let Some(holder) = change.effect.holder() {
            wakes.push(Wake::Customer(holder.into()));
        }
        land(rows, rules, author, change.clone())?;
    }
    row.up_to = batch.list.last().map_or(row.up_to, |sent| sent.0.seq.max(row.up_to));
    row.watermark = row.watermark.max(batch.watermark);
    let up_to = row.up_to;
    rows.put_instance(&author, row);
    if author != me {
        end_if_all_in(rows, author)?;
    }
    wakes.sort();
    wakes.dedup();
    Ok((ack(me, author, up_to), wakes))
}

/// Asks for all rows that changes touch, so that they are locked in one order.
fn want_rows<'a>(
    rows: &Rows,
    author: InstanceId,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(), Stop> {
    let mut keys = Vec::new();
    for change in changes {
        keys.extend(change.effect.holder().map(|holder| Key::Customer(holder.into())));
        if let Some((meter, ..)) = counts(&change.effect) {
            keys.push(Key::Meter(meter.clone()));
            keys.push(Key::Lease((meter, author)));
        }
    }
    rows.want(keys)
}

/// Puts one change in its place.
pub(crate) fn land(rows: &mut Rows, rules: &Rules, author: InstanceId, change: Change) -> Result<(), Stop> {
    let Some(holder) = change.effect.holder().map(Box::<str>::from) else {
        return Ok(()); // a policy that was pushed and runs now
    };
    let (change, astray) = aligned(rows, rules, change)?;
    let Some(mut customer) = rows.customer(&holder)? else {
        let message = format!("change {} speaks of `{holder}`, whom the server doesn't have", change.seq);
        return Err(Refusal::fatal("unknown_customer", message).into());
    };
    if matches!(change.effect, Effected::CustomerReplaced { .. }) {
        let message = "no record replaces a record here: `setCustomer` and `loadCustomers` are refused";
        return Err(Refusal::fatal("change_refused", message).into());
    }
    if let Some((key, spent, sums)) = counts(&change.effect) {
        // What its author counts in another period isn't of its lease on this one.
        let place = (key, if astray { SERVER } else { author });
        let mut meter = rows.meter(&place.0)?.unwrap_or_default();
        let mut lease = rows.lease(&place)?.unwrap_or_default();
        meter.spend(&mut lease, spent, &sums);
        rows.put_meter(&place.0, meter);
        rows.put_lease(&place, lease);
    } else if says(&change.effect) && !customer.removed {
        say(rules, &mut customer, &holder, &change)?;
    }
    customer.rev += 1;
    rows.put_change(&(holder.clone(), customer.rev), Logged { author, change: Arc::new(change) });
    rows.put_customer(&holder, customer);
    Ok(())
}

/// The change as it counts here, and whether that is in another period than its author counts in. Of a meter that was used before anybody
/// heard of its start, as by force, the first use starts it; what others use meanwhile goes where that puts it.
fn aligned(rows: &mut Rows, rules: &Rules, mut change: Change) -> Result<(Change, bool), Stop> {
    let Effected::Metered(metered) = &mut change.effect else { return Ok((change, false)) };
    let Metered { holder, entitlement, period_start, .. } = metered;
    start_meter(rows, rules, *period_start, holder, entitlement)?;
    let (customer, what) = (holder.clone(), What::Limit(entitlement.clone()));
    if rows.meter(&MeterKey { customer, what, period_start: *period_start })?.is_some() {
        return Ok((change, false));
    }
    let start = rules.period_start_at(*period_start, family(rows, holder)?, holder, entitlement);
    let start = start.map_err(|error| Refusal::new(error.code(), error.message()))?;
    match start.filter(|start| *start < *period_start) {
        Some(start) => {
            *period_start = start;
            Ok((change, true))
        }
        None => Ok((change, false)),
    }
}

fn say(rules: &Rules, customer: &mut Customer, holder: &str, change: &Change) -> Result<(), Stop> {
    if matches!(change.effect, Effected::CustomerRemoved { .. }) {
        customer.removed = true;
        return Ok(());
    }
    let applied = rules.apply(&customer.record, holder, change);
    let record = applied.map_err(|error| Refusal::fatal("invalid_change", error.message()))?;
    customer.record = Arc::new(record);
    Ok(())
}

/// Where a change counts, how much of the limit, cap or grant it spends, and what else is summed.
pub fn counts(effect: &Effected) -> Option<(MeterKey, Amount, Sums)> {
    let Spend { customer, what, period_start, units: spent } = Spend::of(effect)?;
    let sums = match effect {
        Effected::Metered(Metered { units, granted_diff, overhead, overage_price, .. }) => {
            Sums { units: *units, granted: *granted_diff, overhead: *overhead, billed: *overage_price }
        }
        _ => Sums { units: spent, ..Sums::default() },
    };
    Some((MeterKey { customer, what, period_start }, spent, sums))
}

/// Whether a change says what a customer is, rather than what it did.
fn says(effect: &Effected) -> bool {
    use Effected::*;
    match effect {
        MetersStarted { .. }
        | CustomerSet { .. }
        | CustomerRemoved { .. }
        | OverrideSet { .. }
        | OverrideRemoved { .. }
        | GrantAdded(_)
        | CapSet { .. }
        | CapRemoved { .. } => true,
        // What a grant holds is its meter's to say: one that an engine saw spent may yet get back.
        GrantsEnded { .. } | GrantRenewed { .. } | UnitChanged { .. } | CapReset { .. } => false,
        Metered(_) | PeriodBegan { .. } | GrantDrawn(_) | CapCounted(_) | CustomerReplaced { .. } => false,
        CapHeld(_) | CapFreed { .. } | HoldSet { .. } | HoldEnded { .. } => false,
        Notified { .. } | Learned(_) | Decided { .. } | PolicySet { .. } => false,
    }
}

/// Whether others that hold the customer need to know.
pub(crate) fn concerns_others(effect: &Effected) -> bool {
    says(effect) || counts(effect).is_some()
}
