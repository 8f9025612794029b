//! Parts of a policy that come by themselves: an override's fields, a plan.

use serde_json::{Map, Value};

use super::check;
use super::diagnostic::Diagnostic;
use super::kind::{Kind, check_name};
use super::load::Format;
use super::model::{Limit, Plan, Policy};
use super::object::read_over;
use super::parse;
use super::parse::tree::{Content, Node};
use super::report::{Report, Step};

impl Limit {
    /// This limit with some of its fields replaced, as an override does: every field given replaces, the rest is
    /// inherited, and giving one kind of reset clears the other. A field that is null counts as not given.
    ///
    /// Errors: what a document with such a limit would be refused for, with paths from the limit
    /// (`reset_inc`); and `unknown_field`, since nothing else can be meant.
    pub fn overlay(&self, fields: &Map<String, Value>, policy: &Policy) -> Result<Limit, Vec<Diagnostic>> {
        self.with(fields, Some(policy))
    }

    /// A limit as it was saved: read, but not judged by any policy, which may have changed since.
    ///
    /// Errors: fields that are none, or hold what no limit can.
    pub fn restored(fields: &Map<String, Value>) -> Result<Limit, Vec<Diagnostic>> {
        Limit::default().with(fields, None)
    }

    fn with(&self, fields: &Map<String, Value>, judge: Option<&Policy>) -> Result<Limit, Vec<Diagnostic>> {
        let mut report = Report::new(Vec::new(), true);
        let root = match Node::from_value(&Value::Object(fields.clone())) {
            Ok(root) => root,
            Err(problems) => {
                report.take(problems);
                return Err(report.finish(None, None));
            }
        };
        let mut limit = self.clone();
        let given = |field| root.get(field).is_some_and(|entry| !entry.value.is_null());
        match (given("reset_inc"), given("reset_sch")) {
            (true, false) => limit.reset_sch = None,
            (false, true) => limit.reset_inc = None,
            _ => {}
        }
        read_over(&mut limit, &root, &mut report);
        let mut report = report.restart(Vec::new());
        if let Some(policy) = judge {
            check::check_limit(&limit, policy, true, &mut report);
        }
        let refused = report.has_errors();
        let diagnostics = report.finish(Some(&root), None);
        if refused { Err(errors(diagnostics)) } else { Ok(limit) }
    }
}

/// Reads one plan, as it stands under its name in a document, for a policy that it is to join or replace one in.
///
/// Errors: what the document with it would be refused for, with paths from the root
/// (`policy.plans.pro.label`).
///
/// ```
/// use limitr_engine::policy::{Policy, load_plan};
///
/// let plan = load_plan("pro", &serde_json::json!({ "label": "Pro" }), &Policy::default()).unwrap();
/// assert_eq!(plan.label, "Pro");
/// ```
pub fn load_plan(name: &str, plan: &Value, policy: &Policy) -> Result<Plan, Vec<Diagnostic>> {
    match Node::from_value(plan) {
        Ok(root) => plan_of(name, &root, Report::new(plan_steps(name), false), policy, None),
        Err(problems) => {
            let mut report = Report::new(plan_steps(name), false);
            report.take(problems);
            Err(report.finish(None, None))
        }
    }
}

/// Reads one plan from text, as [`load_plan`] does from a value; no number passes through a double. In the format
/// `auto` it is tried as JSON, YAML and TOML: the first that gives a map counts.
pub fn load_plan_text(
    name: &str,
    source: &[u8],
    format: Format,
    policy: &Policy,
) -> Result<Plan, Vec<Diagnostic>> {
    let document = parse::read(source, format, |root| matches!(root.content, Content::Map(_)));
    let mut report = Report::new(plan_steps(name), false);
    match document.root {
        Ok((root, problems)) => {
            report.take(problems);
            plan_of(name, &root, report, policy, Some(document.text))
        }
        Err(stop) => {
            report.take(vec![*stop]);
            Err(report.finish(None, Some(document.text)))
        }
    }
}

fn plan_of<'a>(
    name: &'a str,
    root: &'a Node,
    mut report: Report<'a>,
    policy: &Policy,
    text: Option<&str>,
) -> Result<Plan, Vec<Diagnostic>> {
    check_name(name, &mut report);
    // A plan that is no map is reported, and reads as an empty one.
    let plan = Plan::read(root, &mut report).unwrap_or_default();
    let mut report = report.restart(plan_steps(name));
    check::check_plan(&plan, policy, true, &mut report);
    check::check_default(name, &plan, policy, &mut report);
    let refused = report.has_errors();
    let diagnostics = report.finish(Some(root), text);
    if refused { Err(errors(diagnostics)) } else { Ok(plan) }
}

fn plan_steps(name: &str) -> Vec<Step<'_>> {
    vec![Step::Key("policy"), Step::Key("plans"), Step::Key(name)]
}

fn errors(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.retain(Diagnostic::is_error);
    diagnostics
}
