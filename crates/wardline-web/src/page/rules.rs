//! Rules of roles: which need a second factor.

use super::{go, page};
use crate::route::{Answer, Ask};
use maud::html;
use wardline_app::Role;

/// The rules.
pub(crate) async fn show(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let rules = ask.app.role_rules(caller).await?;
    let body = html! {
        h1 { "Rules of roles" }
        p { "Who has a role that is ticked signs in with a second step: a code, or a passkey. It counts from their next "
            "sign-in on. Administrators always need one." }
        form.narrow method="post" action="/settings/roles" {
            fieldset {
                legend { "A second step is needed by" }
                @for rule in &rules {
                    label.choice {
                        input type="checkbox" name=(format!("role-{}", rule.role.as_str())) value="1"
                            checked[rule.second_factor] disabled[rule.fixed];
                        " " (rule.role.as_str())
                    }
                }
            }
            button type="submit" { "Save" }
        }
    };
    Ok(page("Rules of roles", Some(caller), &body))
}

/// Takes them.
pub(crate) async fn save(ask: Ask) -> Answer {
    let ticked = |role: &&Role| !ask.field(&format!("role-{}", role.as_str())).is_empty();
    let needing: Vec<Role> = Role::ALL.iter().filter(ticked).copied().collect();
    ask.app.role_rules_set(ask.caller()?, &needing).await?;
    Ok(go("/settings/roles"))
}
