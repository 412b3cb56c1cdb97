//! Logins of the mail protocols that show the password: SASL PLAIN (RFC 4616) and LOGIN.
//!
//! In: the client's words, in base64. Out: whether there was a password, and the name of the factory default
//! that it is. Users and passwords are compared here and dropped. Limits: [`SECRET_MAX`]. Other mechanisms
//! do not show the password and are not read, but for NTLM's, which names machines.

use crate::{base64, credential, ntlm};
use wardline_model::{Attribute, Fact};

/// User name or password kept for comparison.
const SECRET_MAX: usize = 64;
/// Base64 of `NTLMSSP`, zero and the low byte of a message type.
const NTLM: &[u8] = b"TlRMTVNTUAA";

/// A login until it is answered.
#[derive(Default)]
pub(crate) struct Login {
    mechanism: Mechanism,
    user: Option<String>,
    password: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mechanism {
    /// None of SASL, or one that shows nothing.
    #[default]
    Other,
    Plain,
    Login,
}

impl Mechanism {
    const fn name(self) -> &'static str {
        match self {
            Self::Other => "",
            Self::Plain => " PLAIN",
            Self::Login => " LOGIN",
        }
    }
}

impl Login {
    /// By the words after AUTH or AUTHENTICATE: the mechanism and perhaps its first answer.
    pub(crate) fn by_words(words: &[u8]) -> Self {
        let mut words = words.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let mechanism = match words.next().unwrap_or_default().to_ascii_uppercase().as_slice() {
            b"PLAIN" => Mechanism::Plain,
            b"LOGIN" => Mechanism::Login,
            _ => Mechanism::Other,
        };
        let mut login = Self { mechanism, ..Self::default() };
        if let Some(first) = words.next() {
            login.answer(first);
        }
        login
    }

    /// A user name said outside of SASL; an earlier password no longer belongs to it.
    pub(crate) fn user(&mut self, user: &[u8]) {
        *self = Self { user: Some(cut(user)), ..Self::default() };
    }

    /// A password said outside of SASL.
    pub(crate) fn password(&mut self, password: &[u8]) {
        self.password = Some(cut(password));
    }

    /// Whether the client's next line answers the mechanism.
    pub(crate) const fn waits(&self) -> bool {
        !matches!(self.mechanism, Mechanism::Other) && self.password.is_none()
    }

    /// The client's line, in base64.
    pub(crate) fn answer(&mut self, line: &[u8]) {
        let Some(words) = base64::decode(line.trim_ascii()) else {
            // `*` takes the login back; `=` is an empty answer, which is none of these mechanisms'.
            *self = Self::default();
            return;
        };
        match self.mechanism {
            Mechanism::Plain => {
                let mut parts = words.split(|b| *b == 0).skip(1);
                match (parts.next(), parts.next()) {
                    (Some(user), Some(password)) => {
                        self.user = Some(cut(user));
                        self.password = Some(cut(password));
                    }
                    _ => *self = Self::default(),
                }
            }
            Mechanism::Login if self.user.is_none() => self.user = Some(cut(&words)),
            Mechanism::Login => self.password = Some(cut(&words)),
            Mechanism::Other => {}
        }
    }

    /// What the server's yes to this login means, said of the server.
    pub(crate) fn accepted(self, protocol: &str, rule: &'static str) -> [Option<Fact>; 2] {
        let Self { mechanism, user: Some(user), password: Some(password) } = self else {
            return [None, None];
        };
        let name = format!("{protocol}{}", mechanism.name());
        let known = credential::known_default(&user, &password);
        [
            Fact::new(Attribute::ClearCredential, &name, 95, rule),
            known.and_then(|name| Fact::new(Attribute::DefaultCredential, &name, 95, rule)),
        ]
    }
}

/// The NTLM message that stands in a line of a login, if any.
pub(crate) fn ntlm(line: &[u8]) -> Option<ntlm::Message> {
    let at = memchr::memmem::find(line, NTLM)?;
    let word = line.get(at..)?.split(|b| *b == b' ').next()?;
    ntlm::find(&base64::decode(word.trim_ascii())?)
}

fn cut(secret: &[u8]) -> String {
    String::from_utf8_lossy(secret).chars().take(SECRET_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(login: Login, expected: &[&str]) {
        let facts = login.accepted("SMTP", "test");
        let said: Vec<&str> = facts.iter().flatten().map(|fact| &*fact.value).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn passwords_in_clear_are_noticed_and_never_said() {
        // \0admin\0secret
        check(Login::by_words(b"PLAIN AGFkbWluAHNlY3JldA=="), &["SMTP PLAIN"]);
        check(Login::by_words(b"plain AGFkbWluAGFkbWlu"), &["SMTP PLAIN", "admin/admin"]);
        let mut login = Login::by_words(b"LOGIN");
        for line in [&b"cm9vdA=="[..], b"cm9vdA=="] {
            assert!(login.waits());
            login.answer(line);
        }
        assert!(!login.waits());
        check(login, &["SMTP LOGIN", "root/root"]);
    }

    #[test]
    fn other_logins_show_nothing() {
        check(Login::by_words(b"CRAM-MD5"), &[]);
        check(Login::by_words(b"PLAIN !!"), &[]);
        check(Login::by_words(b"PLAIN c2VjcmV0"), &[]);
        let mut taken_back = Login::by_words(b"LOGIN cm9vdA==");
        taken_back.answer(b"*");
        assert!(!taken_back.waits());
        check(taken_back, &[]);
    }
}
