//! The change files: an LDIF file for each stage, with a comment above each record that says what it does, for whom and why.

use super::context::RenderContext;
use super::count::counted;
use super::sanitize::{MASK, Secrets, shown_text};
use crate::ldap::{Change, Entry};
use crate::ldif::writer;
use crate::plan::{Kind, Operation, Plan, Stage};
use crate::proof::Files;

/// The longest line that `ldapdelete -f` reads completely, in bytes.
const DN_LIST_LINE: usize = 4095;

/// A comment above the record of an operation: what it does, for whom, why, and where the entry is.
fn write_operation(context: &RenderContext<'_>, out: &mut Vec<u8>, what: &str, operation: &Operation) {
    let leavers = context.leavers(operation);
    let mut lines = vec![if leavers.is_empty() { what.to_owned() } else { format!("{what}: {}", leavers.join(", ")) }];
    let tickets = context.tickets(operation);
    if !tickets.is_empty() {
        lines.push(format!("ticket: {}", tickets.join(", ")));
    }
    lines.push(format!("why: {}", operation.reason));
    lines.push(format!("from: {}", context.place(operation.evidence)));
    for line in lines {
        // A line end in a ticket or an identity must not begin another comment.
        writer::write_comment(out, line.replace('\n', " ").as_bytes());
    }
}

/// The beginning of a change file.
fn header(context: &RenderContext<'_>, title: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if context.policy.directory.server.profile().version_line {
        out.extend_from_slice(b"version: 1\n\n");
    }
    writer::write_comment(&mut out, title.as_bytes());
    writer::write_comment(&mut out, format!("planned for {}", context.request.as_of).as_bytes());
    if let Some(ticket) = context.ticket {
        writer::write_comment(&mut out, format!("ticket: {}", ticket.replace('\n', " ")).as_bytes());
    }
    out.push(b'\n');
    out
}

/// The text of all change files of a plan.
pub fn files(context: &RenderContext<'_>) -> Files {
    let mut files = Files::default();
    for stage in Stage::ALL.iter().copied() {
        let operations: Vec<&Operation> = context.plan.stage(stage).collect();
        if operations.is_empty() {
            continue;
        }
        let count = counted(operations.len(), "record");
        let mut out = header(context, &format!("offboard: stage {}, {count}", stage.name()));
        for operation in &operations {
            write_operation(context, &mut out, operation.kind.name(), operation);
            if matches!(operation.record.change, Change::Delete)
                && let Some(entry) = context.plan.before.get(operation.record.dn.key())
            {
                write_deleted(&mut out, entry, context.secrets());
            }
            writer::write_change(&mut out, &operation.record);
        }
        files.apply.push((stage.apply_file(), out));
    }
    for stage in Stage::ALL.iter().rev().copied() {
        let operations: Vec<&Operation> =
            context.plan.stage(stage).filter(|operation| operation.inverse.is_some()).collect();
        if operations.is_empty() {
            continue;
        }
        let count = counted(operations.len(), "record");
        let mut out = header(context, &format!("offboard: undo of stage {}, {count}", stage.name()));
        for operation in operations.iter().rev() {
            let Some(inverse) = &operation.inverse else { continue };
            write_operation(context, &mut out, &format!("undo {}", operation.kind.name()), operation);
            writer::write_change(&mut out, inverse);
        }
        files.rollback.push((stage.rollback_file(), out));
    }
    files
}

/// Writes an entry that is deleted as a comment, with secrets masked and long values shortened.
pub fn write_deleted(out: &mut Vec<u8>, entry: &Entry, secrets: Secrets<'_>) {
    writer::write_comment(out, b"the deleted entry:");
    for attribute in &entry.attributes {
        let description = attribute.description.as_str();
        // One mask, however many values the attribute has.
        let is_secret = secrets.is_secret(description);
        for value in attribute.values.iter().take(if is_secret { 1 } else { usize::MAX }) {
            let shown = if is_secret { MASK.to_owned() } else { shown_text(&value.bytes) };
            writer::write_comment(out, format!("  {description}: {shown}").as_bytes());
        }
    }
}

/// Lists of DNs for `ldapdelete -f`, for the stages that delete: name and content of each file.
///
/// A stage has no list if a DN cannot be written in one: a DN with a control character, with a space at its beginning, or
/// longer than the tool reads.
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
