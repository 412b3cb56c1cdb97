//! Coming in: one-time link, password, second factor, session; and going out.
//!
//! A session is 256 random bits that only the browser has; the database has their digest. It ends after
//! [`IDLE_US`] without use and after [`SESSION_US`] in any case. A wrong password costs the same time whether the name
//! exists or not; after [`FAILURES_FREE`] wrong ones an account waits, twice as long each time. A time step's code and
//! a recovery code work once.

use crate::audit::Event;
use crate::caller::{Caller, Reaches};
use crate::error::AppError;
use crate::passkey::has_passkey;
use crate::rules::needs_second;
use crate::{App, credential, totp};
use wardline_authority::Role;
use wardline_store::{Account, AccountId, Scope, Session, Stage};

/// Without use for that long, a session ends (45 CFR 164.312(a)(2)(iii)).
const IDLE_US: i64 = 15 * 60 * 1_000_000;
/// A session ends after a shift.
const SESSION_US: i64 = 12 * 3_600 * 1_000_000;
/// How often the use of a session is written down.
const TOUCH_US: i64 = 30 * 1_000_000;
/// Wrong passwords before an account waits.
const FAILURES_FREE: i64 = 5;
/// The first wait and the longest, in seconds.
const WAIT_SECONDS: i64 = 30;
const WAIT_SECONDS_MAX: i64 = 3_600;
/// Purpose of a secret on its way into an account.
const PENDING: &str = "totp to be confirmed";

/// Name and password as they were typed.
pub struct SignIn<'a> {
    /// The name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Where from.
    pub address: &'a str,
}

/// What is asked of somebody whose password was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStep {
    /// A code of their authenticator, or a recovery code.
    Code,
    /// One of their passkeys.
    Passkey,
    /// To set up a second factor first: there is none yet.
    SetUp,
}

/// A session that was opened.
pub struct Entered {
    /// What the browser keeps; nobody else ever sees it.
    pub secret: String,
    /// How far it leads.
    pub stage: Stage,
}

impl App {
    /// Somebody gives name and password.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] or [`AppError::Locked`], which tell nothing about which names exist.
    pub async fn sign_in(&self, given: SignIn<'_>) -> Result<Entered, AppError> {
        let name = given.name.trim().to_lowercase();
        let mut tx = self.store().read().await?;
        let account = tx.account_named(&name).await?;
        tx.end().await?;
        let kept = account.as_ref().and_then(|account| account.password.clone());
        if let Some(account) = &account {
            self.not_locked(account)?;
        }
        let right = self.verify(given.password, kept.unwrap_or_else(|| self.inner.decoy.clone())).await?;
        let event = Event::of("session.open", &name, given.address);
        match account {
            Some(account) if right && account.enabled && account.password.is_some() => {
                let stage = self.stage_after_password(&account).await?;
                self.open(&account, stage, given.address, event.detail("password")).await
            }
            Some(account) => {
                let mut tx = self.store().write().await?;
                self.failed(&mut tx, account.id).await?;
                self.audit(&mut tx, event.outcome("denied")).await?;
                tx.commit().await?;
                Err(AppError::Credential)
            }
            None => {
                self.audit_alone(event.outcome("denied")).await?;
                Err(AppError::Credential)
            }
        }
    }

    /// How far a password leads: not in, when the account has a second factor or a role of its needs one.
    async fn stage_after_password(&self, account: &Account) -> Result<Stage, AppError> {
        let mut tx = self.store().read().await?;
        let more = account.totp.is_some()
            || has_passkey(&mut tx, account.id).await?
            || needs_second(&mut tx, account).await?;
        tx.end().await?;
        Ok(if more { Stage::Password } else { Stage::Full })
    }

    /// Counts a wrong password or code, and lets the account wait when there were too many.
    pub(crate) async fn failed(
        &self,
        tx: &mut wardline_store::WriteTx,
        id: AccountId,
    ) -> Result<(), AppError> {
        let over = tx.account_failed(id).await? - FAILURES_FREE;
        if over >= 0 {
            let wait = WAIT_SECONDS
                .checked_shl(u32::try_from(over.min(16)).unwrap_or(16))
                .unwrap_or(WAIT_SECONDS_MAX);
            tx.account_lock(id, self.now() + wait.min(WAIT_SECONDS_MAX) * 1_000_000).await?;
        }
        Ok(())
    }

    pub(crate) fn not_locked(&self, account: &Account) -> Result<(), AppError> {
        let left_us = account.locked_until_us - self.now();
        if left_us > 0 {
            return Err(AppError::Locked { seconds: left_us / 1_000_000 + 1 });
        }
        Ok(())
    }

    pub(crate) async fn verify(&self, password: &str, kept: String) -> Result<bool, AppError> {
        if password.len() > credential::LENGTH_MAX * 4 {
            return Ok(false);
        }
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || credential::verify(&password, &kept)).await;
        verified.map_err(|_| AppError::Inside("a password could not be checked".to_owned()))
    }

    pub(crate) async fn open(
        &self,
        account: &Account,
        stage: Stage,
        address: &str,
        event: Event,
    ) -> Result<Entered, AppError> {
        let secret = crate::seal::hex(&self.random::<32>());
        let now = self.now();
        let session = Session {
            id: self.new_id(),
            digest: credential::digest(&secret),
            account: account.id,
            stage,
            created_us: now,
            last_us: now,
            ends_us: now + SESSION_US,
            address: address.to_owned(),
            elevated_until_us: 0,
        };
        let mut tx = self.store().write().await?;
        tx.session_insert(&session).await?;
        if stage == Stage::Full && account.failures > 0 {
            let mut account = account.clone();
            account.failures = 0;
            tx.account_save(&account).await?;
        }
        self.audit(&mut tx, event).await?;
        tx.commit().await?;
        Ok(Entered { secret, stage })
    }

    /// The session behind what a browser sent, when it still holds.
    async fn session(&self, secret: &str) -> Result<(Session, Account), AppError> {
        let now = self.now();
        let mut tx = self.store().read().await?;
        let session = tx.session_find(&credential::digest(secret)).await?;
        let session = session.filter(|one| holds(one, now));
        let session = session.ok_or(AppError::SignIn)?;
        let account =
            tx.account_find(session.account).await?.filter(|one| one.enabled).ok_or(AppError::SignIn)?;
        tx.end().await?;
        Ok((session, account))
    }

    /// Who is behind a session that leads all the way.
    ///
    /// # Errors
    ///
    /// [`AppError::SignIn`] when it does not, or not any more.
    pub async fn caller(&self, secret: &str, address: &str) -> Result<Caller, AppError> {
        let (session, account) = self.session(secret).await?;
        if session.stage != Stage::Full {
            return Err(AppError::SignIn);
        }
        let now = self.now();
        if session.last_us + TOUCH_US < now {
            let mut tx = self.store().write().await?;
            tx.session_touch(session.id, now).await?;
            tx.commit().await?;
        }
        Ok(Caller {
            account: Some(account.id),
            actor: account.name.clone(),
            roles: roles(&account.roles),
            emergency: session.elevated_until_us > now,
            scope: scope(&account, session.elevated_until_us > now)?,
            address: address.to_owned(),
            session: Some(session.id),
        })
    }

    /// Who is behind a token: at most what the account may now, and of that what the token was made for.
    ///
    /// # Errors
    ///
    /// [`AppError::SignIn`] when it is not there, has ended, or its account is closed.
    pub async fn caller_of_token(&self, secret: &str, address: &str) -> Result<Caller, AppError> {
        let mut tx = self.store().read().await?;
        let token = tx.token_find(&credential::digest(secret)).await?;
        let token = token.filter(|token| token.expires_us > self.now()).ok_or(AppError::SignIn)?;
        let account =
            tx.account_find(token.account).await?.filter(|one| one.enabled).ok_or(AppError::SignIn)?;
        tx.end().await?;
        if token.last_us + TOUCH_US < self.now() {
            let mut tx = self.store().write().await?;
            tx.token_touch(token.id, self.now()).await?;
            tx.commit().await?;
        }
        let of_account = roles(&account.roles);
        Ok(Caller {
            account: Some(account.id),
            actor: format!("{} (token {})", account.name, token.name),
            roles: roles(&token.roles).into_iter().filter(|role| of_account.contains(role)).collect(),
            emergency: false,
            scope: scope(&account, false)?,
            address: address.to_owned(),
            session: None,
        })
    }

    /// What somebody on the way in gives as second factor.
    ///
    /// # Errors
    ///
    /// [`AppError::SignIn`] when nobody is on the way.
    pub async fn second_step(&self, secret: &str) -> Result<SecondStep, AppError> {
        let (_, account) = self.session(secret).await?;
        if account.totp.is_some() {
            return Ok(SecondStep::Code);
        }
        let mut tx = self.store().read().await?;
        let passkey = has_passkey(&mut tx, account.id).await?;
        tx.end().await?;
        // Whoever knows only the password must not be able to add a factor of their own.
        Ok(if passkey { SecondStep::Passkey } else { SecondStep::SetUp })
    }

    /// A new TOTP secret for somebody who has none: as text for the authenticator, and sealed for the way back.
    ///
    /// # Errors
    ///
    /// [`AppError::SignIn`] when nobody is on the way, [`AppError::Hidden`] when there is a second factor already.
    pub async fn second_factor_offer(&self, secret: &str) -> Result<(String, String), AppError> {
        let (_, account) = self.session(secret).await?;
        if self.second_step(secret).await? != SecondStep::SetUp {
            return Err(AppError::Hidden);
        }
        let totp: [u8; 20] = self.random();
        let purpose = format!("{PENDING} {}", account.id.0);
        let sealed = self.inner.seal.seal(&purpose, &totp, self.random());
        let sealed = sealed.ok_or_else(|| AppError::Inside("the secret could not be sealed".to_owned()))?;
        Ok((totp::base32(&totp), crate::seal::hex(&sealed)))
    }

    /// The offered secret is taken when its code is right. Gives the session that leads all the way, and recovery
    /// codes to be written down.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] when the code is not right.
    pub async fn second_factor_accept(
        &self,
        secret: &str,
        offer: &str,
        code: &str,
        address: &str,
    ) -> Result<(Entered, Vec<String>), AppError> {
        let (session, mut account) = self.session(secret).await?;
        if self.second_step(secret).await? != SecondStep::SetUp {
            return Err(AppError::Hidden);
        }
        let sealed: [u8; 48] = crate::seal::unhex(offer).ok_or(AppError::Credential)?;
        let purpose = format!("{PENDING} {}", account.id.0);
        let totp = self.inner.seal.open(&purpose, &sealed).map_err(|_| AppError::Credential)?;
        let step = totp::entered(&totp, self.now(), code).ok_or(AppError::Credential)?;
        let codes: Vec<String> = (0..10).map(|_| credential::recovery_code(&self.random())).collect();
        let digests: Vec<Vec<u8>> = codes.iter().map(|code| credential::recovery_digest(code)).collect();
        account.totp = self.inner.seal.seal(&kept_purpose(account.id), &totp, self.random());
        account.totp_step = step;
        let mut tx = self.store().write().await?;
        tx.account_save(&account).await?;
        tx.recovery_set(account.id, &digests).await?;
        tx.session_end(account.id, session.id).await?;
        tx.commit().await?;
        let event = Event::of("session.open", &account.name, address).detail("second factor set up");
        Ok((self.open(&account, Stage::Full, address, event).await?, codes))
    }

    /// The second factor: a code of the authenticator, or a recovery code.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] or [`AppError::Locked`].
    pub async fn second_factor(&self, secret: &str, code: &str, address: &str) -> Result<Entered, AppError> {
        let (session, account) = self.session(secret).await?;
        self.not_locked(&account)?;
        let sealed = account.totp.as_deref().ok_or(AppError::Credential)?;
        let totp = self.inner.seal.open(&kept_purpose(account.id), sealed);
        let totp = totp.map_err(|error| AppError::Inside(error.to_string()))?;
        let mut tx = self.store().write().await?;
        let used = match totp::entered(&totp, self.now(), code) {
            Some(step) => tx.account_step(account.id, step).await?,
            None => tx.recovery_use(account.id, &credential::recovery_digest(code)).await?,
        };
        if !used {
            self.failed(&mut tx, account.id).await?;
            self.audit(&mut tx, Event::of("session.open", &account.name, address).outcome("denied")).await?;
            tx.commit().await?;
            return Err(AppError::Credential);
        }
        tx.session_end(account.id, session.id).await?;
        tx.commit().await?;
        let event = Event::of("session.open", &account.name, address).detail("second factor");
        self.open(&account, Stage::Full, address, event).await
    }

    /// A one-time link and a first password: the account's other sessions end.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] when the link is not there, used or too old; [`AppError::Input`] for a weak password.
    pub async fn accept_invitation(
        &self,
        link: &str,
        password: &str,
        address: &str,
    ) -> Result<Entered, AppError> {
        let digest = credential::digest(link);
        let mut tx = self.store().write().await?;
        let id = tx.invitation_use(&digest, self.now()).await?.ok_or(AppError::Credential)?;
        let mut account = tx.account_find(id).await?.filter(|one| one.enabled).ok_or(AppError::Credential)?;
        // A weak password drops the transaction, and the link stays good.
        account.password = Some(self.new_password(password, &account)?);
        account.failures = 0;
        account.locked_until_us = 0;
        tx.account_save(&account).await?;
        tx.session_end_all(id).await?;
        tx.commit().await?;
        let stage = self.stage_after_password(&account).await?;
        let event = Event::of("session.open", &account.name, address).detail("one-time link");
        self.open(&account, stage, address, event).await
    }

    pub(crate) fn new_password(&self, password: &str, account: &Account) -> Result<String, AppError> {
        use crate::credential::{LENGTH_MAX, LENGTH_MIN, PasswordFault};
        let field = "password";
        match credential::check(password, &[&account.name, &account.display_name, "wardline"]) {
            Ok(()) => credential::hash(password, &self.random()),
            Err(PasswordFault::Length) => {
                let why =
                    format!("{LENGTH_MIN} to {LENGTH_MAX} characters; a few unrelated words are a good one");
                Err(AppError::Input { field, why })
            }
            Err(PasswordFault::Guessable(why)) => {
                Err(AppError::Input { field, why: format!("{why}; a few unrelated words are a good one") })
            }
        }
    }

    /// Ends a session, whatever its state.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn sign_out(&self, secret: &str, address: &str) -> Result<(), AppError> {
        let Ok((session, account)) = self.session(secret).await else { return Ok(()) };
        let mut tx = self.store().write().await?;
        tx.session_end(account.id, session.id).await?;
        self.audit(&mut tx, Event::of("session.close", &account.name, address)).await?;
        Ok(tx.commit().await?)
    }
}

fn kept_purpose(id: AccountId) -> String {
    format!("totp of account {}", id.0)
}

/// Whether a session still leads somewhere.
pub(crate) const fn holds(session: &Session, now_us: i64) -> bool {
    session.ends_us > now_us && session.last_us + IDLE_US > now_us
}

/// Roles out of their words; an unknown word gives no right.
pub(crate) fn roles(text: &str) -> Vec<Role> {
    text.split_whitespace().filter_map(Role::parse).collect()
}

fn scope(account: &Account, emergency: bool) -> Result<Scope, AppError> {
    if emergency { Ok(Scope::ALL) } else { Reaches::parse(&account.reach) }
}
