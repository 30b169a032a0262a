//! Rehearsals: a change is run as it would be, and taken back. What it would do is kept under a token, so that the change
//! itself can be made to do exactly that.

use reelshelf_domain::{AssetHash, Chance, ClientId, Error, FolderPath, MediaPath, Result, UnixMillis};

use super::Store;
use super::assets::{Asset, Remove, find};
use super::counters::lock;
use super::db::{Tx, execute, fetch_optional};
use super::folders::{FolderMove, RemoveFolder};
use super::relocate::{Relocate, Relocation};
use super::survey::{Forecast, Outlook, RehearsalLimits, Survey};
use super::writer::{Expire, Verb};

const INSERT: &str = "
    INSERT INTO rehearsals (id, client_id, deeds, forecasts, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
/// The oldest give way.
const CROWD_OUT: &str = "
    DELETE FROM rehearsals WHERE client_id = $1 AND id NOT IN (
        SELECT id FROM rehearsals WHERE client_id = $1 ORDER BY created_at DESC, id LIMIT $2)";
const FIND: &str = "SELECT deeds, forecasts FROM rehearsals WHERE id = $1 AND client_id = $2 AND expires_at > $3";
const EXPIRE: &str = "
    DELETE FROM rehearsals WHERE id IN (SELECT id FROM rehearsals WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT, CROWD_OUT, FIND, EXPIRE];

/// A change that can be rehearsed.
#[derive(Clone)]
pub struct Deed(Kind);

#[derive(Clone)]
enum Kind {
    Remove(Remove),
    Relocate(Box<Relocate>),
    RemoveFolder(RemoveFolder),
    MoveFolder(FolderMove),
}

impl Deed {
    /// Deletes the file at a path.
    pub const fn remove(client: ClientId, path: MediaPath, now: UnixMillis) -> Self {
        Self(Kind::Remove(Remove { client, path, now }))
    }

    /// Moves a file, renames it, or both.
    pub fn relocate(relocation: Relocation, chance: &dyn Chance) -> Result<Self> {
        Ok(Self(Kind::Relocate(Box::new(Relocate::new(relocation, chance)?))))
    }

    /// Deletes a folder.
    pub const fn remove_folder(client: ClientId, path: FolderPath, recursive: bool, now: UnixMillis) -> Self {
        Self(Kind::RemoveFolder(RemoveFolder { client, path, recursive, now }))
    }

    /// Moves a folder, renames it, or both.
    pub const fn move_folder(change: FolderMove) -> Self {
        Self(Kind::MoveFolder(change))
    }

    /// What is to be done and with which parameters, whenever that is.
    pub fn asked(&self) -> String {
        match &self.0 {
            Kind::Remove(remove) => remove.asked(),
            Kind::Relocate(relocate) => relocate.asked(),
            Kind::RemoveFolder(remove) => remove.asked(),
            Kind::MoveFolder(change) => change.asked(),
        }
    }

    fn is_large(&self) -> bool {
        matches!(&self.0, Kind::RemoveFolder(remove) if remove.is_large())
    }

    /// Whether its rehearsal changes nothing that would have to be taken back.
    const fn only_looks(&self) -> bool {
        matches!(self.0, Kind::RemoveFolder(_))
    }

    /// Does it, or only looks, as the survey says. A rehearsal answers the file as it would be.
    async fn act(&self, tx: &mut Tx, survey: &mut Survey) -> Result<Option<Asset>> {
        let acted = match &self.0 {
            Kind::Remove(remove) => remove.act(tx, survey).await.map(|_| ()),
            Kind::Relocate(relocate) => relocate.act(tx, survey).await,
            Kind::RemoveFolder(remove) => remove.act(tx, survey).await,
            Kind::MoveFolder(change) => change.act(tx, survey).await,
        };
        match acted {
            Ok(()) => survey.decide_finally()?,
            Err(missing @ Error::NotFound(_)) => return Err(survey.decide_missing(missing)),
            Err(error) => return Err(error),
        }
        match &self.0 {
            Kind::Relocate(relocate) if survey.rehearses() => {
                let Relocation { client, to, .. } = &relocate.relocation;
                find(tx, *client, to).await.map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// What a deed would do: its answer, what it concerns as it is told, and as it is kept.
#[derive(Debug)]
pub struct Rehearsed {
    /// The file as it would be, or why it would not be.
    pub answer: Result<Option<Asset>>,
    /// What would become of what.
    pub outlook: Outlook,
    /// The same, to be compared with.
    pub forecast: Forecast,
}

impl Rehearsed {
    /// A deed that would be refused.
    pub fn refused(error: Error) -> Self {
        let (outlook, forecast) = Survey::rehearsing(RehearsalLimits { items: 0, paths: 0 }).end();
        Self { answer: Err(error), outlook, forecast }
    }

    /// Whether the answer is of the deed, and no failure of ours.
    fn new(answer: Result<Option<Asset>>, survey: Survey) -> Result<Self> {
        match answer {
            Err(error @ (Error::Internal(_) | Error::Unavailable(_))) => Err(error),
            Err(error) => Ok(Self::refused(error)),
            Ok(file) => {
                let (outlook, forecast) = survey.end();
                Ok(Self { answer: Ok(file), outlook, forecast })
            }
        }
    }
}

/// Does all deeds, one after the other as the real calls would be, and takes them back.
#[derive(Clone)]
struct Rehearse {
    client: ClientId,
    deeds: Vec<Deed>,
    limits: RehearsalLimits,
}

impl Verb for Rehearse {
    type Out = Vec<Rehearsed>;

    fn keeps(&self) -> bool {
        false
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Vec<Rehearsed>> {
        lock(tx, self.client).await?;
        let mut all = Vec::new();
        for deed in &self.deeds {
            tx.frame("SAVEPOINT deed").await?;
            let mut survey = Survey::rehearsing(self.limits);
            let answer = deed.act(tx, &mut survey).await;
            tx.frame(if answer.is_ok() { "RELEASE SAVEPOINT deed" } else { "ROLLBACK TO SAVEPOINT deed" }).await?;
            all.push(Rehearsed::new(answer, survey)?);
        }
        Ok(all)
    }
}

/// Does a deed if it is what was told.
#[derive(Clone)]
struct Confirm {
    deed: Deed,
    told: Forecast,
    limits: RehearsalLimits,
}

impl Verb for Confirm {
    type Out = ();

    fn asked(&self) -> String {
        self.deed.asked()
    }

    fn is_large(&self) -> bool {
        self.deed.is_large()
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let mut survey = Survey::confirming(self.told.clone(), self.limits);
        self.deed.act(tx, &mut survey).await.map(|_| ())
    }
}

/// A rehearsal to be kept.
#[derive(Clone)]
pub struct NewRehearsal {
    /// Whose.
    pub client: ClientId,
    /// The hash of its token.
    pub id: AssetHash,
    /// The hash of what is to be done.
    pub deeds: AssetHash,
    /// What each deed would do.
    pub forecasts: Vec<Forecast>,
    /// Now.
    pub now: UnixMillis,
    /// Until when it holds.
    pub expires_at: UnixMillis,
    /// The most of a client.
    pub most: i64,
}

impl Verb for NewRehearsal {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let forecasts = serde_json::to_string(&self.forecasts);
        let forecasts = forecasts.map_err(|error| Error::internal("keeping a rehearsal", error))?;
        let (client, deeds) = (self.client.as_str(), self.deeds.to_string());
        let (now, expires_at) = (self.now.get(), self.expires_at.get());
        execute!(tx, INSERT, self.id.to_string(), client, deeds, forecasts, now, expires_at)?;
        execute!(tx, CROWD_OUT, client, self.most).map(|_| ())
    }
}

impl Store {
    /// What each of these deeds would do, one after the other. Nothing is changed.
    pub async fn rehearse(
        &self,
        client: ClientId,
        deeds: Vec<Deed>,
        limits: RehearsalLimits,
    ) -> Result<Vec<Rehearsed>> {
        if let [deed] = deeds.as_slice()
            && deed.only_looks()
        {
            // However long it looks, nobody's writes wait for it.
            let mut tx = self.db.read().await?;
            let mut survey = Survey::rehearsing(limits);
            let answer = deed.act(&mut tx, &mut survey).await;
            return Ok(vec![Rehearsed::new(answer, survey)?]);
        }
        self.db.write_aside(Rehearse { client, deeds, limits }).await
    }

    /// Does a deed if it does what was told, and says what has changed otherwise.
    pub async fn confirm(&self, deed: Deed, told: Forecast, limits: RehearsalLimits) -> Result<()> {
        self.db.write(Confirm { deed, told, limits }).await
    }

    /// Keeps a rehearsal.
    pub async fn keep_rehearsal(&self, rehearsal: NewRehearsal) -> Result<()> {
        self.db.write_aside(rehearsal).await
    }

    /// A rehearsal of this client that still holds: the hash of its deeds, and what each would do.
    pub async fn rehearsal(
        &self,
        client: ClientId,
        id: AssetHash,
        now: UnixMillis,
    ) -> Result<Option<(AssetHash, Vec<Forecast>)>> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, (String, String), FIND, id.to_string(), client.as_str(), now.get())?;
        let Some((deeds, forecasts)) = row else { return Ok(None) };
        let forecasts = serde_json::from_str(&forecasts);
        let forecasts = forecasts.map_err(|error| Error::internal("reading a rehearsal", error))?;
        Ok(Some((super::column("rehearsals", "deeds", &deeds)?, forecasts)))
    }

    /// Forgets rehearsals whose time is over. Answers how many.
    pub async fn expire_rehearsals(&self, now: UnixMillis, most: i64) -> Result<u64> {
        self.db.write_aside(Expire { statement: EXPIRE, now, most }).await
    }
}
