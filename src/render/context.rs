//! What renderers need in addition to the operations: names, places, leavers and tickets.

use super::sanitize::{Secrets, sanitized};
use crate::ldap::Origin;
use crate::plan::{Account, Operation, Plan, Request};
use crate::policy::Policy;

/// A plan and what it was made from.
pub struct RenderContext<'c> {
    /// The plan.
    pub plan: &'c Plan,
    /// What was asked for.
    pub request: &'c Request,
    /// The policy.
    pub policy: &'c Policy,
    /// The names of the exports as they were given.
    pub exports: &'c [String],
    /// The change ticket of the whole plan, sanitized.
    pub ticket: Option<&'c str>,
}

impl RenderContext<'_> {
    /// What is not shown.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets::of(self.policy).with_schema(self.plan.schema.described())
    }

    /// A place in an export, as `export.ldif:12`.
    pub fn place(&self, origin: Origin) -> String {
        let name = self.exports.get(usize::from(origin.export)).map_or("?", String::as_str);
        format!("{}:{}", sanitized(name.as_bytes()), origin.line)
    }

    /// The leaver of an account as asked for, not sanitized.
    fn leaver(&self, account: &Account) -> String {
        self.plan.leavers[account.leaver].identity.to_string()
    }

    /// The leaver of an account as asked for, sanitized.
    pub fn leaver_name(&self, account: &Account) -> String {
        sanitized(self.leaver(account).as_bytes()).into_owned()
    }

    /// The leavers that an operation is for, not sanitized.
    pub fn leavers(&self, operation: &Operation) -> Vec<String> {
        operation.accounts.iter().map(|account| self.leaver(&self.plan.accounts[*account])).collect()
    }

    /// The tickets of an operation: that of the plan, then those of its leavers.
    pub fn tickets(&self, operation: &Operation) -> Vec<String> {
        let of = |account: &usize| self.plan.leavers[self.plan.accounts[*account].leaver].ticket.clone();
        let mut tickets: Vec<String> = self.ticket.map(str::to_owned).into_iter().collect();
        tickets.extend(operation.accounts.iter().filter_map(of));
        tickets.dedup();
        tickets
    }
}
