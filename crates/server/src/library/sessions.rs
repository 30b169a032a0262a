//! Signing in to the panel and out of it. A cookie holds 238 random bits; whoever guesses passwords waits longer each time.

use std::net::IpAddr;
use std::time::Duration;

use reelshelf_domain::{ClientId, Email, Error, PersonId, Result, SessionId, SignIn, Thing, UnixMillis};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Caller;
use super::passwords::check_new;
use crate::app::App;
use crate::store::{Membership, NewSession, Person, Session};

/// How many letters and digits a cookie or a link holds: 238 bits.
pub(super) const LENGTH: usize = 40;
/// The last use of a session is written down to the minute.
const USE_STEP: Duration = Duration::from_mins(1);
/// The longest name of a browser that is kept.
const BROWSER_MAX: usize = 200;
/// Failures are forgotten after so long without another.
pub(super) const FAILURES_KEPT: Duration = Duration::from_hours(24);

/// From where somebody signs in.
#[derive(Clone, Debug)]
pub struct Browser {
    /// What it calls itself.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
}

/// Somebody who is signed in, and where they belong.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Whose session it is.
    pub session: Session,
    /// Their clients.
    pub memberships: Vec<Membership>,
    /// What every write of the session brings, to show that it comes from the panel.
    pub csrf: String,
}

/// A session as its person sees it in a list.
#[derive(Clone, Debug, Serialize)]
pub struct SessionSummary {
    /// Which session.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was signed in.
    pub created_at: String,
    /// When it was last used, to the minute.
    pub seen_at: String,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it was when it signed in.
    pub address: String,
}

/// Signs a person in. Answers what the cookie is to hold.
pub async fn sign_in(app: &App, email: &str, password: SecretString, browser: &Browser) -> Result<SecretString> {
    let wrong = || Error::SignIn(SignIn::WrongCredentials);
    let email: Email = email.parse().map_err(|_| wrong())?;
    let subjects = Subjects::of(&email, browser);
    let person = prove(app, &email, password, &subjects).await?;
    let (cookie, new) = new_session(app, person.id, browser)?;
    app.store.sign_in(new, subjects.forgiven()).await?;
    Ok(cookie)
}

/// The person with this address and this password. Unknown and wrong look and last the same.
pub(super) async fn prove(app: &App, email: &Email, password: SecretString, subjects: &Subjects) -> Result<Person> {
    subjects.check(app).await?;
    let person = match app.store.person_by_email(email).await? {
        Some(person) => app.passwords.is_right(password, person.password.clone()).await?.then_some(person),
        None => app.passwords.hash(password, app.chance.as_ref()).await.map(|_| None)?,
    };
    if let Some(person) = person {
        return Ok(person);
    }
    app.store.note_failed_sign_in(subjects.all(), app.now()).await?;
    Err(Error::SignIn(SignIn::WrongCredentials))
}

/// What a new session of a person is, and what its cookie holds.
pub(super) fn new_session(app: &App, person: PersonId, browser: &Browser) -> Result<(SecretString, NewSession)> {
    let (now, panel) = (app.now(), &app.settings.panel);
    let cookie = app.chance.alphanumeric(LENGTH)?;
    let new = NewSession {
        id: SessionId::generate(now, app.chance.as_ref())?,
        person,
        hash: hash(&cookie),
        browser: browser.name.chars().filter(|character| !character.is_control()).take(BROWSER_MAX).collect(),
        address: browser.address.to_string(),
        now,
        life: panel.session_life(),
        most: panel.sessions,
    };
    Ok((SecretString::from(cookie), new))
}

/// Whose session a cookie is.
pub async fn presence(app: &App, cookie: &SecretString) -> Result<Presence> {
    let session = session(app, cookie).await?;
    let memberships = app.store.memberships(session.person).await?;
    Ok(Presence { session, memberships, csrf: csrf(cookie) })
}

/// The session of a cookie.
pub async fn session(app: &App, cookie: &SecretString) -> Result<Session> {
    let session = app.store.session(&hash(cookie.expose_secret()), app.now()).await?;
    let session = session.ok_or(Error::SignIn(SignIn::SignedOut))?;
    note_use(app, session.id, session.seen_at).await?;
    Ok(session)
}

/// What the person of a cookie may do at a client. One that they have no part in is not there.
pub async fn caller_at(app: &App, cookie: &SecretString, client: ClientId) -> Result<Caller> {
    let found = app.store.session_at(&hash(cookie.expose_secret()), client, app.now()).await?;
    let Some(found) = found else {
        session(app, cookie).await?;
        return Err(Error::NotFound(Thing::Client));
    };
    note_use(app, found.id, found.seen_at).await?;
    Ok(Caller { client, role: found.role, plan: found.plan })
}

async fn note_use(app: &App, session: SessionId, seen_at: UnixMillis) -> Result<()> {
    let now = app.now();
    if now < seen_at.plus(USE_STEP) {
        return Ok(());
    }
    app.store.note_session_use(session, now, now.plus(app.settings.panel.session_life())).await
}

/// Where a person is signed in.
pub async fn list_sessions(app: &App, current: &Session) -> Result<Vec<SessionSummary>> {
    let summary = |row: crate::store::SessionRow| SessionSummary {
        id: row.id,
        current: row.id == current.id,
        created_at: row.created_at.to_string(),
        seen_at: row.seen_at.to_string(),
        browser: row.browser,
        address: row.address,
    };
    let sessions = app.store.sessions(current.person, app.now()).await?;
    Ok(sessions.into_iter().map(summary).collect())
}

/// Signs a person out of one browser.
pub async fn sign_out(app: &App, person: PersonId, session: SessionId) -> Result<()> {
    app.store.end_session(person, session).await
}

/// Gives somebody who knows the old password a new one. Their other sessions end.
pub async fn change_password(
    app: &App,
    session: &Session,
    old: SecretString,
    new: SecretString,
    browser: &Browser,
) -> Result<()> {
    check_new("new_password", &new, &session.email)?;
    let wrong = |error| match error {
        Error::SignIn(SignIn::WrongCredentials) => Error::invalid("old_password", "is not your password"),
        error => error,
    };
    prove(app, &session.email, old, &Subjects::of(&session.email, browser)).await.map_err(wrong)?;
    let password = app.passwords.hash(new, app.chance.as_ref()).await?;
    app.store.set_password(session.person, password, session.id).await
}

/// Of a cookie or a link, only this is kept.
pub(super) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// What every write of a session brings. Who knows it knows the cookie, or was told by us.
pub fn csrf(cookie: &SecretString) -> String {
    hash(&format!("csrf {}", cookie.expose_secret()))
}

/// Whose failures count: those of this person from this address soon, those of one of the two alone much later, so that
/// nobody can lock another out, or all who share an address.
pub(super) struct Subjects {
    both: String,
    person: String,
    address: String,
}

impl Subjects {
    pub(super) fn of(email: &Email, browser: &Browser) -> Self {
        let place = match browser.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            // Who has one address of version 6 has its whole network.
            IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
        };
        Self {
            both: hash(&format!("both {email} {place}")),
            person: hash(&format!("person {email}")),
            address: hash(&format!("address {place}")),
        }
    }

    fn all(&self) -> Vec<String> {
        vec![self.both.clone(), self.person.clone(), self.address.clone()]
    }

    /// Who has the password is forgiven; the address may be another's too.
    fn forgiven(&self) -> Vec<String> {
        vec![self.both.clone(), self.person.clone()]
    }

    async fn check(&self, app: &App) -> Result<()> {
        let panel = &app.settings.panel;
        let limits = [
            (&self.both, panel.free_tries),
            (&self.person, panel.free_tries_in_all),
            (&self.address, panel.free_tries_in_all),
        ];
        for (subject, free) in limits {
            let Some((failures, last_at)) = app.store.failed_sign_ins(subject).await? else { continue };
            let wait = wait(failures - i64::from(free), panel.longest_wait_seconds);
            let left = last_at.plus(wait).get() - app.now().get();
            if left > 0 {
                let seconds = u64::try_from(left).unwrap_or_default().div_ceil(1000);
                return Err(Error::SignIn(SignIn::SlowDown { seconds }));
            }
        }
        Ok(())
    }
}

/// How long the next try waits: twice as long for each failure behind those that are free.
fn wait(behind: i64, longest: u64) -> Duration {
    match u32::try_from(behind) {
        Ok(behind) => Duration::from_secs((1 << behind.min(32)).min(longest)),
        Err(_) => Duration::ZERO,
    }
}
