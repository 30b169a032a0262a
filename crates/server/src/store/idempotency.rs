//! Idempotency keys: who works on a request, and what it was answered.

use std::time::Duration;

use reelshelf_domain::{AssetHash, ByteSize, ClientId, Result, UnixMillis};

use super::db::{CONTENDED, Tx, execute, fetch_optional};
use super::row::row;
use super::writer::{Expire, Verb};
use super::{Store, column, size_column};

const INSERT: &str = "
    INSERT INTO idempotency_keys (id, client_id, request, owner, turn, lease_until, body_hash, body_bytes, body_whole,
        body_announced, created_at, expires_at)
    VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING";
const FIND: &str = "
    SELECT request, turn, lease_until, body_hash, body_bytes, body_whole, body_announced, status, headers, answer,
        expires_at
    FROM idempotency_keys WHERE id = $1";
const TAKE_OVER: &str = "
    UPDATE idempotency_keys SET owner = $2, turn = turn + 1, lease_until = $3
    WHERE id = $1 AND turn = $4 AND lease_until = $5 AND status IS NULL";
const RENEW: &str = "UPDATE idempotency_keys SET lease_until = $3 WHERE id = $1 AND turn = $2 AND status IS NULL";
const FINISH: &str = "
    UPDATE idempotency_keys SET status = $3, headers = $4, answer = $5, body_hash = $6, body_bytes = $7,
        body_whole = $8, body_announced = $9, lease_until = 0
    WHERE id = $1 AND turn = $2 AND status IS NULL";
/// A request that changed nothing has never been.
const DROP: &str = "
    DELETE FROM idempotency_keys WHERE id = $1 AND turn = $2 AND status IS NULL
        AND NOT EXISTS (SELECT 1 FROM idempotency_steps WHERE key_id = $1)";
const LET_GO: &str = "UPDATE idempotency_keys SET lease_until = 0 WHERE id = $1 AND turn = $2 AND status IS NULL";
const FREE: &str = "UPDATE idempotency_keys SET lease_until = 0 WHERE owner = $1 AND status IS NULL";
const DELETE: &str = "DELETE FROM idempotency_keys WHERE id = $1 AND expires_at <= $2 AND lease_until <= $2";
const EXPIRE: &str = "
    DELETE FROM idempotency_keys WHERE id IN (
        SELECT id FROM idempotency_keys WHERE expires_at <= $1 AND lease_until <= $1 ORDER BY expires_at LIMIT $2)";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT, FIND, TAKE_OVER, RENEW, FINISH, DROP, LET_GO, FREE, DELETE, EXPIRE];

/// What is known of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodySeen {
    /// The hash of the bytes that were seen.
    pub hash: AssetHash,
    /// How many they were.
    pub bytes: ByteSize,
    /// Whether there are no more.
    pub whole: bool,
    /// How long it was said to be.
    pub announced: Option<ByteSize>,
}

/// A request with a key.
#[derive(Clone)]
pub struct KeyedRequest {
    /// The hash of the client and its key.
    pub id: AssetHash,
    /// Whose.
    pub client: ClientId,
    /// The hash of what is asked, the body aside.
    pub request: AssetHash,
    /// Its body, when it is known beforehand.
    pub body: Option<BodySeen>,
    /// The node that works on it.
    pub owner: String,
    /// How long it is believed to be alive without a word.
    pub lease: Duration,
    /// Now.
    pub now: UnixMillis,
    /// Until when its answer is kept.
    pub expires_at: UnixMillis,
}

/// An answer as it is kept.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// Its status.
    pub status: i64,
    /// Its headers, as JSON.
    pub headers: String,
    /// Its body.
    pub text: String,
}

/// What a request with a key is to do.
#[derive(Debug)]
pub enum Claim {
    /// Run, as this turn.
    Run(i64),
    /// Wait: another is running.
    Running,
    /// Answer this, if the body is this.
    Answered(KeptAnswer, BodySeen),
    /// Nothing: the key was used for something else.
    Other,
}

row! {
    struct KeyRow {
        request: String,
        turn: i64,
        lease_until: i64,
        body_hash: Option<String>,
        body_bytes: Option<i64>,
        body_whole: Option<bool>,
        body_announced: Option<i64>,
        status: Option<i64>,
        headers: Option<String>,
        answer: Option<String>,
        expires_at: i64,
    }
}

impl KeyRow {
    fn body(&self) -> Result<Option<BodySeen>> {
        let Some(hash) = &self.body_hash else { return Ok(None) };
        let size = |value| size_column("idempotency_keys", "body_bytes", value);
        Ok(Some(BodySeen {
            hash: column("idempotency_keys", "body_hash", hash)?,
            bytes: size(self.body_bytes.unwrap_or_default())?,
            whole: self.body_whole.unwrap_or_default(),
            announced: self.body_announced.map(size).transpose()?,
        }))
    }
}

impl KeyedRequest {
    async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let body = self.body;
        let inserted = execute!(
            tx,
            INSERT,
            self.id.to_string(),
            self.client.as_str(),
            self.request.to_string(),
            self.owner.as_str(),
            self.now.plus(self.lease).get(),
            body.map(|body| body.hash.to_string()),
            body.map(|body| body.bytes.to_column()),
            body.map(|body| body.whole),
            body.and_then(|body| body.announced).map(ByteSize::to_column),
            self.now.get(),
            self.expires_at.get()
        )?;
        Ok(inserted == 1)
    }

    /// The key is known.
    async fn meet(&self, tx: &mut Tx, row: KeyRow) -> Result<Claim> {
        let known = row.body()?;
        let differ = |known: BodySeen, body: BodySeen| (known.hash, known.bytes) != (body.hash, body.bytes);
        let whole = known.filter(|known| known.whole);
        if row.request != self.request.to_string() || whole.zip(self.body).is_some_and(|(a, b)| differ(a, b)) {
            return Ok(Claim::Other);
        }
        if let (Some(status), Some(body)) = (row.status, known) {
            let (headers, text) = (row.headers.unwrap_or_default(), row.answer.unwrap_or_default());
            return Ok(Claim::Answered(KeptAnswer { status, headers, text }, body));
        }
        if row.lease_until > self.now.get() {
            return Ok(Claim::Running);
        }
        let (id, until) = (self.id.to_string(), self.now.plus(self.lease).get());
        match execute!(tx, TAKE_OVER, id, self.owner.as_str(), until, row.turn, row.lease_until)? {
            0 => Err(reelshelf_domain::Error::Unavailable(CONTENDED)),
            _ => Ok(Claim::Run(row.turn + 1)),
        }
    }
}

impl Verb for KeyedRequest {
    type Out = Claim;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Claim> {
        if self.insert(tx).await? {
            return Ok(Claim::Run(0));
        }
        let row = fetch_optional!(tx, KeyRow, FIND, self.id.to_string())?;
        let row = row.ok_or(reelshelf_domain::Error::Unavailable(CONTENDED))?;
        let over = row.expires_at <= self.now.get();
        if over && execute!(tx, DELETE, self.id.to_string(), self.now.get())? == 1 {
            let again = self.insert(tx).await?;
            return if again { Ok(Claim::Run(0)) } else { Err(reelshelf_domain::Error::Unavailable(CONTENDED)) };
        }
        self.meet(tx, row).await
    }
}

#[derive(Clone)]
struct Finish {
    id: AssetHash,
    turn: i64,
    answer: KeptAnswer,
    body: BodySeen,
}

impl Verb for Finish {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let Self { id, turn, answer, body } = self;
        let announced = body.announced.map(ByteSize::to_column);
        let (hash, bytes) = (body.hash.to_string(), body.bytes.to_column());
        let (headers, text) = (answer.headers.as_str(), answer.text.as_str());
        execute!(tx, FINISH, id.to_string(), *turn, answer.status, headers, text, hash, bytes, body.whole, announced)
            .map(|_| ())
    }
}

#[derive(Clone)]
struct LetGo {
    id: AssetHash,
    turn: i64,
}

impl Verb for LetGo {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.id.to_string();
        if execute!(tx, DROP, id.as_str(), self.turn)? == 0 {
            execute!(tx, LET_GO, id, self.turn)?;
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Renew {
    id: AssetHash,
    turn: i64,
    until: UnixMillis,
}

impl Verb for Renew {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, RENEW, self.id.to_string(), self.turn, self.until.get()).map(|_| ())
    }
}

#[derive(Clone)]
struct Free(String);

impl Verb for Free {
    type Out = u64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<u64> {
        execute!(tx, FREE, self.0.as_str())
    }
}

impl Store {
    /// Says what a request with a key is to do, and takes the key if it is to run.
    pub async fn claim_key(&self, request: KeyedRequest) -> Result<Claim> {
        self.db.write_aside(request).await
    }

    /// A request is still alive.
    pub async fn renew_key(&self, id: AssetHash, turn: i64, until: UnixMillis) -> Result<()> {
        self.db.write_aside(Renew { id, turn, until }).await
    }

    /// Keeps the answer of a request, unless another has taken over.
    pub async fn finish_key(&self, id: AssetHash, turn: i64, answer: KeptAnswer, body: BodySeen) -> Result<()> {
        self.db.write_aside(Finish { id, turn, answer, body }).await
    }

    /// Lets the next request with the key run: this one has no answer that is one for good.
    pub async fn let_go_of_key(&self, id: AssetHash, turn: i64) -> Result<()> {
        self.db.write_aside(LetGo { id, turn }).await
    }

    /// Lets go of all keys of a node that has just begun: whatever worked on them is dead.
    pub async fn free_keys(&self, owner: String) -> Result<u64> {
        self.db.write_aside(Free(owner)).await
    }

    /// Forgets keys whose time is over, and their journals. Answers how many.
    pub async fn expire_keys(&self, now: UnixMillis, most: i64) -> Result<u64> {
        self.db.write_aside(Expire { statement: EXPIRE, now, most }).await
    }
}
