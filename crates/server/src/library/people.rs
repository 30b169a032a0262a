//! The people of a client, and the links by which they come.

use reelshelf_domain::{ClientId, Email, Error, InvitationId, PersonId, PersonName, Result, Role, SignIn, Thing};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::passwords::check_new;
use super::sessions::{Browser, LENGTH, Subjects, hash, new_session, prove};
use crate::app::App;
use crate::store::{Acceptance, Invitation, Member, NewInvitation, Person, Purpose};

/// A person of a client as others see them in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberSummary {
    /// Who it is.
    pub id: PersonId,
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: String,
}

/// A link that nobody has used.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationSummary {
    /// Which one.
    pub id: InvitationId,
    /// Who is meant.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// Until when it holds.
    pub expires_at: String,
}

/// What somebody with a link is told before they use it.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether it is for a new password of somebody who is here.
    pub is_reset: bool,
    /// Who is meant; `None` when whoever has the link says.
    pub email: Option<Email>,
    /// The client that they join.
    pub client: Option<(ClientId, String)>,
    /// What they may do there.
    pub role: Option<Role>,
}

/// What somebody says who uses a link.
pub struct Answer {
    /// Their address, where the link leaves it open.
    pub email: Option<String>,
    /// What they are called; of no use when they are here already.
    pub name: Option<String>,
    /// The password that they will have, or have already.
    pub password: SecretString,
}

/// Makes a link by which somebody joins a client. This is the only time that it is seen.
pub async fn invite(app: &App, client: ClientId, role: Role, email: Option<Email>) -> Result<SecretString> {
    app.store.client(client).await?;
    link(app, Purpose::Join { client, role, email }).await
}

/// Makes a link by which a person sets a new password.
pub async fn reset_link(app: &App, email: &Email) -> Result<SecretString> {
    let person = app.store.person_by_email(email).await?.ok_or(Error::NotFound(Thing::Person))?;
    link(app, Purpose::Reset(person.id)).await
}

/// As long as nobody can sign in, a link by which the first person becomes admin of the oldest client.
pub async fn first_link(app: &App) -> Result<Option<SecretString>> {
    if app.store.count_people().await? > 0 {
        return Ok(None);
    }
    let Some(client) = app.store.clients().await?.into_iter().next() else { return Ok(None) };
    invite(app, client.id, Role::Admin, None).await.map(Some)
}

async fn link(app: &App, purpose: Purpose) -> Result<SecretString> {
    let now = app.now();
    let token = app.chance.alphanumeric(LENGTH)?;
    let id = InvitationId::generate(now, app.chance.as_ref())?;
    let expires_at = now.plus(app.settings.panel.link_life());
    app.store.invite(NewInvitation { id, hash: hash(&token), purpose, now, expires_at }).await?;
    // Behind the `#`: what is there no browser sends, and no log sees.
    Ok(SecretString::from(format!("{}/dashboard/setup#{token}", app.settings.server.public_url)))
}

async fn invitation(app: &App, token: &SecretString) -> Result<Invitation> {
    let found = app.store.invitation(&hash(token.expose_secret()), app.now()).await?;
    found.ok_or(Error::SignIn(SignIn::LinkUsed))
}

/// What a link is for.
pub async fn look(app: &App, token: &SecretString) -> Result<Look> {
    let invitation = invitation(app, token).await?;
    Ok(match invitation.purpose {
        Purpose::Join { client, role, email } => {
            let name = invitation.client_name.unwrap_or_default();
            Look { is_reset: false, email, client: Some((client, name)), role: Some(role) }
        }
        Purpose::Reset(person) => {
            let email = Some(app.store.person(person).await?.email);
            Look { is_reset: true, email, client: None, role: None }
        }
    })
}

/// Uses a link: its person joins, or has another password, and is signed in. Answers what the cookie is to hold.
pub async fn accept(app: &App, token: &SecretString, answer: Answer, browser: &Browser) -> Result<SecretString> {
    let person = match invitation(app, token).await?.purpose {
        Purpose::Reset(person) => {
            let person = app.store.person(person).await?;
            check_new("password", &answer.password, &person.email)?;
            let password = app.passwords.hash(answer.password, app.chance.as_ref()).await?;
            Person { password, ..person }
        }
        Purpose::Join { email, .. } => {
            let email = match email {
                Some(email) => email,
                None => answer.email.as_deref().ok_or(Error::Missing("email"))?.parse()?,
            };
            joining(app, email, answer, browser).await?
        }
    };
    let (cookie, session) = new_session(app, person.id, browser)?;
    app.store.accept(Acceptance { hash: hash(token.expose_secret()), person, session }).await?;
    Ok(cookie)
}

/// Who joins: somebody new, or somebody who is here and proves it.
async fn joining(app: &App, email: Email, answer: Answer, browser: &Browser) -> Result<Person> {
    if app.store.person_by_email(&email).await?.is_some() {
        return prove(app, &email, answer.password, &Subjects::of(&email, browser)).await;
    }
    let name: PersonName = answer.name.as_deref().ok_or(Error::Missing("name"))?.parse()?;
    check_new("password", &answer.password, &email)?;
    let password = app.passwords.hash(answer.password, app.chance.as_ref()).await?;
    Ok(Person { id: PersonId::generate(app.now(), app.chance.as_ref())?, email, name, password })
}

/// The people of a client.
pub async fn list_members(app: &App, client: ClientId) -> Result<Vec<MemberSummary>> {
    app.store.client(client).await?;
    let summary = |member: Member| MemberSummary {
        id: member.id,
        email: member.email,
        name: member.name.to_string(),
        role: member.role,
        joined_at: member.joined_at.to_string(),
    };
    Ok(app.store.members(client).await?.into_iter().map(summary).collect())
}

/// The links to a client that nobody has used.
pub async fn list_invitations(app: &App, client: ClientId) -> Result<Vec<InvitationSummary>> {
    let summary = |invitation: Invitation| match invitation.purpose {
        Purpose::Join { role, email, .. } => {
            let expires_at = invitation.expires_at.to_string();
            Some(InvitationSummary { id: invitation.id, email, role, expires_at })
        }
        Purpose::Reset(_) => None,
    };
    Ok(app.store.invitations(client, app.now()).await?.into_iter().filter_map(summary).collect())
}

/// Ends a link that nobody has used.
pub async fn withdraw(app: &App, client: ClientId, invitation: InvitationId) -> Result<()> {
    app.store.withdraw(client, invitation).await
}

/// Gives a person of a client another role; `None` takes them from it.
pub async fn change_member(app: &App, client: ClientId, person: PersonId, role: Option<Role>) -> Result<()> {
    app.store.change_member(client, person, role).await
}

/// Takes the person with this address from a client.
pub async fn remove_member(app: &App, client: ClientId, email: &Email) -> Result<()> {
    let person = app.store.person_by_email(email).await?.ok_or(Error::NotFound(Thing::Person))?;
    app.store.change_member(client, person.id, None).await
}
