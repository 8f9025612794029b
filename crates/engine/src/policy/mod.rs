//! A policy document: read with positions, checked as a whole, typed, and written back.
//!
//! 1. `parse` reads YAML, JSON or TOML into one tree in which every key and value knows its place, within the
//!    bounds of [`bounds`]. Numbers stay text.
//! 2. `object` and `kind` read the tree into the [model](Policy), field by field as `model` lists them, and report
//!    everything that doesn't fit.
//! 3. `check` judges the model as a whole, by the rules of the manual.
//! 4. `report` finds the place of every problem in the source and puts them in order.
//!
//! ```
//! use limitr_engine::policy::{Format, LoadOptions, load};
//!
//! let text = "policy: { credits: { token: {} }, plans: { free: { entitlements: { chat: { limit: { credit: tokn } } } } } }";
//! let diagnostics = load(text.as_bytes(), Format::Auto, &LoadOptions::default()).unwrap_err();
//! assert_eq!(diagnostics[0].code, "unknown_credit");
//! assert_eq!(diagnostics[0].help.as_deref(), Some("did you mean `token`?"));
//! ```

pub mod bounds;
mod check;
mod codes;
mod define;
mod diagnostic;
mod kind;
mod load;
mod model;
mod object;
mod parse;
mod part;
mod position;
mod report;
mod schema;
mod write;
mod yaml_text;

pub use codes::{CODES, CodeInfo};
pub use diagnostic::{Diagnostic, Related, Severity, render};
pub use kind::Mark;
pub use load::{Format, LoadOptions, Loaded, UnknownFormat, load};
pub use model::{
    Credit, Entitlement, Exchange, GrantStrategy, Limit, MarkOf, Mode, Notification, Pair, Plan, PlanPeriod,
    Policy, Price, PricingModel, ResetMode, Tier, Topup, Watched, When,
};
pub use part::{load_plan, load_plan_text};
pub use schema::{field_reference, json_schema};
pub use write::{Difference, RenderError};
