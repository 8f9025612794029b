//! Instances: who speaks, what of it is committed, and how one takes the place of another.
//!
//! 1. A connection begins with `hello`, which gives it the instance's next **session** number. Every later operation of it checks that
//!    number in the instance's row, so an older connection, at whatever server, can't do anything any more.
//! 2. An instance with a store, which opens anew, is another instance and names the **earlier** ones whose changes it hands in. These can't
//!    speak any more. Once the last change of one is in, it **ends**, and if it answered nothing that isn't in its store, what it had
//!    leased and not spent is free.

use limitr_protocol::{Down, Earlier, InstanceId, UpTo};

use crate::desk::Wake;
use crate::refusal::Refusal;
use crate::rows::{Key, Query, Rows, Stop};

/// An instance's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its latest connection; older ones are over.
    pub session: u64,
    /// The number of its last committed change.
    pub up_to: u64,
    /// Nothing of it that happened before this is still to come.
    pub watermark: i64,
    /// How many leases it got: the number of its latest.
    pub leases: u64,
    /// The policy that it runs, as it says.
    pub policy_version: Option<u64>,
    /// The instance that hands in its changes.
    pub successor: Option<InstanceId>,
    /// The number of its last change, once a successor said it.
    pub last: Option<u64>,
    /// Whether it answered nothing that isn't among its changes.
    pub complete: bool,
    /// Whether nothing of it is still to come.
    pub ended: bool,
}

/// Reads the row of an instance whose session this is.
pub(crate) fn speaking(rows: &Rows, me: InstanceId, session: u64) -> Result<Instance, Stop> {
    match rows.instance(&me)? {
        Some(row) if row.session == session && row.successor.is_none() && !row.ended => Ok(row),
        _ => Err(Refusal::fatal("session_over", "another connection speaks for this instance now").into()),
    }
}

/// What `hello` leads to.
pub(crate) struct Greeted {
    /// The connection's number.
    pub(crate) session: u64,
    /// What of the instance, and of each earlier one, is committed.
    pub(crate) up_to: u64,
    pub(crate) earlier: Vec<UpTo>,
    pub(crate) wakes: Vec<Wake>,
}

/// Begins a connection.
pub(crate) fn hello(
    rows: &mut Rows,
    me: InstanceId,
    policy_version: Option<u64>,
    earlier: &[Earlier],
) -> Result<Greeted, Stop> {
    rows.want(earlier.iter().map(|earlier| earlier.instance).chain([me]).map(Key::Instance))?;
    let mut row = rows.instance(&me)?.unwrap_or_default();
    if row.ended || row.successor.is_some() {
        let message = "a later instance has taken over this one's changes: open anew";
        return Err(Refusal::fatal("instance_ended", message).into());
    }
    row.session += 1;
    row.policy_version = policy_version;
    rows.put_instance(&me, row.clone());
    let mut greeted =
        Greeted { session: row.session, up_to: row.up_to, earlier: Vec::new(), wakes: Vec::new() };
    greeted.wakes.push(Wake::Session { instance: me, session: row.session });
    for one in earlier {
        let passed_by = |other: InstanceId| other == me || earlier.iter().any(|one| one.instance == other);
        let session = take_over(rows, me, one, passed_by)?;
        let instance = one.instance;
        greeted.wakes.push(Wake::Session { instance, session });
        let up_to = rows.instance(&instance)?.unwrap_or_default().up_to;
        greeted.earlier.push(UpTo { instance, up_to });
    }
    Ok(greeted)
}

/// Lets `me` hand in what an earlier instance left. One between them that never got to it may be passed by, if it is taken over, too.
fn take_over(
    rows: &mut Rows,
    me: InstanceId,
    earlier: &Earlier,
    passed_by: impl Fn(InstanceId) -> bool,
) -> Result<u64, Stop> {
    let Earlier { instance, up_to, complete } = *earlier;
    let mut row = rows.instance(&instance)?.unwrap_or_default();
    let open = row.ended || row.successor.is_none_or(passed_by);
    if instance == me || instance == crate::commit::SERVER || !open {
        return Err(Refusal::fatal("not_yours", format!("`{instance}` belongs to another instance")).into());
    }
    row.session += 1;
    row.successor = Some(me);
    row.last = Some(up_to.max(row.up_to));
    row.complete = complete;
    let session = row.session;
    rows.put_instance(&instance, row);
    end_if_all_in(rows, instance)?;
    Ok(session)
}

/// Ends an instance that was taken over, once its last change is in.
pub(crate) fn end_if_all_in(rows: &mut Rows, instance: InstanceId) -> Result<(), Stop> {
    let row = rows.instance(&instance)?.unwrap_or_default();
    match row.last {
        Some(last) if row.up_to >= last && !row.ended => end(rows, instance, row.complete),
        _ => Ok(()),
    }
}

/// Ends an instance. If it is `complete`, what it had leased and not spent is free; else that stays spent until the period ends.
///
/// # Errors
/// As [`Rows`].
pub fn end(rows: &mut Rows, instance: InstanceId, complete: bool) -> Result<(), Stop> {
    let mut row = rows.instance(&instance)?.unwrap_or_default();
    row.ended = true;
    rows.put_instance(&instance, row);
    let leases = rows.ask(&Query::LeasesOf(instance))?;
    let meters = leases.iter().filter_map(|key| match key {
        Key::Lease((meter, _)) => Some(Key::Meter(meter.clone())),
        _ => None,
    });
    rows.want(meters.chain(leases.iter().cloned()))?;
    for key in leases {
        let Key::Lease(place) = key else { continue };
        let (Some(mut meter), Some(mut lease)) = (rows.meter(&place.0)?, rows.lease(&place)?) else {
            continue;
        };
        meter.change(&mut lease, |lease| {
            lease.open = false;
            if complete {
                lease.ceiling = None;
            }
        });
        rows.put_meter(&place.0, meter);
        rows.put_lease(&place, lease);
    }
    Ok(())
}

/// Notes which policy an instance runs, or that it refused one.
pub(crate) fn runs_policy(
    rows: &mut Rows,
    me: InstanceId,
    session: u64,
    version: u64,
    ok: bool,
) -> Result<(), Stop> {
    let mut row = speaking(rows, me, session)?;
    if ok {
        row.policy_version = Some(version);
        rows.put_instance(&me, row);
    }
    Ok(())
}

/// The time before which every living instance has handed in everything: periods that ended by then can be closed.
///
/// # Errors
/// As [`Rows`].
pub fn watermark(rows: &Rows, now: i64) -> Result<i64, Stop> {
    let living = rows.ask(&Query::Living)?;
    rows.want(living.iter().cloned())?;
    let mut least = now;
    for key in living {
        let Key::Instance(id) = key else { continue };
        least = least.min(rows.instance(&id)?.map_or(now, |row| row.watermark));
    }
    Ok(least)
}

/// The acknowledgement of an author's changes, as the connection of `me` hears it.
pub(crate) fn ack(me: InstanceId, author: InstanceId, up_to: u64) -> Down {
    Down::Ack { up_to, of: (author != me).then_some(author) }
}
