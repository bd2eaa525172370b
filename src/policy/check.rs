//! From the file as written to what it means. Every fault is collected, not only the first.

use std::collections::BTreeMap;
use std::ops::Range;

use super::file::{self, File, Text, names};
use super::limit::{self, Limit, LimitKind};
use super::placeholder::with_blanks;
use super::sections::{
    ABSENCES, Absence, AccountPolicy, AddressBookPolicy, BitRule, ChildrenPolicy, DirectoryPolicy, DisablePolicy,
    DisconnectPolicy, Followed, GracePolicy, LAST_MEMBERS, LastMember, Limits, ListedReference, MISSING_STAMPS,
    MOVED_REFERENCES, MissingStamp, MovePolicy, OTHER_CHILDREN, OtherChildren, PRIVATE_GROUPS, ProtectPolicy, RELEASES,
    ReferencePolicy, ReleasePolicy, RestorePolicy, RosterPolicy, Rule, RuleAction, SUCCESSOR_SOURCES, Scope,
    ServicePolicy, Stamp, StatedReference, SuccessorPolicy, UNASSIGNED, Veto,
};
use super::{BookRoot, PRESETS, Pattern, Policy, PolicyError, PolicyWarning, ProvisioningTools, Server, Source};
use crate::directory::references::form::{FORMS, TREATMENTS};
use crate::directory::references::reference_attributes::form_of;
use crate::directory::references::{Form, Treatment};
use crate::ldap::attribute::same_type;
use crate::ldap::change::RELAX_RULES;
use crate::ldap::filter::Filter;
use crate::ldap::vocabulary::{FilterRules, Vocabulary};
use crate::ldap::{AttributeDescription, Dn};
use crate::leavers::roster::{Completeness, Rules, Trailer};
use crate::spelling::suggestion;

/// Checks a file that its preset has been merged into.
pub fn check(file: &File) -> Result<Policy, Vec<PolicyError>> {
    let server = file.directory.server.as_ref().and_then(|name| Server::from_name(name.get_ref()));
    let filters = server.map(|server| server.profile().filters).unwrap_or_default();
    let mut checker = Checker { errors: Vec::new(), warnings: Vec::new(), filters };
    match checker.policy(file) {
        Some(policy) if checker.errors.is_empty() => Ok(policy),
        _ => Err(checker.errors),
    }
}

/// What to do about a key that every preset has.
const PRESET_FIRST: &str = "name a preset to begin with, for example preset = \"sun-comms\"";

/// What referential integrity covers where nobody says otherwise: 389 DS's plug-in, and what slapo-refint(5) is mostly told.
const INTEGRITY: [&str; 4] = ["member", "uniqueMember", "owner", "seeAlso"];

/// The services that an action can end: those of [`Action`](crate::leavers::Action) and [`RuleAction`].
const SERVICES: [&str; 2] = ["mail", "calendar"];

/// The name of a preset.
fn known_preset(named: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(name, _)| *name == named).map(|(name, _)| *name)
}

/// A number of days, in words.
fn count_of_days(days: u32) -> String {
    format!("{days} day{}", if days == 1 { "" } else { "s" })
}

/// Turns what is written into what it means, and collects every fault on the way.
struct Checker {
    errors: Vec<PolicyError>,
    warnings: Vec<PolicyWarning>,
    /// How the server evaluates filters.
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

    /// A name that may be left empty for none.
    fn optional_dn(&mut self, text: Option<&Text>) -> Option<Dn> {
        text.filter(|text| !text.get_ref().is_empty()).and_then(|text| self.dn(text))
    }

    /// A filter that may be left empty for none.
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
            let help =
                "an item that can be judged of no entry selects nothing, also below `!`: correct it or take it out";
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

    /// One of some words.
    fn word<T: Clone>(&mut self, text: &Text, words: &[(&'static str, T)]) -> Option<T> {
        let known = words.iter().find(|(word, _)| word == text.get_ref()).map(|(_, meaning)| meaning.clone());
        if known.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let help = Some(suggestion(text.get_ref(), &words));
            self.fault(Some(text.span()), format!("`{}` means nothing here", text.get_ref()), help);
        }
        known
    }

    fn required<'t, T>(&mut self, key: &str, value: Option<&'t T>) -> Option<&'t T> {
        if value.is_none() {
            // Services and rosters have names of their own, which no preset may have.
            let own = key.starts_with("[service.");
            let help = if own { "a service that no preset has names it itself" } else { PRESET_FIRST };
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
        self.mark_releases_nothing(&file.disable, &services);
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
        };
        let children = ChildrenPolicy {
            own: self.optional_filter(file.children.own.as_ref()),
            other: file
                .children
                .other
                .as_ref()
                .and_then(|text| self.word(text, &OTHER_CHILDREN))
                .unwrap_or(OtherChildren::Hold),
        };
        let veto =
            Veto { dn: self.dns(file.veto.dn.as_ref()), filter: self.optional_filter(file.veto.filter.as_ref()) };
        let restore = RestorePolicy {
            replace: self.values(file.restore.replace.as_ref()),
            remove: self.attributes(file.restore.remove.as_ref()),
        };
        let moving = self.moving(&file.moving, server);
        self.moves_where_plans_may_go(&file.moving, moving.as_ref(), &protect);
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
            self.fault(Some(from.span()), "a sender is one line, without control characters".to_owned(), None);
        }
        let grace = self.grace(&file.grace, &services);
        Some(Policy {
            directory: directory?,
            accounts: accounts?,
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
            notice_from: file.notice.from.as_ref().map(|from| from.get_ref().clone()),
            preset: file.preset.as_ref().and_then(|named| known_preset(named.get_ref())),
            differences: Vec::new(),
            warnings: std::mem::take(&mut self.warnings),
            source: Source::default(),
        })
    }

    fn directory(&mut self, section: &file::Directory) -> Option<DirectoryPolicy> {
        let suffixes = self.dns(section.suffixes.as_ref());
        let server = self.required("[directory] server", section.server.as_ref())?;
        let words: Vec<(&'static str, Server)> =
            Server::names().filter_map(|name| Some((name, Server::from_name(name)?))).collect();
        let tools = section
            .tools
            .as_ref()
            .map_or(Some(ProvisioningTools::Ldap), |text| self.word(text, &ProvisioningTools::ALL));
        let server = self.word(server, &words)?;
        let knows_relax = server.profile().controls.contains(&RELAX_RULES);
        let relax = section.relax.as_ref().map_or(knows_relax, |wanted| *wanted.get_ref());
        if let Some(wanted) = section.relax.as_ref().filter(|_| relax && !knows_relax) {
            self.fault(Some(wanted.span()), format!("{server} has no relax rules control"), None);
        }
        Some(DirectoryPolicy { server, suffixes, max_age_days: section.max_age_days, tools: tools?, relax })
    }

    /// Attributes whose values are shown nowhere. Options make no difference, so none is taken.
    fn secrets(&mut self, section: &file::Secrets) -> Vec<String> {
        let attributes = self.attributes(section.attributes.as_ref());
        attributes.iter().map(|attribute| attribute.attribute_type().to_owned()).collect()
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
            // No syntax that a mark can have takes it, and a server says so only when the file is run.
            if value.is_empty() {
                let help = Some("name a value, or leave the attribute out".to_owned());
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
                self.fault(Some(name.span()), "`set` names no bit".to_owned(), None);
            }
            if require & forbid != 0 {
                let message = "`require` and `forbid` name the same bit: no account fits".to_owned();
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

    /// The mark of an account must not say of a service that what it held is gone: nobody would have looked.
    fn mark_releases_nothing(&mut self, section: &file::Disable, services: &BTreeMap<String, ServicePolicy>) {
        for (name, value) in section.replace.iter().chain(&section.present).flatten() {
            let Ok(attribute) = AttributeDescription::parse(name.get_ref().as_bytes()) else { continue };
            let says_released =
                |service: &ServicePolicy| service.status == attribute && service.says_released(value.as_bytes());
            let released = services.iter().find(|(_, service)| says_released(service));
            if let Some((service, _)) = released {
                let message =
                    format!("`[disable]` writes `{value}`, which says that `[service.{service}]` is released");
                let help = "the service's own tool writes that when the data is gone; mark with another value";
                self.fault(Some(name.span()), message, Some(help.to_owned()));
            }
        }
    }

    /// A mark has one value for an attribute: which of two is meant cannot be known.
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
                    let help = format!("name it in one of the two; `{name_of} = false` takes the preset's away");
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
                        "[grace] {key} = {own} is smaller than days = {days}: what the {key} service holds is removed {} \
                         before the account is deleted",
                        count_of_days(days - own)
                    ),
                    help: format!("leave `{key}` out, and it is as `days`"),
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
            let help =
                Some("name it: attribute = \"description\"; without a stamp, leave out all of [stamp]".to_owned());
            self.fault(Some(other.span()), "[stamp] names no attribute".to_owned(), help);
        }
        let text = named?;
        let attribute = self.attribute(text)?;
        let written = section.format.as_ref().map(|text| text.get_ref());
        let format = written.map_or_else(|| "{{ as_of }}".to_owned(), |format| with_blanks(format));
        let dates = ["{{ as_of }}", "{{ as_of_time }}"].map(|date| format.matches(date).count());
        if dates.iter().sum::<usize>() != 1 {
            let span = section.format.as_ref().map(|text| text.span());
            let message = "a stamp's format holds `{{ as_of }}` or `{{ as_of_time }}` once".to_owned();
            self.fault(span, message, None);
        }
        let missing =
            section.missing.as_ref().map_or(Some(MissingStamp::Review), |text| self.word(text, &MISSING_STAMPS));
        Some(Stamp { attribute, format, missing: missing? })
    }

    /// An account that is moved to a protected place would refuse every later plan that it is named for.
    fn moves_where_plans_may_go(&mut self, section: &file::Move, moving: Option<&MovePolicy>, protect: &ProtectPolicy) {
        let (Some(text), Some(moving)) = (section.to.as_ref(), moving) else { return };
        if protect.subtree.iter().any(|subtree| moving.to.key().is_at_or_under(subtree.key())) {
            let message = "accounts are moved to what [protect] subtree protects".to_owned();
            let help = "every later plan that names one of them would be refused: move them elsewhere, or protect less";
            self.fault(Some(text.span()), message, Some(help.to_owned()));
        }
    }

    /// An account that is moved out of every base is not an account for the next plan: it would wait there indefinitely. It is for
    /// the policy to say that what is there are accounts, for others may be there, too.
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
            ("to", section.to.as_ref(), Some(&moving.to), "a disabled account is moved"),
            ("back", section.back.as_ref(), moving.back.as_ref(), "a restored account is moved"),
        ];
        for (key, text, dn, what) in places {
            let (Some(text), Some(_)) = (text, dn.filter(|dn| !is_inside(dn))) else { continue };
            let message =
                format!("[move] {key} is outside [accounts] base: {what} there, and later plans would not find it");
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
            self.fault(Some(other.span()), "[move] does not say where to".to_owned(), help);
        }
        let to = self.optional_dn(named)?;
        let back = self.optional_dn(section.back.as_ref());
        let by_server = server.is_some_and(|server| server.profile().follows_moves);
        let server_follows =
            section.references.as_ref().map_or(Some(by_server), |text| self.word(text, &MOVED_REFERENCES))?;
        let followed = match (server_follows, section.followed.as_ref()) {
            (false, None) => Followed::Nothing,
            (false, Some(list)) => {
                let message = "[move] followed says what the server changes, but references = \"rewrite\"".to_owned();
                self.fault(list.first().map(|text| text.span()), message, None);
                Followed::Nothing
            }
            (true, None) if by_server => Followed::Everything,
            (true, None) => {
                let usual = INTEGRITY.iter().filter_map(|name| AttributeDescription::parse(name.as_bytes()).ok());
                Followed::Of(usual.collect())
            }
            (true, list) => Followed::Of(self.attributes(list)),
        };
        Some(MovePolicy { to, back, followed })
    }

    fn disconnect(&mut self, section: &file::Disconnect) -> Option<DisconnectPolicy> {
        let attribute = section.attribute.as_ref().filter(|text| !text.get_ref().is_empty())?;
        let attribute = self.attribute(attribute)?;
        let value = self.required("[disconnect] value", section.value.as_ref())?;
        if value.get_ref().is_empty() {
            self.fault(Some(value.span()), "the blocking value is empty".to_owned(), None);
        }
        Some(DisconnectPolicy { attribute, value: value.get_ref().as_bytes().to_vec() })
    }

    fn rule(&mut self, rule: &file::Rule) -> Option<Rule> {
        let base = rule.base.as_ref().map(|text| self.dn(text));
        let filter = rule.filter.as_ref().map(|text| self.filter(text));
        let action = self.word(&rule.action, &RuleAction::ALL);
        let filter_text = rule.filter.as_ref().map(|text| text.get_ref().clone());
        Some(Rule { base: base.flatten(), filter: filter.flatten(), filter_text, action: action? })
    }

    fn service(&mut self, key: &Text, service: &file::Service) -> Option<(String, ServicePolicy)> {
        let name = key.get_ref();
        if !SERVICES.contains(&name.as_str()) {
            let message = format!("no action ends a service `{name}`: [service.{name}] would do nothing");
            self.fault(Some(key.span()), message, Some(suggestion(name, &SERVICES)));
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
        let unassigned = service.unassigned.as_ref().map_or(Some(true), |text| self.word(text, &UNASSIGNED));
        let release =
            service.release.as_ref().map_or(Some(ReleasePolicy::Msuserpurge), |text| self.word(text, &RELEASES));
        let policy = ServicePolicy {
            status: status?,
            disable: service.disable.clone().unwrap_or_else(|| "deleted".to_owned()),
            active: service.active.clone().unwrap_or_else(|| "active".to_owned()),
            released: released?.clone(),
            release: release?,
            unassigned_is_released: unassigned?,
            classes: service.classes.clone().unwrap_or_default(),
            strip_classes: service.strip_classes.clone().unwrap_or_default(),
            attributes,
            virtual_attributes,
        };
        if policy.says_released(policy.disable.as_bytes()) {
            let message = format!("`[service.{name}]` marks with `{}`, which says that it is released", policy.disable);
            let help =
                "`released` is what the service's own tool writes when the data is gone; `disable` is another value";
            self.fault(service.status.as_ref().map(|text| text.span()), message, Some(help.to_owned()));
        }
        Some((name.clone(), policy))
    }

    fn roster(&mut self, name: &str, roster: &file::Roster) -> Option<(String, RosterPolicy)> {
        let key = self.attribute(&roster.key);
        let absence = roster.absence.as_ref().map_or(Some(Absence::Review), |text| self.word(text, &ABSENCES));
        let trailer = roster.trailer.as_ref().and_then(|text| {
            Trailer::parse(text.get_ref()).map_err(|message| self.fault(Some(text.span()), message.clone(), None)).ok()
        });
        if roster.status.is_some() && roster.inactive.as_ref().is_none_or(Vec::is_empty) {
            let help = Some("say which values mean that somebody has left: inactive = [\"left\"]".to_owned());
            self.fault(Some(roster.key.span()), format!("[roster.{name}] has a status and no `inactive`"), help);
        }
        let both =
            roster.inactive.iter().flatten().find(|word| roster.active.iter().flatten().any(|other| other == *word));
        if let Some(both) = both {
            let message = format!("[roster.{name}]: `{both}` means both that somebody has left and that they have not");
            self.fault(Some(roster.key.span()), message, Some("take it off `inactive` or off `active`".to_owned()));
        }
        if roster.min_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            self.fault(Some(roster.key.span()), "a percentage is from 0 to 100".to_owned(), None);
        }
        let scope = Scope {
            base: self.optional_dn(roster.base.as_ref()),
            domain: roster.domain.clone(),
            filter: self.optional_filter(roster.filter.as_ref()),
            filter_text: roster.filter.as_ref().map(|text| text.get_ref().clone()),
        };
        let policy = RosterPolicy {
            rules: Rules {
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
        let private_group = section.private_group.as_ref().and_then(|text| self.word(text, &PRIVATE_GROUPS));
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
                    // What is never written may be left alone in any form.
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
                    self.fault(Some(text.span()), message, Some("take it off one of the two".to_owned()));
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
            private_group_goes: private_group.unwrap_or(false),
            max_values: section.max_values.unwrap_or(1000).max(1),
        }
    }

    /// An attribute that a plan may write.
    fn is_written(&mut self, text: &Text, server: Option<Server>) {
        if server.is_some_and(|server| server.sets(text.get_ref())) {
            let message = format!("`{}` is computed by the server, or history: it is never written", text.get_ref());
            self.fault(Some(text.span()), message, Some("name the attribute that it is computed from".to_owned()));
        }
    }

    /// A treatment that values of a form can have: else less would be done than the policy says.
    fn can_be_treated(&mut self, text: &Text, form: Form, treatment: Treatment) {
        let why = match treatment {
            Treatment::Reassign if form.is_certain() && !form.can_be_reassigned() => {
                "no such value can be written for a successor"
            }
            _ => return,
        };
        let message = format!("`{}` cannot be reassigned: it holds `{}`, and {why}", text.get_ref(), form.name());
        self.fault(Some(text.span()), message, Some("remove its values, or leave them for review".to_owned()));
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
            let form = self.word(&reference.holds, &FORMS);
            let treatment = self.word(&reference.then, &TREATMENTS);
            if reference.attribute.is_empty() {
                let help = "name it: attribute = \"maildrop\"";
                self.fault(
                    Some(reference.holds.span()),
                    "[[reference]] names no attribute".to_owned(),
                    Some(help.to_owned()),
                );
            }
            if let (Some(form), Some(Treatment::Remove | Treatment::Reassign)) = (form, treatment)
                && !form.is_certain()
            {
                let message =
                    format!("in values that hold `{}` names are only looked for: they are never written", form.name());
                let help =
                    "write then = \"review\" or \"leave\"; where each value is a name and no more, holds = \"dn\"";
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
                    let message = format!("`{}` is in [[reference]] twice", text.get_ref());
                    self.fault(Some(text.span()), message, Some("state one form of it".to_owned()));
                }
                if let Some((list, _)) = lists.iter().find(|(_, list)| names(list.as_ref(), name)) {
                    let message = format!("`{}` is in [[reference]] and in [references] {list}", text.get_ref());
                    self.fault(Some(text.span()), message, Some("take it off one of the two".to_owned()));
                }
                // A fault of the words is told already.
                let (form, treatment) = (form.unwrap_or(Form::Name), treatment.unwrap_or(Treatment::Review));
                checked.push(StatedReference { attribute, form, treatment });
            }
        }
        checked
    }

    fn last_member(&mut self, text: &Text) -> Option<LastMember> {
        if let Some(dn) = text.get_ref().strip_prefix("placeholder:") {
            let dn = Text::new(text.span(), dn.trim().to_owned());
            return self.dn(&dn).map(LastMember::Placeholder);
        }
        let mut words: Vec<(&'static str, Option<LastMember>)> =
            LAST_MEMBERS.into_iter().map(|(word, meaning)| (word, Some(meaning))).collect();
        // Only for the message: the prefix alone is not a word.
        words.push(("placeholder:<dn>", None));
        self.word(text, &words)?
    }

    fn successor(&mut self, section: &file::Successor) -> SuccessorPolicy {
        let order = section.order.iter().flatten().filter_map(|text| self.word(text, &SUCCESSOR_SOURCES)).collect();
        SuccessorPolicy { order, fallback: self.optional_dn(section.fallback.as_ref()) }
    }

    fn limits(&mut self, section: &BTreeMap<Text, file::Limit>) -> Limits {
        let words: Vec<(&'static str, LimitKind)> = LimitKind::ALL.iter().map(|(kind, word)| (*word, *kind)).collect();
        let mut limits = BTreeMap::new();
        for (name, limit) in section {
            let Some(kind) = self.word(name, &words) else { continue };
            if limit.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
                self.fault(Some(name.span()), "a percentage is from 0 to 100".to_owned(), None);
            }
            let min = limit.min.unwrap_or(limit::DEFAULT_MIN);
            limits.insert(kind, Limit { count: limit.count, percent: limit.percent, min });
        }
        Limits(limits)
    }
}
