//! People, and what they may do at which client.

use reelshelf_domain::{ClientId, Email, Error, PersonId, PersonName, Refusal, Result, Role, Thing, UnixMillis};

use super::counters::lock;
use super::db::{Tx, execute, fetch_all, fetch_one, fetch_optional};
use super::row::row;
use super::writer::Verb;
use super::{Store, column};

const INSERT: &str = "INSERT INTO people (id, email, name, password, created_at) VALUES ($1, $2, $3, $4, $5)";
const BY_EMAIL: &str = "SELECT id, email, name, password FROM people WHERE email = $1";
const GET: &str = "SELECT id, email, name, password FROM people WHERE id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM people";
const JOIN: &str = "
    INSERT INTO memberships (person_id, client_id, role, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (person_id, client_id) DO UPDATE SET role = $3";
const CLIENTS: &str = "
    SELECT clients.id, clients.name, memberships.role
    FROM memberships JOIN clients ON clients.id = memberships.client_id
    WHERE memberships.person_id = $1 ORDER BY memberships.created_at, clients.id";
const MEMBERS: &str = "
    SELECT people.id, people.email, people.name, memberships.role, memberships.created_at
    FROM memberships JOIN people ON people.id = memberships.person_id
    WHERE memberships.client_id = $1 ORDER BY memberships.created_at, people.id";
const ROLE: &str = "SELECT role FROM memberships WHERE client_id = $1 AND person_id = $2";
const ADMINS: &str = "SELECT COUNT(*) FROM memberships WHERE client_id = $1 AND role = 'admin'";
const SET_ROLE: &str = "UPDATE memberships SET role = $3 WHERE client_id = $1 AND person_id = $2";
const LEAVE: &str = "DELETE FROM memberships WHERE client_id = $1 AND person_id = $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[INSERT, BY_EMAIL, GET, COUNT, JOIN, CLIENTS, MEMBERS, ROLE, ADMINS, SET_ROLE, LEAVE];

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who it is.
    pub id: PersonId,
    /// Where mail reaches them, and what they sign in with.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// Their password, hashed, as a PHC string.
    pub password: String,
}

row! {
    struct PersonRow {
        id: String,
        email: String,
        name: String,
        password: String,
    }
}

impl TryFrom<PersonRow> for Person {
    type Error = Error;

    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self {
            id: column("people", "id", &row.id)?,
            email: column("people", "email", &row.email)?,
            name: column("people", "name", &row.name)?,
            password: row.password,
        })
    }
}

/// A client at which a person may do something.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The client.
    pub client: ClientId,
    /// What the operator calls it.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// A person at a client.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who it is.
    pub id: PersonId,
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: UnixMillis,
}

row! {
    struct MemberRow {
        id: String,
        email: String,
        name: String,
        role: String,
        created_at: i64,
    }
}

impl TryFrom<MemberRow> for Member {
    type Error = Error;

    fn try_from(row: MemberRow) -> Result<Self> {
        Ok(Self {
            id: column("people", "id", &row.id)?,
            email: column("people", "email", &row.email)?,
            name: column("people", "name", &row.name)?,
            role: column("memberships", "role", &row.role)?,
            joined_at: UnixMillis::new(row.created_at),
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, person: &Person, now: UnixMillis) -> Result<()> {
    let (email, name) = (person.email.as_str(), person.name.as_str());
    execute!(tx, INSERT, person.id.to_string(), email, name, person.password.as_str(), now.get()).map(|_| ())
}

pub(super) async fn by_email(tx: &mut Tx, email: &Email) -> Result<Option<Person>> {
    fetch_optional!(tx, PersonRow, BY_EMAIL, email.as_str())?.map(Person::try_from).transpose()
}

pub(super) async fn join(tx: &mut Tx, person: PersonId, client: ClientId, role: Role, now: UnixMillis) -> Result<()> {
    execute!(tx, JOIN, person.to_string(), client.as_str(), role.as_str(), now.get()).map(|_| ())
}

/// Gives a member another role, or none any more.
#[derive(Clone)]
struct ChangeMember {
    client: ClientId,
    person: PersonId,
    role: Option<Role>,
}

impl Verb for ChangeMember {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        // Of two admins who remove each other, one stays.
        lock(tx, self.client).await?;
        let (client, person) = (self.client.as_str(), self.person.to_string());
        let role = fetch_optional!(tx, (String,), ROLE, client, person.as_str())?;
        let (role,) = role.ok_or(Error::NotFound(Thing::Person))?;
        let role: Role = column("memberships", "role", &role)?;
        let (admins,) = fetch_one!(tx, (i64,), ADMINS, client)?;
        if role == Role::Admin && self.role != Some(Role::Admin) && admins == 1 {
            return Err(Error::Refused(Refusal::LastAdmin));
        }
        let changed = match self.role {
            Some(role) => execute!(tx, SET_ROLE, client, person, role.as_str()),
            None => execute!(tx, LEAVE, client, person),
        };
        changed.map(|_| ())
    }
}

impl Store {
    /// Who has this address.
    pub async fn person_by_email(&self, email: &Email) -> Result<Option<Person>> {
        let mut tx = self.db.read().await?;
        by_email(&mut tx, email).await
    }

    /// A person.
    pub async fn person(&self, person: PersonId) -> Result<Person> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, PersonRow, GET, person.to_string())?;
        row.ok_or(Error::NotFound(Thing::Person))?.try_into()
    }

    /// How many people there are.
    pub async fn count_people(&self) -> Result<i64> {
        let mut tx = self.db.read().await?;
        fetch_one!(tx, (i64,), COUNT).map(|(count,)| count)
    }

    /// The clients of a person, in the order in which they were joined.
    pub async fn memberships(&self, person: PersonId) -> Result<Vec<Membership>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String, String), CLIENTS, person.to_string())?;
        let membership = |(client, name, role): (String, String, String)| {
            let client = column("memberships", "client_id", &client)?;
            Ok(Membership { client, name, role: column("memberships", "role", &role)? })
        };
        rows.into_iter().map(membership).collect()
    }

    /// The people of a client, in the order in which they came.
    pub async fn members(&self, client: ClientId) -> Result<Vec<Member>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, MemberRow, MEMBERS, client.as_str())?;
        rows.into_iter().map(Member::try_from).collect()
    }

    /// Gives a member another role; `None` takes them from the client.
    pub async fn change_member(&self, client: ClientId, person: PersonId, role: Option<Role>) -> Result<()> {
        self.db.write(ChangeMember { client, person, role }).await
    }
}
