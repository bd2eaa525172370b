//! Checks a policy file and builds the [`Policy`] from it. All errors are collected, not only the first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::file::{self, File, Text, names};
use super::former::suggestion_or_present_name;
use super::limit::{self, Limit, LimitKind};
use super::lines::{entry_lines, filter_places};
use super::placeholder::with_blanks;
use super::sections::{
    Absence, AccountPolicy, AddressBookPolicy, BitRule, ChildrenPolicy, DirectoryPolicy, DisablePolicy,
    DisconnectPolicy, Followed, GracePolicy, LastMember, Limits, ListedReference, MissingStamp, MovePolicy,
    MovedReferences, OtherChildren, PrivateGroups, ProtectPolicy, ReferencePolicy, ReleasePolicy, RestorePolicy,
    RosterPolicy, Rule, RuleAction, Scope, ServicePolicy, Stamp, StatedReference, SuccessorPolicy, Unassigned, Veto,
};
use super::word::Word;
use super::{BookRoot, PRESETS, Pattern, Policy, PolicyError, PolicySource, PolicyWarning, ProvisioningTools, Server};
use crate::directory::identity::former_names::FormerNames;
use crate::directory::references::form::{FORMS, TREATMENTS};
use crate::directory::references::reference_attributes::form_of;
use crate::directory::references::{Form, Treatment};
use crate::ldap::attribute::same_type;
use crate::ldap::change::RELAX_RULES;
use crate::ldap::filter::Filter;
use crate::ldap::secrets::is_known_secret;
use crate::ldap::vocabulary::{FilterRules, Vocabulary};
use crate::ldap::{AttributeDescription, Dn};
use crate::leavers::roster::{Completeness, RosterRules, Trailer};
use strum::VariantNames as _;

/// Checks a file that was merged over its preset; on failure, all errors.
pub fn check(file: &File) -> Result<Policy, Vec<PolicyError>> {
    let server = file.directory.server.as_ref().and_then(|name| Server::from_name(name.get_ref()));
    let filters = server.map(|server| server.profile().filters).unwrap_or_default();
    let mut checker = Checker { errors: Vec::new(), warnings: Vec::new(), filters };
    match checker.policy(file) {
        Some(policy) if checker.errors.is_empty() => Ok(policy),
        _ => Err(checker.errors),
    }
}

/// The help for a missing key that every preset has.
const PRESET_FIRST: &str = "set it, or name a preset, for example preset = \"sun-comms\"";

/// The attributes of referential integrity by default: those of 389 DS's plug-in and of the usual slapo-refint(5)
/// configuration.
const INTEGRITY: [&str; 4] = ["member", "uniqueMember", "owner", "seeAlso"];

/// The services that an action can remove: see [`Action`](crate::leavers::Action) and [`RuleAction`].
const SERVICES: [&str; 2] = ["mail", "calendar"];

/// The static name of a preset.
fn known_preset(named: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(name, _)| *name == named).map(|(name, _)| *name)
}

/// A number of days with its noun.
fn count_of_days(days: u32) -> String {
    format!("{days} day{}", if days == 1 { "" } else { "s" })
}

/// Builds the sections of a policy, and collects errors and warnings.
struct Checker {
    errors: Vec<PolicyError>,
    warnings: Vec<PolicyWarning>,
    /// The matching rules with which the server evaluates filters.
    filters: FilterRules,
}

impl Checker {
    fn fault(&mut self, span: Option<Range<usize>>, message: String, help: Option<String>) {
        self.errors.push(PolicyError { span, message, help });
    }

    fn dn(&mut self, text: &Text) -> Option<Dn> {
        let dn = Dn::parse(text.get_ref().as_bytes());
        dn.map_err(|error| self.fault(Some(text.span()), format!("not a distinguished name: {error}"), None)).ok()
    }

    fn dns(&mut self, texts: Option<&Vec<Text>>) -> Vec<Dn> {
        texts.into_iter().flatten().filter_map(|text| self.dn(text)).collect()
    }

    /// A DN; `None` if the text is missing or empty.
    fn optional_dn(&mut self, text: Option<&Text>) -> Option<Dn> {
        text.filter(|text| !text.get_ref().is_empty()).and_then(|text| self.dn(text))
    }

    /// A filter; `None` if the text is missing or empty.
    fn optional_filter(&mut self, text: Option<&Text>) -> Option<Filter> {
        text.filter(|text| !text.get_ref().is_empty()).and_then(|text| self.filter(text))
    }

    fn filter(&mut self, text: &Text) -> Option<Filter> {
        let filter = Filter::parse(text.get_ref());
        let filter =
            filter.map_err(|error| self.fault(Some(text.span()), format!("not a search filter: {error}"), None));
        let filter = filter.ok()?.bound(Vocabulary::built_in(self.filters));
        let undefined = filter.undefined();
        let certain = undefined.iter().filter(|undefined| !undefined.cause.depends_on_schema());
        let messages: Vec<String> = certain.map(ToString::to_string).collect();
        for message in messages {
            let help = "a filter item that is Undefined for every entry matches nothing, not even inside `!`; fix or remove it";
            self.fault(Some(text.span()), message, Some(help.to_owned()));
        }
        Some(filter)
    }

    fn attribute(&mut self, text: &Text) -> Option<AttributeDescription> {
        let attribute = AttributeDescription::parse(text.get_ref().as_bytes());
        attribute.map_err(|error| self.fault(Some(text.span()), format!("not an attribute: {error}"), None)).ok()
    }

    fn attributes(&mut self, texts: Option<&Vec<Text>>) -> Vec<AttributeDescription> {
        texts.into_iter().flatten().filter_map(|text| self.attribute(text)).collect()
    }

    /// The variant of a word.
    fn word<T: Word>(&mut self, text: &Text) -> Option<T> {
        let known = T::from_word(text.get_ref());
        if known.is_none() {
            self.unknown_word("value", text, &T::words());
        }
        known
    }

    /// The variant of a word; the default if the key is missing.
    fn word_or<T: Word>(&mut self, text: Option<&Text>, default: T) -> Option<T> {
        text.map_or(Some(default), |text| self.word(text))
    }

    /// The meaning of a word, from a table.
    fn word_of<T: Copy>(&mut self, text: &Text, table: &[(&'static str, T)]) -> Option<T> {
        let known = table.iter().find(|(word, _)| word == text.get_ref()).map(|(_, meaning)| *meaning);
        if known.is_none() {
            let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
            self.unknown_word("value", text, &words);
        }
        known
    }

    /// Reports a word that is not known; `what` is the noun for it.
    fn unknown_word(&mut self, what: &str, text: &Text, known: &[&str]) {
        let help = suggestion_or_present_name(text.get_ref(), known);
        self.fault(Some(text.span()), format!("unknown {what} `{}`", text.get_ref()), Some(help));
    }

    /// The value of a key that the policy must have.
    fn required<'t, T>(&mut self, key: &str, value: Option<&'t T>) -> Option<&'t T> {
        if value.is_none() {
            // A site may add a service that its preset does not have.
            let own = key.starts_with("[service.");
            let help = if own { "set it; the preset does not have this service" } else { PRESET_FIRST };
            let help = Some(help.to_owned());
            self.fault(None, format!("`{key}` is missing"), help);
        }
        value
    }

    fn policy(&mut self, file: &File) -> Option<Policy> {
        let directory = self.directory(&file.directory);
        let accounts = self.accounts(&file.accounts);
        let disable = self.disable(&file.disable);
        let stamp = self.stamp(&file.stamp);
        let rules = file.rule.iter().flatten().filter_map(|rule| self.rule(rule)).collect();
        let services: BTreeMap<String, ServicePolicy> =
            file.service.iter().filter_map(|(name, service)| self.service(name, service)).collect();
        self.written_once(&file.disable);
        self.disable_does_not_release(&file.disable, &services);
        let server = directory.as_ref().map(|directory| directory.server);
        let references = self.references(&file.references, file.reference.as_deref().unwrap_or_default(), server);
        let successor = self.successor(&file.successor);
        let limits = self.limits(&file.limits);
        let protect = ProtectPolicy {
            dn: self.dns(file.protect.dn.as_ref()),
            subtree: self.dns(file.protect.subtree.as_ref()),
            filter: self.optional_filter(file.protect.filter.as_ref()),
            group: self.dns(file.protect.group.as_ref()),
            bind: self.optional_dn(file.protect.bind.as_ref()),
            last_enabled: self.dns(file.protect.last_enabled.as_ref()),
            members: Arc::default(),
            former_names: FormerNames::default(),
        };
        let children = ChildrenPolicy {
            own: self.optional_filter(file.children.own.as_ref()),
            other: self.word_or(file.children.other.as_ref(), OtherChildren::Hold).unwrap_or(OtherChildren::Hold),
        };
        let veto = Veto {
            dn: self.dns(file.veto.dn.as_ref()),
            filter: self.optional_filter(file.veto.filter.as_ref()),
            former_names: FormerNames::default(),
            listed: BTreeMap::new(),
            matched: Arc::default(),
        };
        let restore = RestorePolicy {
            replace: self.values(file.restore.replace.as_ref()),
            remove: self.attributes(file.restore.remove.as_ref()),
        };
        let moving = self.moving(&file.moving, server);
        self.moves_where_plans_may_go(&file.moving, moving.as_ref(), &protect, &veto);
        self.moves_inside_the_bases(&file.moving, moving.as_ref(), accounts.as_ref());
        let disconnect = self.disconnect(&file.disconnect);
        let rosters = file.roster.iter().filter_map(|(name, roster)| self.roster(name, roster)).collect();
        let hand_off_attributes = self.attributes(file.hand_off.attributes.as_ref());
        let root = file.address_books.root.as_ref().and_then(|text| {
            let root = BookRoot::parse(text.get_ref());
            root.map_err(|error| self.fault(Some(text.span()), error.to_string(), None)).ok()
        });
        let address_books = AddressBookPolicy {
            suffix: self.optional_dn(file.address_books.suffix.as_ref()),
            root: root.unwrap_or_default(),
        };
        if let Some(from) = file.notice.from.as_ref().filter(|from| from.get_ref().contains(char::is_control)) {
            self.fault(
                Some(from.span()),
                "the sender of notices must be one line without control characters".to_owned(),
                None,
            );
        }
        let grace = self.grace(&file.grace, &services);
        Some(Policy {
            directory: directory?,
            accounts: accounts?,
            entry_lines: entry_lines(file),
            filter_places: filter_places(file),
            rules,
            disable: disable?,
            restore,
            stamp,
            moving,
            disconnect,
            grace,
            services,
            references,
            successor,
            address_books,
            children,
            protect,
            limits,
            rosters,
            veto,
            hand_off_attributes,
            secrets: self.secrets(&file.secrets),
            shown_secrets: self.shown_secrets(&file.secrets),
            notice_from: file.notice.from.as_ref().map(|from| from.get_ref().clone()),
            preset: file.preset.as_ref().and_then(|named| known_preset(named.get_ref())),
            differences: Vec::new(),
            warnings: std::mem::take(&mut self.warnings),
            source: PolicySource::default(),
        })
    }

    fn directory(&mut self, section: &file::Directory) -> Option<DirectoryPolicy> {
        let suffixes = self.dns(section.suffixes.as_ref());
        let server = self.required("[directory] server", section.server.as_ref())?;
        let words: Vec<(&'static str, Server)> =
            Server::names().filter_map(|name| Some((name, Server::from_name(name)?))).collect();
        let tools = self.word_or(section.tools.as_ref(), ProvisioningTools::Ldap);
        let server = self.word_of(server, &words)?;
        let knows_relax = server.profile().controls.contains(&RELAX_RULES);
        let relax = section.relax.as_ref().map_or(knows_relax, |wanted| *wanted.get_ref());
        if let Some(wanted) = section.relax.as_ref().filter(|_| relax && !knows_relax) {
            let help = Some("set relax = false, or remove this line".to_owned());
            self.fault(Some(wanted.span()), format!("{server} does not support the relax rules control"), help);
        }
        Some(DirectoryPolicy { server, suffixes, max_age_days: section.max_age_days, tools: tools?, relax })
    }

    /// The attribute types of secrets; options do not matter.
    fn secrets(&mut self, section: &file::Secrets) -> Vec<String> {
        let attributes = self.attributes(section.attributes.as_ref());
        attributes.iter().map(|attribute| attribute.attribute_type().to_owned()).collect()
    }

    /// The attribute types that are shown although their names look like those of secrets. Values that are known to be
    /// secrets cannot be shown.
    fn shown_secrets(&mut self, section: &file::Secrets) -> Vec<String> {
        let mut shown = Vec::new();
        for text in section.shown.iter().flatten() {
            let Some(attribute) = self.attribute(text) else { continue };
            if is_known_secret(attribute.as_str()) {
                let message = format!("the values of {} are always secret", text.get_ref());
                let help = "remove it from [secrets] shown; only attributes that offboard recognises by their names can be shown";
                self.fault(Some(text.span()), message, Some(help.to_owned()));
            } else {
                shown.push(attribute.attribute_type().to_owned());
            }
        }
        shown
    }

    fn accounts(&mut self, section: &file::Accounts) -> Option<AccountPolicy> {
        let base = self.dns(section.base.as_ref());
        let matching = self.attributes(section.r#match.as_ref());
        let filter = self.required("[accounts] filter", section.filter.as_ref());
        let filter = filter.and_then(|text| self.filter(text));
        if matching.is_empty() {
            self.required::<()>("[accounts] match", None);
        }
        let provenance = self.optional_filter(section.provenance.as_ref());
        Some(AccountPolicy { filter: filter?, base, matching, provenance })
    }

    fn values(&mut self, section: Option<&BTreeMap<Text, String>>) -> Vec<(AttributeDescription, Vec<u8>)> {
        let pairs = section.into_iter().flatten();
        let mut checked = Vec::new();
        for (name, value) in pairs {
            // No syntax of such an attribute allows an empty value, and the server refuses it only when the file is run.
            if value.is_empty() {
                let help = Some("set a value, or remove this line".to_owned());
                self.fault(Some(name.span()), format!("`{}` has an empty value", name.get_ref()), help);
            }
            checked.extend(self.attribute(name).map(|attribute| (attribute, value.as_bytes().to_vec())));
        }
        checked
    }

    fn disable(&mut self, section: &file::Disable) -> Option<DisablePolicy> {
        let replace = self.values(section.replace.as_ref());
        let present = self.values(section.present.as_ref());
        let bits = section.bits.iter().flatten().filter_map(|(name, bits)| {
            let file::Bits { set, require, forbid } = *bits;
            if set == 0 {
                self.fault(
                    Some(name.span()),
                    "`set` is 0, so no bit is turned on".to_owned(),
                    Some("set = 2, for example".to_owned()),
                );
            }
            if require & forbid != 0 {
                let message = "`require` and `forbid` have a bit in common, so no account fits".to_owned();
                self.fault(Some(name.span()), message, None);
            }
            Some((self.attribute(name)?, BitRule { set, require, forbid }))
        });
        let bits: Vec<_> = bits.collect();
        if replace.is_empty() && bits.is_empty() {
            self.required::<()>("[disable] replace", None)?;
        }
        Some(DisablePolicy { replace, present, bits })
    }

    /// Refuses a `[disable]` that sets the status of a service to released: its tool would not have removed the data.
    fn disable_does_not_release(&mut self, section: &file::Disable, services: &BTreeMap<String, ServicePolicy>) {
        for (name, value) in section.replace.iter().chain(&section.present).flatten() {
            let Ok(attribute) = AttributeDescription::parse(name.get_ref().as_bytes()) else { continue };
            let sets_released =
                |service: &ServicePolicy| service.status == attribute && service.says_released(value.as_bytes());
            let released = services.iter().find(|(_, service)| sets_released(service));
            if let Some((service, _)) = released {
                let message = format!("[disable] writes `{value}`, the released status of [service.{service}]");
                let help = "only the tool of the service may write it, when the data is removed; use another value in [disable]";
                self.fault(Some(name.span()), message, Some(help.to_owned()));
            }
        }
    }

    /// Refuses an attribute that is in more than one table of `[disable]`.
    fn written_once(&mut self, section: &file::Disable) {
        let replace: Vec<&Text> = section.replace.iter().flat_map(BTreeMap::keys).collect();
        let present: Vec<&Text> = section.present.iter().flat_map(BTreeMap::keys).collect();
        let bits: Vec<&Text> = section.bits.iter().flat_map(BTreeMap::keys).collect();
        let tables = [("replace", replace), ("present", present), ("bits", bits)];
        for (at, (table, names)) in tables.iter().enumerate() {
            for name in names {
                let is_same = |other: &&Text| same_type(other.get_ref(), name.get_ref());
                let earlier = tables[..at].iter().find(|(_, others)| others.iter().any(&is_same));
                if let Some((earlier, _)) = earlier {
                    let name_of = name.get_ref();
                    let message = format!("`{name_of}` is in [disable.{earlier}] and in [disable.{table}]");
                    let help = format!("keep it in one of the two; `{name_of} = false` removes it from the preset");
                    self.fault(Some(name.span()), message, Some(help));
                }
            }
        }
    }

    fn grace(&mut self, section: &file::Grace, services: &BTreeMap<String, ServicePolicy>) -> GracePolicy {
        let days = section.days.as_ref().map_or(0, |days| *days.get_ref());
        for (key, value) in [("mail", &section.mail), ("calendar", &section.calendar)] {
            let Some(value) = value.as_ref().filter(|value| *value.get_ref() < days) else { continue };
            if services.contains_key(key) {
                let own = *value.get_ref();
                self.warnings.push(PolicyWarning {
                    span: Some(value.span()),
                    message: format!(
                        "[grace] {key} = {own} is less than days = {days}: the data of the {key} service is removed {} \
                         before the account is deleted",
                        count_of_days(days - own)
                    ),
                    help: format!("remove `{key}` if both should be equal; its default is the value of `days`"),
                });
            }
        }
        GracePolicy {
            days,
            mail: section.mail.as_ref().map_or(days, |days| *days.get_ref()),
            calendar: section.calendar.as_ref().map_or(days, |days| *days.get_ref()),
            trust_modify_timestamp: section.trust_modify_timestamp.unwrap_or(false),
        }
    }

    fn stamp(&mut self, section: &file::Stamp) -> Option<Stamp> {
        let named = section.attribute.as_ref().filter(|text| !text.get_ref().is_empty());
        if named.is_none()
            && let Some(other) = section.attribute.as_ref().or(section.format.as_ref()).or(section.missing.as_ref())
        {
            let help = "name one, for example attribute = \"description\"; if there is no stamp, remove [stamp]";
            self.fault(Some(other.span()), "[stamp] has no `attribute`".to_owned(), Some(help.to_owned()));
        }
        let text = named?;
        let attribute = self.attribute(text)?;
        let written = section.format.as_ref().map(|text| text.get_ref());
        let format = written.map_or_else(|| "{{ as_of }}".to_owned(), |format| with_blanks(format));
        let dates = ["{{ as_of }}", "{{ as_of_time }}"].map(|date| format.matches(date).count());
        if dates.iter().sum::<usize>() != 1 {
            let span = section.format.as_ref().map(|text| text.span());
            let message = "[stamp] format must have `{{ as_of }}` or `{{ as_of_time }}` exactly once".to_owned();
            self.fault(span, message, None);
        }
        let missing = self.word_or(section.missing.as_ref(), MissingStamp::Review);
        Some(Stamp { attribute, format, missing: missing? })
    }

    /// Refuses a container below a protected or vetoed entry: every later plan for an account in it would be refused, or would
    /// hold it.
    fn moves_where_plans_may_go(
        &mut self,
        section: &file::Move,
        moving: Option<&MovePolicy>,
        protect: &ProtectPolicy,
        veto: &Veto,
    ) {
        let (Some(text), Some(moving)) = (section.to.as_ref(), moving) else { return };
        if veto.dn.iter().any(|dn| moving.to.key().is_at_or_under(dn.key())) {
            let message = "[move] to is at or below an entry of [veto] dn".to_owned();
            let help = "later plans would hold every account in it; choose another container, or change [veto] dn";
            self.fault(Some(text.span()), message, Some(help.to_owned()));
        }
        if protect.subtree.iter().any(|subtree| moving.to.key().is_at_or_under(subtree.key())) {
            let message = "[move] to is inside a protected subtree".to_owned();
            let help = "later plans for accounts in it would be refused; choose another container, or change [protect] subtree";
            self.fault(Some(text.span()), message, Some(help.to_owned()));
        }
    }

    /// Refuses a container outside all bases: accounts in it would not be found by later plans, and never be deleted. The
    /// container is not added to the bases silently, because there may be other entries in it.
    fn moves_inside_the_bases(
        &mut self,
        section: &file::Move,
        moving: Option<&MovePolicy>,
        accounts: Option<&AccountPolicy>,
    ) {
        let (Some(moving), Some(accounts)) = (moving, accounts) else { return };
        let is_inside =
            |dn: &Dn| accounts.base.is_empty() || accounts.base.iter().any(|base| dn.key().is_at_or_under(base.key()));
        let places = [
            ("to", section.to.as_ref(), Some(&moving.to), "disabled"),
            ("back", section.back.as_ref(), moving.back.as_ref(), "restored"),
        ];
        for (key, text, dn, what) in places {
            let (Some(text), Some(_)) = (text, dn.filter(|dn| !is_inside(dn))) else { continue };
            let message =
                format!("[move] {key} is outside [accounts] base, so later plans would not find {what} accounts");
            let help = format!("add it to the bases: [accounts] base = [..., {:?}]", text.get_ref());
            self.fault(Some(text.span()), message, Some(help));
        }
    }

    fn moving(&mut self, section: &file::Move, server: Option<Server>) -> Option<MovePolicy> {
        let named = section.to.as_ref().filter(|text| !text.get_ref().is_empty());
        if named.is_none()
            && let Some(other) = section.back.as_ref().or(section.references.as_ref())
        {
            let help = Some("name the container of disabled accounts: to = \"ou=Disabled,...\"".to_owned());
            self.fault(Some(other.span()), "[move] has no `to`".to_owned(), help);
        }
        let to = self.optional_dn(named)?;
        let back = self.optional_dn(section.back.as_ref());
        let by_server = server.is_some_and(|server| server.profile().follows_moves);
        let default = if by_server { MovedReferences::Server } else { MovedReferences::Rewrite };
        let references = self.word_or(section.references.as_ref(), default)?;
        let followed = match (references, section.followed.as_ref()) {
            (MovedReferences::Rewrite, None) => Followed::Nothing,
            (MovedReferences::Rewrite, Some(list)) => {
                let message = "[move] followed has no effect with references = \"rewrite\"".to_owned();
                let help = "remove `followed`, or set references = \"server\"".to_owned();
                self.fault(list.first().map(|text| text.span()), message, Some(help));
                Followed::Nothing
            }
            (MovedReferences::Server, None) if by_server => Followed::Everything,
            (MovedReferences::Server, None) => {
                let usual = INTEGRITY.iter().filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok());
                Followed::Of(usual.collect())
            }
            (MovedReferences::Server, list) => Followed::Of(self.attributes(list)),
        };
        Some(MovePolicy { to, back, followed })
    }

    fn disconnect(&mut self, section: &file::Disconnect) -> Option<DisconnectPolicy> {
        let attribute = section.attribute.as_ref().filter(|text| !text.get_ref().is_empty())?;
        let attribute = self.attribute(attribute)?;
        let value = self.required("[disconnect] value", section.value.as_ref())?;
        if value.get_ref().is_empty() {
            self.fault(Some(value.span()), "[disconnect] value is empty".to_owned(), Some("set a value".to_owned()));
        }
        Some(DisconnectPolicy { attribute, value: value.get_ref().as_bytes().to_vec() })
    }

    fn rule(&mut self, rule: &file::Rule) -> Option<Rule> {
        if let (Some(_), Some(now)) = (&rule.base, &rule.base_now) {
            let help = "keep `base` for accounts that are or were below it, or `base_now` for those that are";
            self.fault(Some(now.span()), "a rule has either `base` or `base_now`".to_owned(), Some(help.to_owned()));
        }
        let base = rule.base.as_ref().or(rule.base_now.as_ref()).map(|text| self.dn(text));
        let filter = rule.filter.as_ref().map(|text| self.filter(text));
        let action: Option<RuleAction> = self.word(&rule.action);
        let filter_text = rule.filter.as_ref().map(|text| text.get_ref().clone());
        Some(Rule {
            base: base.flatten(),
            is_by_present_name: rule.base_now.is_some(),
            former_names: FormerNames::default(),
            filter: filter.flatten(),
            filter_text,
            action: action?,
        })
    }

    fn service(&mut self, key: &Text, service: &file::Service) -> Option<(String, ServicePolicy)> {
        let name = key.get_ref();
        if !SERVICES.contains(&name.as_str()) {
            let message =
                format!("unknown service `{name}`: no action removes it, so [service.{name}] would have no effect");
            self.fault(Some(key.span()), message, Some(suggestion_or_present_name(name, &SERVICES)));
            return None;
        }
        let mut patterns = |texts: Option<&Vec<Text>>| -> Vec<Pattern> {
            let mut pattern = |text: &Text| {
                let pattern = Pattern::parse(text.get_ref());
                pattern.map_err(|error| self.fault(Some(text.span()), format!("not an attribute: {error}"), None)).ok()
            };
            texts.into_iter().flatten().filter_map(&mut pattern).collect()
        };
        let attributes = patterns(service.attributes.as_ref());
        let virtual_attributes = patterns(service.r#virtual.as_ref());
        let status = self.required(&format!("[service.{name}] status"), service.status.as_ref());
        let status = status.and_then(|text| self.attribute(text));
        let released = self.required(&format!("[service.{name}] released"), service.released.as_ref());
        let unassigned = self.word_or(service.unassigned.as_ref(), Unassigned::Released);
        let release = self.word_or(service.release.as_ref(), ReleasePolicy::Msuserpurge);
        let policy = ServicePolicy {
            status: status?,
            disable: service.disable.clone().unwrap_or_else(|| "deleted".to_owned()),
            active: service.active.clone().unwrap_or_else(|| "active".to_owned()),
            released: released?.clone(),
            release: release?,
            unassigned_is_released: unassigned? == Unassigned::Released,
            classes: service.classes.clone().unwrap_or_default(),
            strip_classes: service.strip_classes.clone().unwrap_or_default(),
            attributes,
            virtual_attributes,
        };
        if policy.says_released(policy.disable.as_bytes()) {
            let message =
                format!("[service.{name}] has the same status `{}` for `disable` and `released`", policy.disable);
            let help =
                "the tool of the service writes `released` when the data is removed; `disable` must be another value";
            self.fault(service.status.as_ref().map(|text| text.span()), message, Some(help.to_owned()));
        }
        Some((name.clone(), policy))
    }

    fn roster(&mut self, name: &str, roster: &file::Roster) -> Option<(String, RosterPolicy)> {
        let key = self.attribute(&roster.key);
        let absence = self.word_or(roster.absence.as_ref(), Absence::Review);
        let trailer = roster.trailer.as_ref().and_then(|text| {
            Trailer::parse(text.get_ref()).map_err(|message| self.fault(Some(text.span()), message.clone(), None)).ok()
        });
        if roster.status.is_some() && roster.inactive.as_ref().is_none_or(Vec::is_empty) {
            let help = Some("name the values of people who have left, for example inactive = [\"left\"]".to_owned());
            self.fault(Some(roster.key.span()), format!("[roster.{name}] has `status`, but no `inactive`"), help);
        }
        let both =
            roster.inactive.iter().flatten().find(|word| roster.active.iter().flatten().any(|other| other == *word));
        if let Some(both) = both {
            let message = format!("[roster.{name}]: `{both}` is in `inactive` and in `active`");
            self.fault(Some(roster.key.span()), message, Some("remove it from one of the two".to_owned()));
        }
        if roster.min_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            let message = format!("[roster.{name}] min_percent is not a percentage from 0 to 100");
            self.fault(Some(roster.key.span()), message, None);
        }
        let scope = Scope {
            base: self.optional_dn(roster.base.as_ref()),
            domain: roster.domain.clone(),
            filter: self.optional_filter(roster.filter.as_ref()),
            filter_text: roster.filter.as_ref().map(|text| text.get_ref().clone()),
        };
        let policy = RosterPolicy {
            rules: RosterRules {
                key: roster.column.clone().unwrap_or_else(|| roster.key.get_ref().clone()),
                status: roster.status.clone(),
                inactive: roster.inactive.clone().unwrap_or_default(),
                active: roster.active.clone().unwrap_or_default(),
                trailer,
            },
            key: key?,
            scope,
            absence: absence?,
            completeness: Completeness {
                expected_rows: roster.expected_rows,
                min_percent: roster.min_percent,
                last_rows: None,
                max_age_days: roster.max_age_days,
            },
        };
        Some((name.to_owned(), policy))
    }

    fn references(
        &mut self,
        section: &file::References,
        stated: &[file::Reference],
        server: Option<Server>,
    ) -> ReferencePolicy {
        let last_member = section.last_member.as_ref().map_or(Some(LastMember::Refuse), |text| self.last_member(text));
        let private_group = self.word_or(section.private_group.as_ref(), PrivateGroups::Review);
        for text in [&section.remove, &section.reassign, &section.review].into_iter().flatten().flatten() {
            self.is_written(text, server);
        }
        let lists = [
            ("remove", Treatment::Remove, &section.remove),
            ("reassign", Treatment::Reassign, &section.reassign),
            ("review", Treatment::Review, &section.review),
            ("leave", Treatment::Leave, &section.leave),
        ];
        let is_servers_own = |text: &Text| server.is_some_and(|server| server.sets(text.get_ref()));
        let mut of_unknown_form = Vec::new();
        for (index, (list, treatment, texts)) in lists.iter().enumerate() {
            for text in texts.iter().flatten() {
                let attribute = AttributeDescription::parse(text.get_ref().as_bytes()).ok();
                match attribute.as_ref().map(|attribute| form_of(attribute.attribute_type())) {
                    Some(Some(form)) => self.can_be_treated(text, form, *treatment),
                    // An attribute that is never written needs no form.
                    Some(None) if !is_servers_own(text) => {
                        let span = text.span();
                        of_unknown_form.extend(attribute.map(|attribute| ListedReference {
                            attribute,
                            treatment: *treatment,
                            span,
                        }));
                    }
                    _ => {}
                }
                let earlier = lists[..index].iter().find(|(.., others)| names(others.as_ref(), text.get_ref()));
                if let Some((earlier, ..)) = earlier {
                    let message = format!("`{}` is in `{earlier}` and in `{list}`", text.get_ref());
                    self.fault(Some(text.span()), message, Some("remove it from one of the two".to_owned()));
                }
            }
        }
        ReferencePolicy {
            remove: self.attributes(section.remove.as_ref()),
            reassign: self.attributes(section.reassign.as_ref()),
            review: self.attributes(section.review.as_ref()),
            leave: self.attributes(section.leave.as_ref()),
            stated: self.stated(section, stated, server),
            of_unknown_form,
            last_member: last_member.unwrap_or(LastMember::Refuse),
            deletes_private_groups: private_group == Some(PrivateGroups::Delete),
            max_values: section.max_values.unwrap_or(1000).max(1),
        }
    }

    /// Refuses an attribute that a plan can never write.
    fn is_written(&mut self, text: &Text, server: Option<Server>) {
        if server.is_some_and(|server| server.sets(text.get_ref())) {
            let message = format!("`{}` is maintained by the server, so it is never written", text.get_ref());
            self.fault(
                Some(text.span()),
                message,
                Some("remove it; if it is computed from another attribute, name that one".to_owned()),
            );
        }
    }

    /// Refuses to reassign values of a form in which no value can be written for a successor.
    fn can_be_treated(&mut self, text: &Text, form: Form, treatment: Treatment) {
        if treatment != Treatment::Reassign || !form.is_certain() || form.can_be_reassigned() {
            return;
        }
        let message = format!(
            "`{}` cannot be reassigned: it holds `{}`, and a successor has no such value",
            text.get_ref(),
            form.name()
        );
        self.fault(Some(text.span()), message, Some("use the list `remove` or `review`".to_owned()));
    }

    fn stated(
        &mut self,
        lists: &file::References,
        stated: &[file::Reference],
        server: Option<Server>,
    ) -> Vec<StatedReference> {
        let lists = [
            ("remove", &lists.remove),
            ("reassign", &lists.reassign),
            ("review", &lists.review),
            ("leave", &lists.leave),
        ];
        let mut checked: Vec<StatedReference> = Vec::new();
        for reference in stated {
            let form = self.word_of(&reference.holds, &FORMS);
            let treatment = self.word_of(&reference.then, &TREATMENTS);
            if reference.attribute.is_empty() {
                let help = Some("name one, for example attribute = \"maildrop\"".to_owned());
                self.fault(Some(reference.holds.span()), "[[reference]] has no `attribute`".to_owned(), help);
            }
            if let (Some(form), Some(Treatment::Remove | Treatment::Reassign)) = (form, treatment)
                && !form.is_certain()
            {
                let message = format!("values of the form `{}` are searched for names, but never written", form.name());
                let help =
                    "set then = \"review\" or then = \"leave\"; if each value is nothing but a DN, set holds = \"dn\"";
                self.fault(Some(reference.then.span()), message, Some(help.to_owned()));
            }
            for text in &*reference.attribute {
                let Some(attribute) = self.attribute(text) else { continue };
                if treatment != Some(Treatment::Leave) {
                    self.is_written(text, server);
                }
                if let (Some(form), Some(treatment)) = (form, treatment) {
                    self.can_be_treated(text, form, treatment);
                }
                let name = attribute.attribute_type();
                if checked.iter().any(|other| other.attribute.is_type(name)) {
                    let message = format!("`{}` is in more than one [[reference]]", text.get_ref());
                    self.fault(Some(text.span()), message, Some("keep one of them".to_owned()));
                }
                if let Some((list, _)) = lists.iter().find(|(_, list)| names(list.as_ref(), name)) {
                    let message = format!("`{}` is in [[reference]] and in [references] {list}", text.get_ref());
                    self.fault(Some(text.span()), message, Some("remove it from one of the two".to_owned()));
                }
                // An unknown word is reported already.
                let (form, treatment) = (form.unwrap_or(Form::Name), treatment.unwrap_or(Treatment::Review));
                checked.push(StatedReference { attribute, form, treatment });
            }
        }
        checked
    }

    fn last_member(&mut self, text: &Text) -> Option<LastMember> {
        if let Some(dn) = text.get_ref().strip_prefix(LastMember::PLACEHOLDER_PREFIX) {
            let dn = Text::new(text.span(), dn.trim().to_owned());
            return self.dn(&dn).map(LastMember::Placeholder);
        }
        let known = text.get_ref().parse().ok();
        if known.is_none() {
            self.unknown_word("value", text, LastMember::VARIANTS);
        }
        known
    }

    fn successor(&mut self, section: &file::Successor) -> SuccessorPolicy {
        let order = section.order.iter().flatten().filter_map(|text| self.word(text)).collect();
        SuccessorPolicy { order, fallback: self.optional_dn(section.fallback.as_ref()) }
    }

    fn limits(&mut self, section: &BTreeMap<Text, file::Limit>) -> Limits {
        let mut limits = BTreeMap::new();
        for (name, limit) in section {
            let Some(kind) = LimitKind::from_word(name.get_ref()) else {
                self.unknown_word("kind of change", name, &LimitKind::words());
                continue;
            };
            if limit.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
                let message = format!("[limits] {} has a percentage that is not from 0 to 100", kind.name());
                self.fault(Some(name.span()), message, None);
            }
            let min = limit.min.unwrap_or(limit::DEFAULT_MIN);
            limits.insert(kind, Limit { count: limit.count, percent: limit.percent, min });
        }
        Limits(limits)
    }
}
