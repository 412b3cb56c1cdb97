//! Rules of roles: which of them need a second factor.

use crate::App;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use wardline_authority::{Action, Role};
use wardline_store::{Account, Tx};

/// Roles that need a second factor where a house says nothing else: those that change or reveal more than a bedside
/// needs.
const USUAL: &[Role] =
    &[Role::Administrator, Role::Analyst, Role::Biomedical, Role::Network, Role::Privacy, Role::Manufacturer];
/// Roles that always need one: who keeps the rules could lift their own.
const ALWAYS: &[Role] = &[Role::Administrator];

/// Whether a role needs a second factor, and whether that may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleRule {
    /// The role.
    pub role: Role,
    /// Whether it needs one.
    pub second_factor: bool,
    /// Whether a house may say otherwise.
    pub fixed: bool,
}

impl App {
    /// Which roles need a second factor.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not change it.
    pub async fn role_rules(&self, caller: &Caller) -> Result<Vec<RoleRule>, AppError> {
        self.authorise(caller, Action::SettingsWrite, "").await?;
        let mut tx = self.store().read().await?;
        let said = tx.role_rules().await?;
        tx.end().await?;
        let people = Role::ALL.iter().filter(|role| **role != Role::Sensor);
        Ok(people.map(|role| rule(*role, &said)).collect())
    }

    /// Says which roles need a second factor. It counts from the next sign-in on.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not.
    pub async fn role_rules_set(&self, caller: &Caller, needing: &[Role]) -> Result<(), AppError> {
        let known = self.role_rules(caller).await?;
        let mut tx = self.store().write().await?;
        for rule in known.into_iter().filter(|rule| !rule.fixed) {
            let needs = needing.contains(&rule.role);
            if needs != rule.second_factor {
                tx.role_rule_set(rule.role.as_str(), needs).await?;
                let detail = if needs { "second factor needed" } else { "second factor not needed" };
                let event =
                    Event::by(caller, Action::SettingsWrite).object(rule.role.as_str()).detail(detail);
                self.audit(&mut tx, event).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}

fn rule(role: Role, said: &[(String, bool)]) -> RoleRule {
    let fixed = ALWAYS.contains(&role);
    let said = said.iter().find(|(name, _)| name == role.as_str()).map(|(_, needs)| *needs);
    RoleRule { role, second_factor: fixed || said.unwrap_or_else(|| USUAL.contains(&role)), fixed }
}

/// Whether an account's roles need a second factor.
pub(crate) async fn needs_second(tx: &mut Tx, account: &Account) -> Result<bool, AppError> {
    let said = tx.role_rules().await?;
    Ok(crate::signin::roles(&account.roles).into_iter().any(|role| rule(role, &said).second_factor))
}
