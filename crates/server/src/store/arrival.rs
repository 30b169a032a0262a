//! Files that are to come. A rehearsal lets each come as it would, registered and stored, and takes all of them back; with
//! its token their places are looked at again, so that they replace what was told and nothing else.

use std::collections::HashMap;

use reelshelf_domain::{
    AssetHash, BlobId, Chance, ClientId, Error, FolderPath, MediaPath, MediaType, Result, UnixMillis,
};
use sha2::{Digest, Sha256};

use super::Store;
use super::assets::{Asset, find};
use super::counters::lock;
use super::db::Tx;
use super::folders::{Spare, ensure};
use super::ingest::Arrived;
use super::processing::Examined;
use super::register::{Register, Registration};
use super::survey::{Fate, Forecast, Found, FoundFile, Outlook, RehearsalLimits, Survey};
use super::writer::Verb;

/// Files that are to come, whatever they are.
#[derive(Clone)]
pub struct Arrivals {
    /// Whose.
    pub client: ClientId,
    /// What they are and how they come, whenever that is.
    pub asked: String,
    /// Their places, each once.
    pub paths: Vec<MediaPath>,
    /// Whether they replace what is there.
    pub overwrite: bool,
}

/// One of them, in the order in which they come; or a folder that comes with them.
#[derive(Clone)]
pub struct Arrival(Kind);

#[derive(Clone)]
enum Kind {
    Folder(FolderPath, Spare),
    File(Box<Register>, Box<Arrived>),
}

impl Arrival {
    /// A folder that is made.
    pub fn folder(path: FolderPath, folder_limit: i64, now: UnixMillis, chance: &dyn Chance) -> Result<Self> {
        let spare = Spare::new(&path, folder_limit, now, chance)?;
        Ok(Self(Kind::Folder(path, spare)))
    }

    /// A file that is registered and, where it is known how long it will be, stored: the next one meets it. Its bytes are
    /// not here; unless their hash was said, what stands for them differs from all others.
    pub fn file(registration: Registration, temp_expires_at: UnixMillis, chance: &dyn Chance) -> Result<Self> {
        let Registration { now, temp_limit, size, expected, .. } = registration;
        let blob = BlobId::generate(now, chance)?;
        let register = Register::new(registration, chance)?;
        let arrived = Arrived {
            upload: register.upload(),
            blob,
            hash: expected.unwrap_or_else(|| AssetHash::from_bytes(Sha256::digest(blob.to_string()).into())),
            size: size.unwrap_or_default(),
            media_type: MediaType::Other,
            examined: Examined::nothing(),
            now,
            temp_expires_at,
            temp_limit,
        };
        Ok(Self(Kind::File(Box::new(register), Box::new(arrived))))
    }

    async fn come(&self, tx: &mut Tx, client: ClientId) -> Result<()> {
        match &self.0 {
            Kind::Folder(path, spare) => ensure(tx, client, path, spare).await.map(|_| ()),
            Kind::File(register, arrived) => {
                register.run(tx).await?;
                if register.registration.size.is_some() {
                    arrived.run(tx).await?;
                }
                Ok(())
            }
        }
    }
}

/// What is at each place today, told to a survey.
async fn look(arrivals: &Arrivals, tx: &mut Tx, survey: &mut Survey) -> Result<Vec<Option<Asset>>> {
    let fate = if arrivals.overwrite { Fate::Replaced } else { Fate::Kept };
    let mut all = Vec::new();
    for path in &arrivals.paths {
        let there = match find(tx, arrivals.client, path).await {
            Ok(asset) => Some(asset),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        if let Some(asset) = &there {
            see(survey, fate, path, asset);
        }
        all.push(there);
    }
    Ok(all)
}

fn see(survey: &mut Survey, fate: Fate, path: &MediaPath, asset: &Asset) {
    let (id, blob) = (asset.id.to_string(), asset.hash.map(|hash| hash.to_string()));
    let file = FoundFile { size: asset.size.to_column(), uploaded: asset.uploaded, blob: blob.as_deref() };
    survey.see(fate, &Found { path: path.to_string(), id: &id, file: Some(file) });
}

/// What became of arrivals in their rehearsal.
pub struct Rehearsed {
    /// Whether each would come, and if not, why.
    pub outcomes: Vec<Result<()>>,
    /// What those that would come would replace.
    pub outlook: Outlook,
    /// All that is at their places, to be compared with.
    pub forecast: Forecast,
}

/// Lets all come, one after the other, and takes them back.
#[derive(Clone)]
struct Rehearse {
    arrivals: Arrivals,
    each: Vec<Arrival>,
    limits: RehearsalLimits,
}

impl Rehearse {
    /// What those that would come would replace.
    fn outlook(&self, there: &[Option<Asset>], outcomes: &[Result<()>]) -> Outlook {
        let mut told = Survey::rehearsing(self.limits);
        if !self.arrivals.overwrite {
            return told.end().0;
        }
        let paths = self.arrivals.paths.iter();
        let mut there: HashMap<_, _> =
            paths.zip(there).filter_map(|(path, asset)| Some((path, asset.as_ref()?))).collect();
        for (arrival, _) in self.each.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok()) {
            if let Kind::File(register, _) = &arrival.0
                && let Some((path, asset)) = there.remove_entry(&register.registration.path)
            {
                see(&mut told, Fate::Replaced, path, asset);
            }
        }
        told.end().0
    }
}

impl Verb for Rehearse {
    type Out = Rehearsed;

    fn keeps(&self) -> bool {
        false
    }

    fn is_large(&self) -> bool {
        self.each.len() > 1
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Rehearsed> {
        lock(tx, self.arrivals.client).await?;
        let mut found = Survey::rehearsing(self.limits);
        let there = look(&self.arrivals, tx, &mut found).await?;
        let mut outcomes = Vec::new();
        for arrival in &self.each {
            tx.frame("SAVEPOINT arrival").await?;
            let came = arrival.come(tx, self.arrivals.client).await;
            tx.frame(if came.is_ok() { "RELEASE SAVEPOINT arrival" } else { "ROLLBACK TO SAVEPOINT arrival" }).await?;
            match came {
                Err(error @ (Error::Internal(_) | Error::Unavailable(_))) => return Err(error),
                came => outcomes.push(came),
            }
        }
        let outlook = self.outlook(&there, &outcomes);
        Ok(Rehearsed { outcomes, outlook, forecast: found.end().1 })
    }
}

/// Finds at the places of files that are to come what was told. What they replace is journalled: when the rest of the
/// request is done again, they have come.
#[derive(Clone)]
struct Confirm {
    arrivals: Arrivals,
    told: Forecast,
    limits: RehearsalLimits,
}

impl Verb for Confirm {
    type Out = Vec<bool>;

    fn asked(&self) -> String {
        self.arrivals.asked.clone()
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Vec<bool>> {
        lock(tx, self.arrivals.client).await?;
        let mut survey = Survey::confirming(self.told.clone(), self.limits);
        let there = look(&self.arrivals, tx, &mut survey).await?;
        survey.decide_finally()?;
        Ok(there.into_iter().map(|there| there.is_some() && self.arrivals.overwrite).collect())
    }
}

impl Store {
    /// What would become of files that are to come, one after the other. Nothing is changed.
    pub async fn rehearse_arrivals(
        &self,
        arrivals: Arrivals,
        each: Vec<Arrival>,
        limits: RehearsalLimits,
    ) -> Result<Rehearsed> {
        self.db.write_aside(Rehearse { arrivals, each, limits }).await
    }

    /// Answers of each file that is to come whether it replaces one, or says what has changed since that was told.
    pub async fn confirm_arrivals(
        &self,
        arrivals: Arrivals,
        told: Forecast,
        limits: RehearsalLimits,
    ) -> Result<Vec<bool>> {
        self.db.write(Confirm { arrivals, told, limits }).await
    }
}
