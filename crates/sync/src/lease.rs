//! What this engine may spend: its leases, and what it has spent of each limit, cap and grant.
//!
//! 1. For each of them there is one **account**: what this engine has spent in the period, all its changes counted, and at most one lease,
//!    whose amount is a ceiling on that. Both are totals, as at the server, so the two always mean the same.
//! 2. The engine itself spends while there is any left of a lease: `amount − spent`, before the lease's end. It is told whenever that changes.
//! 3. What holds reserve stays leased until they end.
//! 4. A lease that was returned is over whatever is still on its way for it: only one with a larger number counts.

use std::collections::BTreeMap;

use limitr_engine::quantity::Amount;
use limitr_engine::{Spend, What};
use limitr_protocol::DenyReason;

use crate::limits::{
    LEASE_AHEAD_MS, LEASE_IDLE_MS, LEASE_LEAST, LEASE_PAUSE_MS, LEASE_RENEW_MS, LEASE_RETRY_MS,
    LEASE_SWEEP_MS,
};
/// A lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) id: u64,
    pub(crate) amount: Amount,
    pub(crate) until: i64,
}

/// What this engine has of one limit, cap or grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) period_start: i64,
    spent: Amount,
    /// The most that was spent at any moment since the server last had everything, which was the time that `quiet` counts.
    peak: Amount,
    quiet: u64,
    pub(crate) lease: Option<Lease>,
    /// The number of the last lease that was returned.
    returned: u64,
    /// When that was: the return may have got lost with its connection.
    returned_at: i64,
    /// Whether what was asked for last isn't answered.
    asking: bool,
    /// What was asked for last, and when. A lease and a denial may answer one question: a second one that is asked in between seems answered by
    /// what was said to the first.
    asked: Amount,
    asked_at: i64,
    /// What calls wait for.
    needed: Amount,
    /// Units a millisecond, averaged.
    rate: f64,
    moved_at: i64,
    /// Until when nothing is asked for ahead.
    paused_until: i64,
    /// What holds reserve, and when the last of them ends.
    held: Amount,
    held_until: i64,
    /// When to ask again what others are asked to return.
    retry_at: Option<i64>,
}

/// All accounts.
///
/// They are kept as long as the engine runs: what was spent must not be forgotten before its period ends. There are as many as customers are
/// held, times what each has that is shared out.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    accounts: BTreeMap<(Box<str>, What), Account>,
    /// Those with a `retry_at`.
    retrying: Vec<(Box<str>, What)>,
    /// Whether a call may wait for units of any.
    needed: bool,
    swept_at: i64,
    /// How often the server had everything.
    quiet: u64,
    /// Everything that was said before this time was heard.
    heard_at: i64,
    /// Those whose lease isn't what the engine was told.
    changed: Vec<(Box<str>, What)>,
}

/// What to say to the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Say {
    Ask { customer: Box<str>, what: What, want: Amount },
    Return { lease: u64, amount: Amount, unused: Amount },
}

impl Account {
    /// What the lease still has.
    fn left(&self) -> Amount {
        self.lease.map_or(Amount::ZERO, |lease| less(lease.amount, self.spent))
    }

    /// What may still be spent of it, and until when.
    pub(crate) fn share(&self) -> Option<(i64, Amount, i64)> {
        self.lease.map(|lease| (self.period_start, less(lease.amount, self.spent), lease.until))
    }

    fn covers(&self, spend: &Spend, now: i64) -> bool {
        self.period_start == spend.period_start
            && self.lease.is_some_and(|lease| now < lease.until)
            && spend.units <= self.left()
    }

    /// The units that are to be there: what calls wait for, or what holds reserve and a while at the present rate takes.
    fn target(&self, now: i64) -> Amount {
        let quiet = now.saturating_sub(self.moved_at) as f64;
        let ahead = self.rate * LEASE_AHEAD_MS * (-quiet / LEASE_AHEAD_MS).exp();
        let ahead = Amount::from_int(ahead.clamp(0.0, 1e15) as i64).max(LEASE_LEAST);
        more(ahead, self.held(now)).max(self.needed)
    }

    fn begin(&mut self, period_start: i64) {
        if self.period_start < period_start {
            let Account { returned, returned_at, rate, moved_at, needed, held, held_until, .. } = *self;
            let kept = Account { returned, returned_at, rate, moved_at, needed, ..Account::default() };
            *self = Account { period_start, held, held_until, ..kept };
        }
    }

    /// What may be spent once all that the server doesn't have yet is in, or any first part of it: the rest may be lost in a crash, and with
    /// it units that were given back.
    fn spent_at_most(&self, quiet: u64) -> Amount {
        let most = if self.quiet == quiet { self.peak } else { self.spent };
        most.max(Amount::ZERO)
    }

    fn end_lease(&mut self, now: i64, quiet: u64) -> Option<Say> {
        let Lease { id, amount, .. } = self.lease.take()?;
        (self.returned, self.returned_at) = (id, now);
        let amount = amount.max(Amount::ZERO);
        let unused = less(less(amount, self.spent_at_most(quiet)), self.held(now)).max(Amount::ZERO);
        Some(Say::Return { lease: id, amount, unused })
    }

    /// What holds reserve at `now`.
    fn held(&self, now: i64) -> Amount {
        if now < self.held_until { self.held } else { Amount::ZERO }
    }

    /// Says again that the last lease is over: nothing but what was spent of it is taken up, and what holds reserve.
    fn return_again(&self, now: i64, quiet: u64) -> Say {
        let amount = more(self.spent_at_most(quiet), self.held(now));
        Say::Return { lease: self.returned, amount, unused: Amount::ZERO }
    }

    fn ask(&mut self, key: &(Box<str>, What), now: i64) -> Option<Say> {
        let mut want = more(self.spent, self.target(now));
        if let Some(lease) = self.lease {
            want = want.max(lease.amount);
        }
        if self.asking {
            return None;
        }
        (self.asking, self.asked, self.asked_at) = (true, want, now);
        Some(Say::Ask { customer: key.0.clone(), what: key.1.clone(), want })
    }

    /// Ends a lease that is over or idle; asks for more before it is dry, and for longer before it ends.
    fn tend(&mut self, key: &(Box<str>, What), now: i64, quiet: u64) -> Option<Say> {
        let lease = self.lease?;
        let idle = now.saturating_sub(self.moved_at) >= LEASE_IDLE_MS && !self.asking;
        let idle = idle && self.held(now).is_zero();
        if now >= lease.until || idle {
            return self.end_lease(now, quiet);
        }
        let held = self.held(now);
        let free = less(self.left(), held);
        let low = more(free, free) <= less(self.target(now), held);
        let ends = now >= lease.until.saturating_sub(LEASE_RENEW_MS);
        ((low && now >= self.paused_until) || ends).then(|| self.ask(key, now)).flatten()
    }
}

impl Leases {
    /// Books what a call spent at `now`.
    pub(crate) fn book(&mut self, spend: &Spend, now: i64) {
        let account = self.accounts.entry((spend.customer.clone(), spend.what.clone())).or_default();
        account.begin(spend.period_start);
        if account.period_start != spend.period_start {
            return; // of a period that is over: the server has it where it belongs
        }
        if account.quiet != self.quiet {
            (account.quiet, account.peak) = (self.quiet, account.spent);
        }
        account.spent = more(account.spent, spend.units);
        account.peak = account.peak.max(account.spent);
        let units = spend.units.to_f64().max(0.0);
        let passed = now.saturating_sub(account.moved_at).max(1) as f64;
        let weight = 1.0 - (-passed / LEASE_AHEAD_MS).exp();
        account.rate += weight * (units / passed - account.rate);
        account.moved_at = now;
    }

    /// Takes in that a limit's periods are others than the engine counted in: what it spent in its own is at the server, and not of these.
    pub(crate) fn restart(&mut self, key: (Box<str>, What), start: i64) {
        if let Some(account) = self.accounts.get_mut(&key) {
            account.period_start = i64::MIN;
            account.begin(start);
            self.changed.push(key);
        }
    }

    /// Notes what holds reserve.
    pub(crate) fn hold(&mut self, (customer, what): (Box<str>, What), held: Amount, until: i64) {
        let account = self.accounts.entry((customer, what)).or_default();
        (account.held, account.held_until) = (held, until);
    }

    /// Asks for units that calls would have spent, and that nobody waits for.
    pub(crate) fn want(&mut self, spend: &Spend, now: i64) -> Option<Say> {
        let key = (spend.customer.clone(), spend.what.clone());
        let account = self.accounts.entry(key.clone()).or_default();
        account.begin(spend.period_start);
        if now < account.paused_until {
            return None;
        }
        let needed = std::mem::replace(&mut account.needed, spend.units);
        let say = account.ask(&key, now);
        account.needed = needed;
        say
    }

    /// Takes what changed since the engine was told.
    pub(crate) fn take_changed(&mut self) -> Vec<(Box<str>, What)> {
        std::mem::take(&mut self.changed)
    }

    /// What there is of one limit, cap or grant.
    pub(crate) fn account(&self, key: &(Box<str>, What)) -> Option<&Account> {
        self.accounts.get(key)
    }

    /// All that there is of a customer.
    pub(crate) fn of(&self, customer: &str) -> Vec<(Box<str>, What)> {
        let first = (Box::<str>::from(customer), What::Limit("".into()));
        let here = self.accounts.range(first..).map(|(key, _)| key);
        here.take_while(|(holder, _)| **holder == *customer).cloned().collect()
    }

    /// Notes that a call waits for units; what to ask at once.
    pub(crate) fn need(&mut self, spend: &Spend, now: i64) -> Option<Say> {
        let key = (spend.customer.clone(), spend.what.clone());
        let account = self.accounts.entry(key.clone()).or_default();
        account.begin(spend.period_start);
        account.needed = account.needed.max(spend.units);
        self.needed = true;
        account.ask(&key, now)
    }

    /// Whether what a call waits for is there, or won't come soon.
    pub(crate) fn settled(&self, spend: &Spend, now: i64) -> bool {
        let account = self.accounts.get(&(spend.customer.clone(), spend.what.clone()));
        let open = |account: &Account| account.asking || account.retry_at.is_some();
        account.is_none_or(|account| account.covers(spend, now) || !open(account))
    }

    /// Nobody waits for units any more.
    pub(crate) fn needless(&mut self) {
        self.retrying.clear();
        if !std::mem::take(&mut self.needed) {
            return;
        }
        for account in self.accounts.values_mut().filter(|account| account.needed.is_positive()) {
            (account.needed, account.retry_at) = (Amount::ZERO, None);
        }
    }

    /// Takes in a lease; what to ask next, where calls wait for more and it grew.
    pub(crate) fn granted(
        &mut self,
        key: (Box<str>, What),
        period_start: i64,
        (id, amount, until): (u64, Amount, i64),
        now: i64,
    ) -> Option<Say> {
        let account = self.accounts.entry(key.clone()).or_default();
        let asked = std::mem::take(&mut account.asking).then_some(account.asked);
        account.begin(period_start);
        if account.period_start != period_start {
            return None;
        }
        let grew = account.lease.is_none_or(|lease| amount > lease.amount);
        if id > account.returned {
            account.lease = Some(Lease { id, amount, until });
            self.changed.push(key.clone());
        }
        let waits = account.needed.is_positive() && account.left() < account.needed;
        let asked_less = asked.is_some_and(|want| want < more(account.spent, account.needed));
        (waits && (grew || asked_less)).then(|| account.ask(&key, now)).flatten()
    }

    /// Takes in that there is nothing to be had. What others are asked to return is asked for again while calls wait.
    pub(crate) fn denied(&mut self, key: (Box<str>, What), reason: DenyReason, now: i64) {
        let Some(account) = self.accounts.get_mut(&key) else { return };
        account.asking = false;
        account.paused_until = now.saturating_add(LEASE_PAUSE_MS);
        if reason == DenyReason::Leased && account.needed.is_positive() {
            account.retry_at = Some(now.saturating_add(LEASE_RETRY_MS));
            self.retrying.push(key);
        }
    }

    /// Ends a lease that others need. One that was returned already, which the server doesn't know, is returned again.
    pub(crate) fn revoked(&mut self, id: u64, now: i64) -> Vec<Say> {
        let is_it = |account: &Account| match account.lease {
            Some(lease) => lease.id == id,
            None => account.returned == id,
        };
        let Some((key, account)) = self.accounts.iter_mut().find(|(_, account)| is_it(account)) else {
            return Vec::new();
        };
        account.paused_until = now.saturating_add(LEASE_PAUSE_MS);
        let back =
            account.end_lease(now, self.quiet).unwrap_or_else(|| account.return_again(now, self.quiet));
        self.changed.push(key.clone());
        // What holds reserve is kept, and leased anew: what is closed and never spent would be nobody's.
        let again = account.held(now).is_positive().then(|| account.ask(key, now)).flatten();
        [back].into_iter().chain(again).collect()
    }

    /// What the time brings: to ask again, to renew, to give back what is idle. All accounts are looked through, so not at every call.
    pub(crate) fn sweep(&mut self, now: i64) -> Vec<Say> {
        let mut say = Vec::new();
        for key in std::mem::take(&mut self.retrying) {
            let Some(account) = self.accounts.get_mut(&key) else { continue };
            match account.retry_at {
                Some(at) if at <= now => {
                    account.retry_at = None;
                    say.extend(account.ask(&key, now));
                }
                Some(_) => self.retrying.push(key),
                None => {}
            }
        }
        if now.saturating_sub(self.swept_at) >= LEASE_SWEEP_MS {
            self.swept_at = now;
            for (key, account) in &mut self.accounts {
                let leased = account.lease.is_some();
                say.extend(account.tend(key, now, self.quiet));
                if leased && account.lease.is_none() {
                    self.changed.push(key.clone());
                }
            }
        }
        say
    }

    /// What is to be said of one account after it was spent from.
    pub(crate) fn tend(&mut self, spend: &Spend, now: i64) -> Option<Say> {
        let key = (spend.customer.clone(), spend.what.clone());
        let account = self.accounts.get_mut(&key)?;
        let (leased, say) = (account.lease.is_some(), account.tend(&key, now, self.quiet));
        if leased && account.lease.is_none() {
            self.changed.push(key);
        }
        say
    }

    /// On a new connection: returns again what may not have been heard to be returned, then asks anew what may not have been answered, so that a
    /// lease that got lost on its way is known.
    pub(crate) fn resume(&mut self, now: i64) -> Vec<Say> {
        let lost = |account: &&Account| account.returned > 0 && account.returned_at >= self.heard_at;
        let returns =
            self.accounts.values().filter(lost).map(|account| account.return_again(now, self.quiet));
        let mut say: Vec<Say> = returns.collect();
        for ((customer, what), account) in &mut self.accounts {
            let unheard = account.asked.is_positive() && account.asked_at >= self.heard_at;
            if unheard || account.asking {
                account.asking = true;
                say.push(Say::Ask { customer: customer.clone(), what: what.clone(), want: account.asked });
            }
        }
        say
    }

    /// The server has heard everything that was said before this time.
    pub(crate) fn heard(&mut self, at: i64) {
        self.heard_at = at;
    }

    /// Gives everything back.
    pub(crate) fn end_all(&mut self, now: i64) -> Vec<Say> {
        let leased = self.accounts.iter_mut().filter(|(_, account)| account.lease.is_some());
        let mut say = Vec::new();
        for (key, account) in leased {
            self.changed.push(key.clone());
            say.extend(account.end_lease(now, self.quiet));
        }
        say
    }

    /// The server has everything that was spent.
    pub(crate) fn all_in(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
    }

    /// When [`Leases::sweep`] has something to do next (server time).
    pub(crate) fn next_at(&self) -> Option<i64> {
        let retry = self.retrying.iter().filter_map(|key| self.accounts.get(key)?.retry_at).min();
        let sweep = (!self.accounts.is_empty()).then(|| self.swept_at.saturating_add(LEASE_SWEEP_MS));
        retry.into_iter().chain(sweep).min()
    }

    /// What of a customer's limit, cap or grant is leased and not spent.
    pub fn left(&self, customer: &str, what: &What) -> Amount {
        self.accounts.get(&(customer.into(), what.clone())).map_or(Amount::ZERO, Account::left)
    }
}

fn more(one: Amount, other: Amount) -> Amount {
    one.checked_add(other).unwrap_or(Amount::LIMIT)
}

fn less(one: Amount, other: Amount) -> Amount {
    one.checked_sub(other).unwrap_or(Amount::ZERO)
}
