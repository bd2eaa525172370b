//! Whether exports can tell what became of a plan: they must be whole, hold the parts of the directory that the plan's
//! exports held, and be newer than those.
//!
//! | reason | found by |
//! | --- | --- |
//! | what a plan refuses, too | [`crate::plan::completeness`], but not `age`, `operational` and `parents`, which verdicts take into account |
//! | a part is missing | its topmost entry is not there, and the change set does not delete or rename it; only if records are about entries in it |
//! | a part is older | the newest time that its entries show is before the newest that the plan saw in entries which the change set does not delete |
//! | an export of the plan among newer ones | its digest is that of one of the plan's exports, other exports have others, and it shows as not done what runs before something that others show as done |
//!
//! A reason refuses the whole: where an entry is not in an export that cannot show it, it is not known to be deleted.

use super::survey::{PartSeen, Survey};
use super::{Verdict, names};
use crate::directory::Census;
use crate::directory::extent::Time;
use crate::directory::key_hash::KeySet;
use crate::ldap::{Change, ChangeRecord, Dn};
use crate::plan::completeness::{Incomplete, of_content};

/// A part of the directory that an export of the plan held.
#[derive(Clone, Debug)]
pub struct PlannedPart {
    /// The export, by number.
    pub export: usize,
    /// The topmost entry, or the name that the topmost entries are below.
    pub name: Dn,
    /// Whether the name is that of an entry.
    pub is_entry: bool,
    /// How many topmost entries it had.
    pub tops: u64,
    /// The newest time of its entries that the change set does not delete.
    pub newest: Option<Time>,
}

/// Why exports cannot tell what became of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// They are not whole.
    Incomplete(Incomplete),
    /// They do not hold a part that the plan's exports held.
    MissingPart {
        /// Its name.
        name: Dn,
        /// How many records are about entries in it.
        records: usize,
    },
    /// What they show of a part is older than what the plan saw.
    OlderPart {
        /// Its name.
        name: Dn,
        /// The newest time that the plan saw.
        planned: Time,
        /// The newest time that they show.
        found: Time,
    },
    /// One is an export of the plan, and others are not.
    PlannedFrom {
        /// Which, by number.
        export: usize,
        /// How many records are about entries in it.
        records: usize,
    },
}

/// Codes that keep an absent entry from counting as deleted, whatever the plan accepted.
const NEVER_ACCEPTED: [&str; 4] = ["empty", "cut", "partial-lists", "no-values"];

/// What the exports lack, except what the plan was made without.
pub fn incomplete(census: &Census, survey: &Survey, files: usize, accepted: &[String]) -> Vec<Distrust> {
    let lacking = of_content(census, &survey.structure, files);
    let is_accepted = |code: &str| accepted.iter().any(|own| own == code) && !NEVER_ACCEPTED.contains(&code);
    lacking.into_iter().filter(|lack| !is_accepted(lack.code())).map(Distrust::Incomplete).collect()
}

/// For each record the parts that its entry is in: the deepest ones.
fn deepest_parts(parts: &[PlannedPart], records: &[ChangeRecord]) -> Vec<Vec<usize>> {
    let of_record = |of: super::Names| {
        let above: Vec<(usize, usize)> = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| of.first.is_at_or_under(part.name.key()))
            .map(|(number, part)| (number, part.name.key().depth()))
            .collect();
        let deepest = above.iter().map(|(_, depth)| *depth).max();
        above.into_iter().filter(|(_, depth)| Some(*depth) == deepest).map(|(number, _)| number).collect()
    };
    names(records).into_iter().map(of_record).collect()
}

/// How many records are about entries in each part.
fn records_in(parts: &[PlannedPart], records: &[ChangeRecord]) -> Vec<usize> {
    let mut counts = vec![0; parts.len()];
    for part in deepest_parts(parts, records).into_iter().flatten() {
        counts[part] += 1;
    }
    counts
}

/// Parts that are missing or older.
pub fn parts(parts: &[PlannedPart], records: &[ChangeRecord], survey: &Survey) -> Vec<Distrust> {
    // Entries that the change set deletes or renames, by their names before it.
    let leaving: KeySet = names(records)
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
        // Parts of one name in several exports are one part here.
        let first = parts.iter().position(|other| other.name == part.name).unwrap_or(number);
        let seen = survey.parts.get(&first).unwrap_or(&nothing);
        let is_there = if part.is_entry {
            seen.entry || leaving.contains(part.name.key())
        } else {
            let left = leaving.iter().filter(|name| name.parent().as_ref() == Some(part.name.key())).count();
            seen.entry || seen.below || left as u64 >= part.tops
        };
        if !is_there {
            reasons.push(Distrust::MissingPart { name: part.name.clone(), records });
        } else if let (Some(planned), Some(found)) = (part.newest, seen.newest)
            && found < planned
        {
            reasons.push(Distrust::OlderPart { name: part.name.clone(), planned, found });
        }
    }
    reasons
}

/// Parts whose age cannot be compared: records are about entries in them, the plan saw times, and the exports show none.
pub fn undated<'p>(parts: &'p [PlannedPart], records: &[ChangeRecord], survey: &Survey) -> Vec<&'p Dn> {
    let counts = records_in(parts, records);
    let parts =
        parts.iter().zip(counts).enumerate().filter(|(_, (part, records))| *records > 0 && part.newest.is_some());
    let undated = parts.filter(|(number, _)| survey.parts.get(number).is_some_and(|seen| seen.newest.is_none()));
    undated.map(|(_, (part, _))| &part.name).collect()
}

/// Exports of the plan among others that cannot be from after the others. `same` says of each export which export of the
/// plan has its digest.
///
/// The part of a directory that was not changed yet is exported again byte for byte. So such an export counts as old only
/// if it shows as not done what runs before something that others show as done.
pub fn planned_from(
    parts: &[PlannedPart],
    records: &[ChangeRecord],
    same: &[Option<usize>],
    verdicts: &[Verdict],
) -> Vec<Distrust> {
    if same.iter().all(Option::is_some) {
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
        (records > 0).then_some(Distrust::PlannedFrom { export, records })
    };
    same.iter().enumerate().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::operational::always_set;
    use crate::ldif::{Record, RecordReader, UrlPolicy, convert};
    use crate::policy::Server;
    use crate::verify::survey::SurveyPass;

    fn part(name: &str, is_entry: bool, tops: u64, newest: Option<Time>) -> PlannedPart {
        PlannedPart { export: 0, name: Dn::parse(name.as_bytes()).unwrap(), is_entry, tops, newest }
    }

    fn records(text: &str) -> Vec<ChangeRecord> {
        let read = RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse).map(Result::unwrap);
        let change = |record: Record<'_>| match record {
            Record::Change(record) => convert::change(&record).unwrap(),
            _ => panic!("no change"),
        };
        read.map(change).collect()
    }

    /// What the survey of an export with these entries says, as words.
    fn reasons(planned: &[PlannedPart], changes: &str, export: &str) -> String {
        let records = records(changes);
        let names: Vec<_> = planned.iter().map(|part| part.name.key().clone()).collect();
        let pass = SurveyPass::new(KeySet::default(), &names, &records, Server::OpenLdap);
        let mut survey = Survey::default();
        for record in RecordReader::new(export.as_bytes(), 1, UrlPolicy::Refuse).map(Result::unwrap) {
            let Record::Content(record) = record else { panic!("no entry") };
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
        let word = |reason: &Distrust| match reason {
            Distrust::MissingPart { name, .. } => format!("missing {}", String::from_utf8_lossy(name.raw_bytes())),
            Distrust::OlderPart { name, .. } => format!("older {}", String::from_utf8_lossy(name.raw_bytes())),
            other => format!("{other:?}"),
        };
        parts(planned, &records, &survey).iter().map(word).collect::<Vec<_>>().join(", ")
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
