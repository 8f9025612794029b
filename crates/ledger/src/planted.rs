//! Defects that the simulator must find. Only there when the feature `planted` is on, and only in a server that was told so.

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Changes are acknowledged before they are committed.
    AckBeforeCommit,
    /// A lease that grows isn't counted as reserved: the same units may be leased to another.
    LeaseCountedTwice,
    /// A change that comes again is applied again.
    ReplayedChange,
}
