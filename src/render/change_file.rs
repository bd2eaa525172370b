//! The change files: one LDIF file a stage, each record with who, why and where from in a comment above it.

use super::sanitize::{MASK, Secrets, sanitized, shown_text};
use crate::ldap::{Change, Entry, Origin};
use crate::ldif::writer;
use crate::plan::{Kind, Operation, Plan, Request, Stage};
use crate::policy::Policy;
use crate::proof::Files;

/// Longest line that `ldapdelete -f` reads whole, in bytes.
const DN_LIST_LINE: usize = 4095;

/// What the comments say next to the operations themselves.
pub struct Context<'c> {
    /// The plan.
    pub plan: &'c Plan,
    /// What was asked for.
    pub request: &'c Request,
    /// The policy.
    pub policy: &'c Policy,
    /// Names of the exports.
    pub exports: &'c [String],
    /// The change ticket of the whole.
    pub ticket: Option<&'c str>,
}

impl Context<'_> {
    /// `export.ldif:12`
    pub fn place(&self, origin: Origin) -> String {
        let name = self.exports.get(usize::from(origin.export)).map_or("?", String::as_str);
        format!("{}:{}", sanitized(name.as_bytes()), origin.line)
    }

    /// The leavers that an operation is done for.
    pub fn leavers(&self, operation: &Operation) -> Vec<String> {
        let of = |account: &usize| {
            let leaver = &self.plan.leavers[self.plan.accounts[*account].leaver];
            leaver.identity.to_string()
        };
        operation.accounts.iter().map(of).collect()
    }

    fn tickets(&self, operation: &Operation) -> Vec<String> {
        let of = |account: &usize| self.plan.leavers[self.plan.accounts[*account].leaver].ticket.clone();
        let mut tickets: Vec<String> = self.ticket.map(str::to_owned).into_iter().collect();
        tickets.extend(operation.accounts.iter().filter_map(of));
        tickets.dedup();
        tickets
    }

    fn comment(&self, out: &mut Vec<u8>, what: &str, operation: &Operation) {
        let leavers = self.leavers(operation);
        let mut lines =
            vec![if leavers.is_empty() { what.to_owned() } else { format!("{what}: {}", leavers.join(", ")) }];
        let tickets = self.tickets(operation);
        if !tickets.is_empty() {
            lines.push(format!("ticket: {}", tickets.join(", ")));
        }
        lines.push(format!("why: {}", operation.reason));
        lines.push(format!("from: {}", self.place(operation.evidence)));
        for line in lines {
            // A comment is one line: line ends in what people wrote must not begin another.
            writer::write_comment(out, line.replace('\n', " ").as_bytes());
        }
    }

    fn begin(&self, title: &str) -> Vec<u8> {
        let mut out = Vec::new();
        if self.policy.directory.server.profile().version_line {
            out.extend_from_slice(b"version: 1\n\n");
        }
        writer::write_comment(&mut out, title.as_bytes());
        writer::write_comment(&mut out, format!("planned for {}", self.request.as_of).as_bytes());
        if let Some(ticket) = self.ticket {
            writer::write_comment(&mut out, format!("ticket: {}", ticket.replace('\n', " ")).as_bytes());
        }
        out.push(b'\n');
        out
    }
}

/// The text of all change files of a plan.
pub fn files(context: &Context<'_>) -> Files {
    let mut files = Files::default();
    for stage in Stage::ALL {
        let operations: Vec<&Operation> = context.plan.stage(stage).collect();
        if operations.is_empty() {
            continue;
        }
        let count = operations.len();
        let mut out = context.begin(&format!("offboard: stage {}, {count} records", stage.name()));
        for operation in &operations {
            context.comment(&mut out, operation.kind.name(), operation);
            if matches!(operation.record.change, Change::Delete)
                && let Some(entry) = context.plan.before.get(operation.record.dn.key())
            {
                write_deleted(&mut out, entry, Secrets::of(context.policy));
            }
            writer::write_change(&mut out, &operation.record);
        }
        files.apply.push((stage.apply_file(), out));
    }
    for stage in Stage::ALL.into_iter().rev() {
        let operations: Vec<&Operation> =
            context.plan.stage(stage).filter(|operation| operation.inverse.is_some()).collect();
        if operations.is_empty() {
            continue;
        }
        let count = operations.len();
        let mut out = context.begin(&format!("offboard: undoes stage {}, {count} records", stage.name()));
        for operation in operations.iter().rev() {
            let Some(inverse) = &operation.inverse else { continue };
            context.comment(&mut out, &format!("undo {}", operation.kind.name()), operation);
            writer::write_change(&mut out, inverse);
        }
        files.rollback.push((stage.rollback_file(), out));
    }
    files
}

/// The deleted entry, as a comment: secrets masked, long values shortened.
pub fn write_deleted(out: &mut Vec<u8>, entry: &Entry, secrets: Secrets<'_>) {
    writer::write_comment(out, b"the entry that this deletes:");
    for attribute in &entry.attributes {
        let description = attribute.description.as_str();
        // One mask tells enough.
        let is_secret = secrets.is_secret(description);
        for value in attribute.values.iter().take(if is_secret { 1 } else { usize::MAX }) {
            let shown = if is_secret { MASK.to_owned() } else { shown_text(&value.bytes) };
            writer::write_comment(out, format!("  {description}: {shown}").as_bytes());
        }
    }
}

/// The bare names for `ldapdelete -f`, for stages that delete.
///
/// None for a stage with a name that such a list cannot hold: one with a line end or beginning with a blank, or longer
/// than the tool reads.
pub fn dn_lists(plan: &Plan) -> Vec<(String, Vec<u8>)> {
    let mut lists = Vec::new();
    for stage in [Stage::AddressBooks, Stage::Entries] {
        let deletes = plan.stage(stage).filter(|operation| operation.kind != Kind::Guard);
        let names: Vec<&[u8]> = deletes.map(|operation| operation.record.dn.raw_bytes()).collect();
        let fits = |name: &&[u8]| {
            name.len() < DN_LIST_LINE && !name.iter().any(u8::is_ascii_control) && !name.starts_with(b" ")
        };
        if !names.is_empty() && names.iter().all(fits) {
            let name = stage.apply_file().replace(".ldif", ".dns");
            lists.push((name, names.iter().flat_map(|name| [name, &b"\n"[..]].concat()).collect()));
        }
    }
    lists
}
