//! Who may do what: policies in Cedar, checked against a schema, deny by default.
//!
//! In: roles of an account, whether it has emergency access, an [`Action`]. Out: yes or no, with the policies that
//! said so. The policies are text in `policy/`, to be read by whoever answers for them. *Where* somebody may act is
//! the account's scope, which every query takes by type; the policies never widen it.
//! Pure: no clock, no input beside the built-in texts.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use thiserror::Error;

const POLICIES: &str = include_str!("../policy/wardline.cedar");
const SCHEMA: &str = include_str!("../policy/wardline.cedarschema");

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$one])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in policies, in the database and in documents.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one of that word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// What somebody is here.
    Role {
        /// Keeps Wardline itself.
        Administrator = "administrator",
        /// Hunts and answers attacks.
        Analyst = "analyst",
        /// Audits from outside, for a time.
        Assessor = "assessor",
        /// Keeps medical devices.
        Biomedical = "biomedical",
        /// Works with patients.
        Clinical = "clinical",
        /// A manufacturer's engineer.
        Manufacturer = "manufacturer",
        /// Keeps the network.
        Network = "network",
        /// Answers for privacy and compliance.
        Privacy = "privacy",
        /// A sensor, not a person.
        Sensor = "sensor",
        /// Looks, and nothing else.
        Viewer = "viewer",
    }
}

words! {
    /// What can be done.
    Action {
        /// See accounts, their roles and sessions.
        AccountRead = "account.read",
        /// Give somebody a new one-time link.
        AccountReset = "account.reset",
        /// Make, change and close accounts.
        AccountWrite = "account.write",
        /// See what was done and refused.
        AuditRead = "audit.read",
        /// Check the ledger and export it.
        AuditVerify = "audit.verify",
        /// Make and read back archives.
        BackupMake = "backup.make",
        /// Change one's own password and passkeys.
        CredentialOwn = "credential.own",
        /// Say where a device is in its life and whose it is.
        DevicePlace = "device.place",
        /// See devices.
        DeviceRead = "device.read",
        /// Judge emergency access that others took.
        EmergencyReview = "emergency.review",
        /// Take emergency access.
        EmergencyTake = "emergency.take",
        /// See findings.
        FindingRead = "finding.read",
        /// Hand in what a sensor saw.
        SensorDeliver = "sensor.deliver",
        /// See how sensors fare.
        SensorRead = "sensor.read",
        /// See and end one's own sessions.
        SessionOwn = "session.own",
        /// Change how Wardline works.
        SettingsWrite = "settings.write",
        /// See sites and departments.
        SiteRead = "site.read",
        /// Enter and change sites and departments.
        SiteWrite = "site.write",
        /// Make and end one's own tokens.
        TokenOwn = "token.own",
    }
}

/// The policies cannot be used.
#[derive(Debug, Error)]
#[error("the policies cannot be used: {0}")]
pub struct PolicyError(String);

/// Whether, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is permitted.
    pub permitted: bool,
    /// Ids of the policies that decided; empty when none permits it.
    pub policies: Vec<String>,
}

/// The policies, ready to judge.
pub struct Authority {
    authorizer: Authorizer,
    policies: PolicySet,
    schema: Schema,
}

impl Authority {
    /// Reads the built-in policies and checks them.
    ///
    /// # Errors
    ///
    /// When they are not policies, or speak of what the schema does not know.
    pub fn new() -> Result<Self, PolicyError> {
        Self::of(POLICIES, SCHEMA)
    }

    fn of(policies: &str, schema: &str) -> Result<Self, PolicyError> {
        let (schema, _) =
            Schema::from_cedarschema_str(schema).map_err(|error| PolicyError(error.to_string()))?;
        let policies = PolicySet::from_str(policies).map_err(|error| PolicyError(error.to_string()))?;
        let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !checked.validation_passed() {
            let found: Vec<String> = checked.validation_errors().map(ToString::to_string).collect();
            return Err(PolicyError(found.join("; ")));
        }
        Ok(Self { authorizer: Authorizer::new(), policies, schema })
    }

    /// Whether an account with these roles may do that. Anything that goes wrong is a no.
    #[must_use]
    pub fn judge(&self, roles: &[Role], emergency: bool, action: Action) -> Verdict {
        self.ask(roles, emergency, action).unwrap_or(Verdict { permitted: false, policies: Vec::new() })
    }

    fn ask(&self, roles: &[Role], emergency: bool, action: Action) -> Option<Verdict> {
        let principal = uid("Account", "asking")?;
        let parents: HashSet<EntityUid> =
            roles.iter().filter_map(|role| uid("Role", role.as_str())).collect();
        let mut entities: Vec<Entity> = parents.iter().cloned().map(Entity::with_uid).collect();
        let attributes = HashMap::from([("emergency".to_owned(), RestrictedExpression::new_bool(emergency))]);
        entities.push(Entity::new(principal.clone(), attributes, parents).ok()?);
        let house = uid("House", "house")?;
        entities.push(Entity::with_uid(house.clone()));
        let entities = Entities::from_entities(entities, Some(&self.schema)).ok()?;
        let action = uid("Action", action.as_str())?;
        let request = Request::new(principal, action, house, Context::empty(), Some(&self.schema)).ok()?;
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        let mut policies: Vec<String> = answer
            .diagnostics()
            .reason()
            .map(|id| self.policies.annotation(id, "id").map_or_else(|| id.to_string(), ToOwned::to_owned))
            .collect();
        policies.sort();
        Some(Verdict { permitted: answer.decision() == Decision::Allow, policies })
    }
}

fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    Some(EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).ok()?, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each role may do, written out: a change of the policies is a change here.
    const EXPECTED: &[(Role, &[Action])] = {
        use Action::*;
        &[
            (
                Role::Administrator,
                &[
                    AccountRead,
                    AccountReset,
                    AccountWrite,
                    AuditRead,
                    AuditVerify,
                    BackupMake,
                    CredentialOwn,
                    DevicePlace,
                    DeviceRead,
                    EmergencyReview,
                    FindingRead,
                    SensorRead,
                    SessionOwn,
                    SettingsWrite,
                    SiteRead,
                    SiteWrite,
                    TokenOwn,
                ],
            ),
            (
                Role::Analyst,
                &[
                    CredentialOwn,
                    DeviceRead,
                    EmergencyTake,
                    FindingRead,
                    SensorRead,
                    SessionOwn,
                    SiteRead,
                    TokenOwn,
                ],
            ),
            (
                Role::Assessor,
                &[AuditRead, AuditVerify, CredentialOwn, DeviceRead, FindingRead, SessionOwn, SiteRead],
            ),
            (
                Role::Biomedical,
                &[
                    CredentialOwn,
                    DevicePlace,
                    DeviceRead,
                    EmergencyTake,
                    FindingRead,
                    SensorRead,
                    SessionOwn,
                    SiteRead,
                    TokenOwn,
                ],
            ),
            (Role::Clinical, &[CredentialOwn, DeviceRead, EmergencyTake, FindingRead, SessionOwn, SiteRead]),
            (Role::Manufacturer, &[CredentialOwn, DeviceRead, SessionOwn]),
            (
                Role::Network,
                &[
                    CredentialOwn,
                    DeviceRead,
                    EmergencyTake,
                    FindingRead,
                    SensorRead,
                    SessionOwn,
                    SiteRead,
                    TokenOwn,
                ],
            ),
            (
                Role::Privacy,
                &[
                    AuditRead,
                    AuditVerify,
                    CredentialOwn,
                    DeviceRead,
                    EmergencyReview,
                    FindingRead,
                    SessionOwn,
                    SiteRead,
                ],
            ),
            (Role::Sensor, &[CredentialOwn, SensorDeliver, SessionOwn]),
            (Role::Viewer, &[CredentialOwn, DeviceRead, FindingRead, SessionOwn, SiteRead]),
        ]
    };

    #[test]
    fn each_role_may_exactly_what_is_written() {
        let authority = Authority::new().unwrap();
        for role in Role::ALL {
            let (_, expected) = EXPECTED.iter().find(|(known, _)| known == role).unwrap();
            for action in Action::ALL {
                let verdict = authority.judge(&[*role], false, *action);
                assert_eq!(verdict.permitted, expected.contains(action), "{role:?} {action:?}");
                assert_eq!(verdict.permitted, !verdict.policies.is_empty());
            }
        }
    }

    #[test]
    fn without_a_role_there_is_only_ones_own_and_two_roles_add_up() {
        let authority = Authority::new().unwrap();
        for action in Action::ALL {
            let own = matches!(action, Action::SessionOwn | Action::CredentialOwn);
            assert_eq!(authority.judge(&[], false, *action).permitted, own);
            let either =
                [Role::Viewer, Role::Privacy].map(|role| authority.judge(&[role], false, *action).permitted);
            let both = authority.judge(&[Role::Viewer, Role::Privacy], false, *action).permitted;
            assert_eq!(both, either[0] || either[1]);
        }
    }

    #[test]
    fn an_emergency_opens_what_is_needed_at_the_bedside_and_no_accounts() {
        let authority = Authority::new().unwrap();
        let may = |action| authority.judge(&[Role::Clinical], true, action).permitted;
        assert!(may(Action::DevicePlace) && may(Action::SensorRead));
        assert!(!may(Action::AccountRead) && !may(Action::AuditRead) && !may(Action::SettingsWrite));
    }

    #[test]
    fn a_policy_about_what_does_not_exist_is_refused() {
        let unknown = "permit (principal, action == Action::\"device.explode\", resource);";
        assert!(Authority::of(unknown, SCHEMA).is_err());
        assert!(Authority::of("permit (principal", SCHEMA).is_err());
        let none = Authority::of("", SCHEMA).unwrap();
        assert!(!none.judge(&[Role::Administrator], true, Action::DeviceRead).permitted);
    }
}
