//! Whether exports can show what is done of a change set. They must be complete, contain the parts of the directory that the
//! plan's exports held, and be newer than those.
//!
//! | exports are refused if | condition |
//! | --- | --- |
//! | they are incomplete | as for a plan ([`crate::plan::completeness`]), except for `age`, `operational` and `parents`, which the verdicts take into account |
//! | a part is missing | its topmost entry does not exist, and the change set does not delete or rename it; only parts with entries of the records count |
//! | a part is older | the newest time in its entries is before the newest time that the plan saw in entries that the change set does not delete |
//! | an export of the plan is among newer ones | its digest is that of an export of the plan, other digests differ, and a record in it is not done although a later record is done in another export |
//!
//! One reason refuses all exports: an entry that is missing in such an export may still exist.

use super::survey::{PartSeen, Survey};
use super::{EntryNames, Verdict, entry_names};
use crate::directory::Census;
use crate::directory::extent::Time;
use crate::directory::key_hash::KeySet;
use crate::directory::repeated::Repeated;
use crate::ldap::{Change, ChangeRecord, Dn};
use crate::plan::completeness::{Incomplete, of_content};

/// A part of the directory that an export of the plan held.
#[derive(Clone, Debug)]
pub struct PlannedPart {
    /// The index of the export.
    pub export: usize,
    /// The name of the topmost entry, or the common parent of several topmost entries.
    pub name: Dn,
    /// Whether `name` is the name of an entry of the export.
    pub is_entry: bool,
    /// Number of topmost entries.
    pub tops: u64,
    /// The newest time in those entries of the part that the change set does not delete.
    pub newest: Option<Time>,
}

/// Why exports cannot show what is done of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// They are incomplete.
    Incomplete(Incomplete),
    /// They lack a part that the plan's exports held.
    MissingPart {
        /// The name of the part.
        name: Dn,
        /// Number of records for entries in it.
        records: usize,
    },
    /// A part in them is older than in the plan's exports.
    OlderPart {
        /// The name of the part.
        name: Dn,
        /// The newest time in the plan's exports.
        planned: Time,
        /// The newest time in these exports.
        found: Time,
    },
    /// One of them is an export of the plan, and others are newer.
    StaleExport {
        /// The index of the export.
        export: usize,
        /// Number of records in it that are not done, although later records are done elsewhere.
        records: usize,
    },
}

/// Codes of incomplete exports that are refused even if the plan accepted them: an absent entry may still exist.
const NEVER_ACCEPTED: [&str; 4] = ["empty", "cut", "partial-lists", "no-values"];

/// What the exports lack, except for what the plan accepted.
pub fn incomplete_exports(
    census: &Census,
    survey: &Survey,
    repeated: &Repeated,
    files: usize,
    accepted: &[String],
) -> Vec<Distrust> {
    let mut lacking = of_content(census, &survey.structure, files);
    lacking.extend((repeated.finding.count > 0).then(|| Incomplete::Repeated(repeated.finding.clone())));
    let is_accepted = |code: &str| accepted.iter().any(|own| own == code) && !NEVER_ACCEPTED.contains(&code);
    lacking.into_iter().filter(|lack| !is_accepted(lack.code())).map(Distrust::Incomplete).collect()
}

/// The parts that the entry of each record belongs to: the deepest ones that it is in.
fn deepest_parts(parts: &[PlannedPart], records: &[ChangeRecord]) -> Vec<Vec<usize>> {
    let of_record = |of: EntryNames| {
        let above: Vec<(usize, usize)> = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| of.first.is_at_or_under(part.name.key()))
            .map(|(number, part)| (number, part.name.key().depth()))
            .collect();
        let deepest = above.iter().map(|(_, depth)| *depth).max();
        above.into_iter().filter(|(_, depth)| Some(*depth) == deepest).map(|(number, _)| number).collect()
    };
    entry_names(records).into_iter().map(of_record).collect()
}

/// The number of records for entries in each part.
fn records_in(parts: &[PlannedPart], records: &[ChangeRecord]) -> Vec<usize> {
    let mut counts = vec![0; parts.len()];
    for part in deepest_parts(parts, records).into_iter().flatten() {
        counts[part] += 1;
    }
    counts
}

/// The parts that the exports lack, or show in an older state than the plan saw.
pub fn missing_or_older_parts(parts: &[PlannedPart], records: &[ChangeRecord], survey: &Survey) -> Vec<Distrust> {
    // Entries that the change set deletes or renames, by their names before it.
    let leaving: KeySet = entry_names(records)
        .into_iter()
        .zip(records)
        .filter(|(_, record)| matches!(record.change, Change::Delete | Change::ModifyDn { .. }))
        .map(|(of, _)| of.first)
        .collect();
    let mut reasons = Vec::new();
    for ((number, part), records) in parts.iter().enumerate().zip(records_in(parts, records)) {
        if records == 0 {
            continue;
        }
        let nothing = PartSeen::default();
        // The survey keeps parts with the same name in several exports as one.
        let first = parts.iter().position(|other| other.name == part.name).unwrap_or(number);
        let seen = survey.parts.get(&first).unwrap_or(&nothing);
        let exists = if part.is_entry {
            seen.entry || leaving.contains(part.name.key())
        } else {
            let left = leaving.iter().filter(|name| name.parent().as_ref() == Some(part.name.key())).count();
            seen.entry || seen.below || left as u64 >= part.tops
        };
        if !exists {
            reasons.push(Distrust::MissingPart { name: part.name.clone(), records });
        } else if let (Some(planned), Some(found)) = (part.newest, seen.newest)
            && found < planned
        {
            reasons.push(Distrust::OlderPart { name: part.name.clone(), planned, found });
        }
    }
    reasons
}

/// The parts whose age cannot be compared: they have entries of the records, and the plan saw times in them, but these exports
/// show none.
pub fn undated_parts<'p>(parts: &'p [PlannedPart], records: &[ChangeRecord], survey: &Survey) -> Vec<&'p Dn> {
    let counts = records_in(parts, records);
    let parts =
        parts.iter().zip(counts).enumerate().filter(|(_, (part, records))| *records > 0 && part.newest.is_some());
    let undated = parts.filter(|(number, _)| survey.parts.get(number).is_some_and(|seen| seen.newest.is_none()));
    undated.map(|(_, (part, _))| &part.name).collect()
}

/// The exports that are older than others. `same_as` has for each export the index of the plan's export with the same digest.
///
/// A part of the directory that has not changed yet gives the same export again. So an export of the plan counts as old only
/// if a record in it is not done although a later record is done in another export.
pub fn stale_exports(
    parts: &[PlannedPart],
    records: &[ChangeRecord],
    same_as: &[Option<usize>],
    verdicts: &[Verdict],
) -> Vec<Distrust> {
    if same_as.iter().all(Option::is_some) {
        return Vec::new();
    }
    let places = deepest_parts(parts, records);
    let reason = |(export, planned): (usize, &Option<usize>)| {
        let planned = (*planned)?;
        let is_in = |record: usize| places[record].iter().any(|part| parts[*part].export == planned);
        let open = (0..verdicts.len()).filter(|record| is_in(*record) && verdicts[*record] == Verdict::NotDone);
        let last_done =
            (0..verdicts.len()).rev().find(|record| !is_in(*record) && verdicts[*record] == Verdict::Done)?;
        let records = open.filter(|record| *record < last_done).count();
        (records > 0).then_some(Distrust::StaleExport { export, records })
    };
    same_as.iter().enumerate().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::server_attributes::always_set;
    use crate::ldif::{ChangeReader, Record, RecordReader, UrlPolicy};
    use crate::policy::Server;
    use crate::verify::survey::{SurveyPass, WantedEntries};

    fn part(name: &str, is_entry: bool, tops: u64, newest: Option<Time>) -> PlannedPart {
        PlannedPart { export: 0, name: Dn::parse(name.as_bytes()).unwrap(), is_entry, tops, newest }
    }

    fn records(text: &str) -> Vec<ChangeRecord> {
        ChangeReader::new(text.as_bytes(), 1, UrlPolicy::Refuse).map(|change| change.unwrap().record).collect()
    }

    /// Why an export with these entries is refused, in short.
    fn reasons(planned: &[PlannedPart], changes: &str, export: &str) -> String {
        let records = records(changes);
        let names: Vec<_> = planned.iter().map(|part| part.name.key().clone()).collect();
        let pass = SurveyPass::new(WantedEntries::default(), &names, &records, Server::OpenLdap);
        let mut survey = Survey::default();
        for record in RecordReader::new(export.as_bytes(), 1, UrlPolicy::Refuse).map(Result::unwrap) {
            let Record::Content(record) = record else { panic!("not an entry") };
            let dn = Dn::parse(&record.dn).unwrap();
            let mut entry = crate::ldap::Entry { dn, origin: crate::ldap::Origin::default(), attributes: Vec::new() };
            for line in &record.attributes {
                let description = crate::ldap::AttributeDescription::parse(line.description.as_bytes()).unwrap();
                entry.push(description, crate::ldap::Value::new(line.value.bytes()));
            }
            let mut found = Survey::default();
            crate::directory::scan::visit_entry(&entry, &pass, &mut found).unwrap();
            survey.merge(found);
        }
        let short = |reason: &Distrust| match reason {
            Distrust::MissingPart { name, .. } => format!("missing {}", String::from_utf8_lossy(name.raw_bytes())),
            Distrust::OlderPart { name, .. } => format!("older {}", String::from_utf8_lossy(name.raw_bytes())),
            other => format!("{other:?}"),
        };
        missing_or_older_parts(planned, &records, &survey).iter().map(short).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn which_parts_are_missing_or_older() {
        const DELETE: &str = "dn: uid=a,ou=p,o=x\nchangetype: delete\n";
        const ALL: &str = "dn: uid=a,ou=p,o=x\nchangetype: delete\n\ndn: uid=b,ou=p,o=x\nchangetype: delete\n";
        const TOP: &str = "dn: ou=p,o=x\nchangetype: delete\n";
        let suffix = || vec![part("o=x", true, 1, Some(20_260_101_000_000))];
        let below = || vec![part("ou=p,o=x", false, 2, None)];
        let nested = || vec![part("o=x", true, 1, None), part("ou=p,o=x", true, 1, None)];
        assert!(always_set(Server::OpenLdap).contains(&"modifyTimestamp"));
        #[rustfmt::skip]
        let table = [
            (suffix(), DELETE, "dn: o=x\n",                                          ""),
            (suffix(), DELETE, "dn: O = X\nmodifyTimestamp: 20260101000000Z\n",      ""),
            (suffix(), DELETE, "dn: o=x\nmodifyTimestamp: 20251231235959Z\n",        "older o=x"),
            (suffix(), DELETE, "dn: o=x\nentryCSN: 20260301000000.1Z#0#0#0\n",       ""),
            (suffix(), DELETE, "dn: o=y\n",                                          "missing o=x"),
            // Records elsewhere.
            (suffix(), "dn: uid=a,o=z\nchangetype: delete\n", "dn: o=y\n",          ""),
            // The change set deletes the top of a part itself.
            (vec![part("ou=p,o=x", true, 1, None)], TOP, "dn: o=y\n",                ""),
            // Accounts without their parents.
            (below(),  DELETE, "dn: uid=b,ou=p,o=x\n",                               ""),
            (below(),  DELETE, "dn: o=y\n",                                          "missing ou=p,o=x"),
            (below(),  ALL,    "dn: o=y\n",                                          ""),
            // A subtree in an export of its own.
            (nested(), DELETE, "dn: o=x\n",                                          "missing ou=p,o=x"),
            (nested(), DELETE, "dn: o=x\n\ndn: ou=p,o=x\n",                          ""),
        ];
        for (planned, changes, export, expected) in table {
            assert_eq!(reasons(&planned, changes, export), expected, "{changes}{export}");
        }
    }
}
