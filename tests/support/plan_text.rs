//! A plan as text. The fuzz crate includes this file as well.

use std::fmt::{Debug, Display};

use offboard::ldif::writer;
use offboard::plan::{Plan, PlanError};

/// Everything that a user sees of a plan, as text, to compare plans.
pub fn plan_text<E: Debug + Display>(plan: &Result<Plan, PlanError<E>>) -> String {
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return format!("{error}: {error:?}"),
    };
    let mut records = Vec::new();
    for operation in &plan.operations {
        writer::write_change(&mut records, &operation.record);
        if let Some(inverse) = &operation.inverse {
            writer::write_change(&mut records, inverse);
        }
    }
    let decisions: Vec<String> = plan.accounts.iter().map(|account| format!("{:?}", account.decision)).collect();
    format!(
        "{}{decisions:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        String::from_utf8_lossy(&records),
        plan.conflicts,
        plan.decision_items,
        plan.counted,
        plan.census,
        plan.unreadable_values,
        plan.lost_access
    )
}
