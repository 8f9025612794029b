//! What many engines share out among them, and what a change spends of it. Engines, their side of Limitr Cloud and the ledger count by this one
//! function, so they can't disagree.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::change::{CapCounted, Effected, GrantDrawn, Metered};
use crate::quantity::Amount;

/// What of a customer is shared out in leases: `{"limit": "chat"}`, `{"cap": "cap_1"}` or `{"grant": 3}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// The limit of an entitlement, by its name.
    Limit(Box<str>),
    /// A cap, by its ID.
    Cap(Box<str>),
    /// A grant, by its number.
    Grant(u64),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Limit(name) => write!(f, "limit {name}"),
            What::Cap(id) => write!(f, "cap {id}"),
            What::Grant(number) => write!(f, "grant {number}"),
        }
    }
}

/// Units of one limit, cap or grant that a call spends, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// The customer that holds it.
    pub customer: Box<str>,
    /// Which.
    pub what: What,
    /// When the period began that they count in, in milliseconds since the epoch.
    pub period_start: i64,
    /// How many, in the credit's unit; below 0 they are given back.
    pub units: Amount,
}

impl Spend {
    /// What a change spends; `None` for one that moves no meter, cap or grant. What grants cover of a call is spent from them, not from the limit.
    pub fn of<T: AsRef<str>>(effect: &Effected<T>) -> Option<Spend> {
        let spend = |customer: &T, what, period_start, units| Spend {
            customer: customer.as_ref().into(),
            what,
            period_start,
            units,
        };
        Some(match effect {
            Effected::Metered(Metered { holder, entitlement, period_start, units, granted, .. }) => {
                // `granted_diff` won't do: it also says anew, after a change of the limit, what was covered before, and each engine says that
                // for itself.
                let what = What::Limit(entitlement.as_ref().into());
                spend(holder, what, *period_start, units.saturating_sub(*granted))
            }
            Effected::CapCounted(CapCounted { holder, cap, period_start, diff, .. }) => {
                spend(holder, What::Cap(cap.as_ref().into()), *period_start, *diff)
            }
            Effected::GrantDrawn(GrantDrawn { holder, grant, period_start, taken, .. }) => {
                spend(holder, What::Grant(*grant), *period_start, *taken)
            }
            _ => return None,
        })
    }
}
