//! Groups without members: of those that list none, the ones that no entry is in by a primary group, a role or a back link.

use std::collections::HashSet;

use super::finding::{AuditFinding, FindingCode};
use crate::directory::membership::Criteria;
use crate::directory::membership::criteria::GroupId;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Exports, ExportsReader, Pass, ScanError};
use crate::ldap::Entry;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldif::AttributeSelection;

/// Finds the groups that entries are in although these do not list them.
struct UnlistedPass {
    criteria: Criteria,
    interest: AttributeSelection,
}

impl Pass for UnlistedPass {
    type Found = HashSet<GroupId>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut HashSet<GroupId>) -> Result<(), Unreadable> {
        let memberships = self.criteria.memberships(entry, &mut KeyBuffer::new());
        found.extend(memberships.iter().map(|membership| membership.group));
        Ok(())
    }
}

/// The findings about groups that list no members. The exports are read once more if there are such groups.
pub fn findings<E: Exports>(
    reader: &ExportsReader<'_, E>,
    groups: Vec<Entry>,
) -> Result<Vec<AuditFinding>, ScanError<E::Error>> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let mut criteria = Criteria::default();
    for (id, group) in (0..).zip(&groups) {
        criteria.add_unlisted(id, group);
    }
    let mut with_members: HashSet<GroupId> = HashSet::new();
    let pass = UnlistedPass { interest: criteria.interest(), criteria };
    reader.scan(&pass, |found| with_members.extend(found))?;
    let empty = (0..).zip(groups).filter(|(id, _)| !with_members.contains(id));
    Ok(empty
        .map(|(_, group)| {
            let finding =
                AuditFinding::at(group.origin, FindingCode::EmptyGroup, "the group has no members".to_owned());
            AuditFinding { dn: group.dn.raw_bytes().to_vec(), ..finding }
        })
        .collect())
}
