//! Browsers in which people are signed in, and tries that failed. Of what a cookie holds, only its hash is here.

use std::time::Duration;

use reelshelf_domain::{ClientId, Email, Error, PersonId, PersonName, Result, Role, SessionId, Thing, UnixMillis};

use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::row::row;
use super::writer::{Expire, Verb};
use super::{Store, column};

const INSERT: &str = "
    INSERT INTO sessions (id, person_id, hash, browser, address, created_at, seen_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
/// The oldest give way.
const CROWD_OUT: &str = "
    DELETE FROM sessions WHERE person_id = $1 AND id NOT IN (
        SELECT id FROM sessions WHERE person_id = $1 ORDER BY seen_at DESC, id DESC LIMIT $2)";
const GET: &str = "
    SELECT sessions.id, sessions.person_id, people.email, people.name, sessions.seen_at
    FROM sessions JOIN people ON people.id = sessions.person_id
    WHERE sessions.hash = $1 AND sessions.expires_at > $2";
const AT_CLIENT: &str = "
    SELECT sessions.id, sessions.seen_at, memberships.role, clients.plan
    FROM sessions
        JOIN memberships ON memberships.person_id = sessions.person_id
        JOIN clients ON clients.id = memberships.client_id
    WHERE sessions.hash = $1 AND sessions.expires_at > $2 AND clients.id = $3";
const OF_PERSON: &str = "
    SELECT id, browser, address, created_at, seen_at FROM sessions
    WHERE person_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC";
const SEEN: &str = "UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1 AND seen_at < $2";
const END: &str = "DELETE FROM sessions WHERE id = $1 AND person_id = $2";
const END_OTHERS: &str = "DELETE FROM sessions WHERE person_id = $1 AND id <> $2";
const SET_PASSWORD: &str = "UPDATE people SET password = $2 WHERE id = $1";
const EXPIRE: &str = "
    DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

const FAILED: &str = "
    INSERT INTO failed_sign_ins (subject, failures, last_at) VALUES ($1, 1, $2)
    ON CONFLICT (subject) DO UPDATE SET failures = failed_sign_ins.failures + 1, last_at = $2";
const FAILURES: &str = "SELECT failures, last_at FROM failed_sign_ins WHERE subject = $1";
const FORGIVE: &str = "DELETE FROM failed_sign_ins WHERE subject = $1";
const EXPIRE_FAILED: &str = "
    DELETE FROM failed_sign_ins WHERE subject IN (
        SELECT subject FROM failed_sign_ins WHERE last_at <= $1 ORDER BY last_at LIMIT $2)";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    CROWD_OUT,
    GET,
    AT_CLIENT,
    OF_PERSON,
    SEEN,
    END,
    END_OTHERS,
    SET_PASSWORD,
    EXPIRE,
    FAILED,
    FAILURES,
    FORGIVE,
    EXPIRE_FAILED,
];

/// A browser in which somebody is about to be signed in.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Which session.
    pub id: SessionId,
    /// Who.
    pub person: PersonId,
    /// The hash of what the cookie holds.
    pub hash: String,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it is.
    pub address: String,
    /// Now.
    pub now: UnixMillis,
    /// How long it holds when it is not used.
    pub life: Duration,
    /// How many a person has at most.
    pub most: u32,
}

/// Whose a session is.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// Who.
    pub person: PersonId,
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// When it was last used, to the minute.
    pub seen_at: UnixMillis,
}

row! {
    struct SessionColumns {
        id: String,
        person_id: String,
        email: String,
        name: String,
        seen_at: i64,
    }
}

impl TryFrom<SessionColumns> for Session {
    type Error = Error;

    fn try_from(row: SessionColumns) -> Result<Self> {
        Ok(Self {
            id: column("sessions", "id", &row.id)?,
            person: column("sessions", "person_id", &row.person_id)?,
            email: column("people", "email", &row.email)?,
            name: column("people", "name", &row.name)?,
            seen_at: UnixMillis::new(row.seen_at),
        })
    }
}

/// What a session may do at a client.
#[derive(Clone, Debug)]
pub struct SessionAtClient {
    /// Which session.
    pub id: SessionId,
    /// When it was last used, to the minute.
    pub seen_at: UnixMillis,
    /// What its person may do.
    pub role: Role,
    /// The client's plan.
    pub plan: String,
}

/// A session as its person sees it in a list.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Which session.
    pub id: SessionId,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it was when it signed in.
    pub address: String,
    /// When that was.
    pub created_at: UnixMillis,
    /// When it was last used, to the minute.
    pub seen_at: UnixMillis,
}

row! {
    struct ListedColumns {
        id: String,
        browser: String,
        address: String,
        created_at: i64,
        seen_at: i64,
    }
}

pub(super) async fn insert(tx: &mut Tx, new: &NewSession) -> Result<()> {
    let (person, now) = (new.person.to_string(), new.now);
    execute!(
        tx,
        INSERT,
        new.id.to_string(),
        person.as_str(),
        new.hash.as_str(),
        new.browser.as_str(),
        new.address.as_str(),
        now.get(),
        now.plus(new.life).get()
    )?;
    execute!(tx, CROWD_OUT, person, i64::from(new.most)).map(|_| ())
}

/// Sets a password. Whoever is signed in by the old one is not any more, but for one session.
pub(super) async fn set_password(
    tx: &mut Tx,
    person: PersonId,
    password: &str,
    keeping: Option<SessionId>,
) -> Result<()> {
    let (person, kept) = (person.to_string(), keeping.map_or_else(String::new, |session| session.to_string()));
    if execute!(tx, SET_PASSWORD, person.as_str(), password)? == 0 {
        return Err(Error::NotFound(Thing::Person));
    }
    execute!(tx, END_OTHERS, person, kept).map(|_| ())
}

#[derive(Clone)]
struct SignIn {
    new: NewSession,
    forgiven: Vec<String>,
}

impl Verb for SignIn {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for subject in &self.forgiven {
            execute!(tx, FORGIVE, subject.as_str())?;
        }
        insert(tx, &self.new).await
    }
}

#[derive(Clone)]
struct SetPassword {
    person: PersonId,
    password: String,
    keeping: SessionId,
}

impl Verb for SetPassword {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        set_password(tx, self.person, &self.password, Some(self.keeping)).await
    }
}

#[derive(Clone)]
struct End {
    person: PersonId,
    session: SessionId,
}

impl Verb for End {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        match execute!(tx, END, self.session.to_string(), self.person.to_string())? {
            0 => Err(Error::NotFound(Thing::Session)),
            _ => Ok(()),
        }
    }
}

#[derive(Clone)]
struct NoteUse {
    session: SessionId,
    now: UnixMillis,
    expires_at: UnixMillis,
}

impl Verb for NoteUse {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, SEEN, self.session.to_string(), self.now.get(), self.expires_at.get()).map(|_| ())
    }
}

#[derive(Clone)]
struct NoteFailure {
    subjects: Vec<String>,
    now: UnixMillis,
}

impl Verb for NoteFailure {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for subject in &self.subjects {
            execute!(tx, FAILED, subject.as_str(), self.now.get())?;
        }
        Ok(())
    }
}

impl Store {
    /// Signs somebody in, and forgets the tries that failed before.
    pub async fn sign_in(&self, new: NewSession, forgiven: Vec<String>) -> Result<()> {
        self.db.write(SignIn { new, forgiven }).await
    }

    /// Whose session has this hash.
    pub async fn session(&self, hash: &str, now: UnixMillis) -> Result<Option<Session>> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, SessionColumns, GET, hash, now.get())?.map(Session::try_from).transpose()
    }

    /// What the session with this hash may do at a client; `None` when there is no such session, or its person has no
    /// part in the client.
    pub async fn session_at(&self, hash: &str, client: ClientId, now: UnixMillis) -> Result<Option<SessionAtClient>> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, (String, i64, String, String), AT_CLIENT, hash, now.get(), client.as_str())?;
        let at_client = |(id, seen_at, role, plan): (String, i64, String, String)| {
            let (id, role) = (column("sessions", "id", &id)?, column("memberships", "role", &role)?);
            Ok(SessionAtClient { id, seen_at: UnixMillis::new(seen_at), role, plan })
        };
        row.map(at_client).transpose()
    }

    /// Where a person is signed in, the last used first.
    pub async fn sessions(&self, person: PersonId, now: UnixMillis) -> Result<Vec<SessionRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, ListedColumns, OF_PERSON, person.to_string(), now.get())?;
        let listed = |row: ListedColumns| {
            Ok(SessionRow {
                id: column("sessions", "id", &row.id)?,
                browser: row.browser,
                address: row.address,
                created_at: UnixMillis::new(row.created_at),
                seen_at: UnixMillis::new(row.seen_at),
            })
        };
        rows.into_iter().map(listed).collect()
    }

    /// Notes that a session was used, which lets it live on.
    pub async fn note_session_use(&self, session: SessionId, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
        self.db.write_aside(NoteUse { session, now, expires_at }).await
    }

    /// Signs a person out of one browser.
    pub async fn end_session(&self, person: PersonId, session: SessionId) -> Result<()> {
        self.db.write(End { person, session }).await
    }

    /// Gives a person another password, and ends their other sessions.
    pub async fn set_password(&self, person: PersonId, password: String, keeping: SessionId) -> Result<()> {
        self.db.write(SetPassword { person, password, keeping }).await
    }

    /// How often a subject has failed, and when last.
    pub async fn failed_sign_ins(&self, subject: &str) -> Result<Option<(i64, UnixMillis)>> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, (i64, i64), FAILURES, subject)?;
        Ok(row.map(|(failures, last_at)| (failures, UnixMillis::new(last_at))))
    }

    /// Notes that a try has failed, for each of its subjects.
    pub async fn note_failed_sign_in(&self, subjects: Vec<String>, now: UnixMillis) -> Result<()> {
        self.db.write_aside(NoteFailure { subjects, now }).await
    }

    /// Deletes some of the sessions whose time is over.
    pub async fn expire_sessions(&self, now: UnixMillis, most: i64) -> Result<u64> {
        self.db.write_aside(Expire { statement: EXPIRE, now, most }).await
    }

    /// Forgets some of the failures that were last repeated by then.
    pub async fn expire_failed_sign_ins(&self, before: UnixMillis, most: i64) -> Result<u64> {
        self.db.write_aside(Expire { statement: EXPIRE_FAILED, now: before, most }).await
    }
}
