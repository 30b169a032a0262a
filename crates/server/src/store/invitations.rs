//! Links that let somebody set a password, once. Of what a link holds, only its hash is here.

use reelshelf_domain::{ClientId, Email, Error, InvitationId, PersonId, Result, Role, SignIn, Thing, UnixMillis};

use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_optional};
use super::people::{Person, by_email, insert, join};
use super::row::row;
use super::sessions::{self, NewSession};
use super::writer::{Expire, Verb};
use super::{Store, column};

const INSERT: &str = "
    INSERT INTO invitations (id, hash, person_id, client_id, role, email, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const GET: &str = "
    SELECT invitations.id, invitations.person_id, invitations.client_id, invitations.role, invitations.email,
        clients.name AS client_name, invitations.expires_at
    FROM invitations LEFT JOIN clients ON clients.id = invitations.client_id
    WHERE invitations.hash = $1 AND invitations.expires_at > $2";
const OF_CLIENT: &str = "
    SELECT invitations.id, invitations.person_id, invitations.client_id, invitations.role, invitations.email,
        clients.name AS client_name, invitations.expires_at
    FROM invitations LEFT JOIN clients ON clients.id = invitations.client_id
    WHERE invitations.client_id = $1 AND invitations.expires_at > $2 ORDER BY invitations.created_at, invitations.id";
const USE: &str = "DELETE FROM invitations WHERE id = $1";
const WITHDRAW: &str = "DELETE FROM invitations WHERE id = $1 AND client_id = $2";
const EXPIRE: &str = "
    DELETE FROM invitations WHERE id IN (
        SELECT id FROM invitations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT, GET, OF_CLIENT, USE, WITHDRAW, EXPIRE];

/// What a link is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Joining a client. Without an address, whoever has the link says which.
    Join {
        /// The client.
        client: ClientId,
        /// What the person may do there.
        role: Role,
        /// Who is meant.
        email: Option<Email>,
    },
    /// A new password of a person.
    Reset(PersonId),
}

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Which one.
    pub id: InvitationId,
    /// The hash of what the link holds.
    pub hash: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Now.
    pub now: UnixMillis,
    /// Until when it holds.
    pub expires_at: UnixMillis,
}

/// A link that holds.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Which one.
    pub id: InvitationId,
    /// What it is for.
    pub purpose: Purpose,
    /// What the operator calls the client.
    pub client_name: Option<String>,
    /// Until when it holds.
    pub expires_at: UnixMillis,
}

row! {
    struct InvitationRow {
        id: String,
        person_id: Option<String>,
        client_id: Option<String>,
        role: Option<String>,
        email: Option<String>,
        client_name: Option<String>,
        expires_at: i64,
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = Error;

    fn try_from(row: InvitationRow) -> Result<Self> {
        let purpose = match (row.person_id, row.client_id, row.role) {
            (Some(person), None, None) => Purpose::Reset(column("invitations", "person_id", &person)?),
            (None, Some(client), Some(role)) => Purpose::Join {
                client: column("invitations", "client_id", &client)?,
                role: column("invitations", "role", &role)?,
                email: row.email.map(|email| column("invitations", "email", &email)).transpose()?,
            },
            _ => return Err(Error::inconsistent("inconsistent row: invitations is for nothing")),
        };
        Ok(Self {
            id: column("invitations", "id", &row.id)?,
            purpose,
            client_name: row.client_name,
            expires_at: UnixMillis::new(row.expires_at),
        })
    }
}

impl Verb for NewInvitation {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let (person, client, role, email) = match &self.purpose {
            Purpose::Reset(person) => (Some(person.to_string()), None, None, None),
            Purpose::Join { client, role, email } => {
                (None, Some(client.as_str().to_owned()), Some(role.as_str()), email.as_ref().map(Email::as_str))
            }
        };
        let (now, expires_at) = (self.now.get(), self.expires_at.get());
        execute!(tx, INSERT, self.id.to_string(), self.hash.as_str(), person, client, role, email, now, expires_at)
            .map(|_| ())
    }
}

/// What somebody does with a link.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The hash of what the link holds.
    pub hash: String,
    /// Who joins, with the password they will have; of a reset, who it was made for.
    pub person: Person,
    /// They are signed in at once.
    pub session: NewSession,
}

impl Verb for Acceptance {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let now = self.session.now;
        let row = fetch_optional!(tx, InvitationRow, GET, self.hash.as_str(), now.get())?;
        let invitation: Invitation = row.ok_or(Error::SignIn(SignIn::LinkUsed))?.try_into()?;
        // Of two who come at once, one finds it gone.
        if execute!(tx, USE, invitation.id.to_string())? == 0 {
            return Err(Error::SignIn(SignIn::LinkUsed));
        }
        match invitation.purpose {
            Purpose::Reset(person) => sessions::set_password(tx, person, &self.person.password, None).await?,
            Purpose::Join { client, role, .. } => {
                match by_email(tx, &self.person.email).await? {
                    None => insert(tx, &self.person, now).await?,
                    Some(there) if there.id == self.person.id => {}
                    // Came by another link since it was looked.
                    Some(_) => return Err(Error::Unavailable(CONTENDED)),
                }
                join(tx, self.person.id, client, role, now).await?;
            }
        }
        sessions::insert(tx, &self.session).await
    }
}

#[derive(Clone)]
struct Withdraw {
    client: ClientId,
    invitation: InvitationId,
}

impl Verb for Withdraw {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        match execute!(tx, WITHDRAW, self.invitation.to_string(), self.client.as_str())? {
            0 => Err(Error::NotFound(Thing::Invitation)),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Makes a link.
    pub async fn invite(&self, new: NewInvitation) -> Result<()> {
        self.db.write(new).await
    }

    /// The link with this hash, if it still holds.
    pub async fn invitation(&self, hash: &str, now: UnixMillis) -> Result<Option<Invitation>> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, InvitationRow, GET, hash, now.get())?.map(Invitation::try_from).transpose()
    }

    /// The links to a client that still hold.
    pub async fn invitations(&self, client: ClientId, now: UnixMillis) -> Result<Vec<Invitation>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, InvitationRow, OF_CLIENT, client.as_str(), now.get())?;
        rows.into_iter().map(Invitation::try_from).collect()
    }

    /// Uses a link: its person joins, or has another password, and is signed in.
    pub async fn accept(&self, acceptance: Acceptance) -> Result<()> {
        self.db.write(acceptance).await
    }

    /// Ends a link that nobody has used.
    pub async fn withdraw(&self, client: ClientId, invitation: InvitationId) -> Result<()> {
        self.db.write(Withdraw { client, invitation }).await
    }

    /// Deletes some of the links whose time is over.
    pub async fn expire_invitations(&self, now: UnixMillis, most: i64) -> Result<u64> {
        self.db.write_aside(Expire { statement: EXPIRE, now, most }).await
    }
}
