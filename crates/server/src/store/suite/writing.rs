//! What a write is: kept whole or not at all, whoever shares its commit, and whatever becomes of its caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::join_all;
use reelshelf_domain::{Error, Result, SystemChance};
use tokio::sync::Semaphore;

use super::super::db::{CONTENDED, Conn, SqliteConn, Tx, execute, fetch_one};
use super::super::writer::Verb;
use super::{Library, World, assert_refused};

const WRITE: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)";
const COUNT: &str = "SELECT COUNT(*) FROM settings WHERE name LIKE 'test%'";

/// Writes one row, and then does what it is told to.
#[derive(Clone)]
struct Write {
    name: String,
    ending: Ending,
}

#[derive(Clone)]
enum Ending {
    Well,
    Refused,
    Panicking,
    /// Breaks a rule of the schema after the row was written.
    Breaking,
    /// Once somebody lets it.
    Held(Arc<Semaphore>),
    /// Only at its last attempt.
    Contended(Arc<AtomicUsize>, usize),
}

impl Verb for Write {
    type Out = ();

    fn is_large(&self) -> bool {
        self.name.starts_with("test large")
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, WRITE, self.name.as_str(), "")?;
        match &self.ending {
            Ending::Well => Ok(()),
            Ending::Refused => Err(Error::StorageBlocked),
            Ending::Panicking => panic!("this write panics"),
            Ending::Breaking => execute!(tx, WRITE, self.name.as_str(), None::<&str>).map(|_| ()),
            Ending::Held(semaphore) => {
                drop(semaphore.acquire().await);
                Ok(())
            }
            Ending::Contended(attempts, succeeds_at) => {
                let attempt = attempts.fetch_add(1, Ordering::SeqCst) + 1;
                if attempt == *succeeds_at { Ok(()) } else { Err(Error::Unavailable(CONTENDED)) }
            }
        }
    }
}

fn write(name: &str, ending: Ending) -> Write {
    Write { name: format!("test {name}"), ending }
}

async fn rows(world: &World) -> i64 {
    let mut tx = world.store.db.read().await.unwrap();
    let counted: Result<(i64,)> = fetch_one!(tx, (i64,), COUNT);
    counted.unwrap().0
}

/// Keeps the writer busy until it is let go, so that all that is sent meanwhile waits for one group.
async fn busy(world: &World) -> (Arc<Semaphore>, tokio::task::JoinHandle<Result<()>>) {
    let held = Arc::new(Semaphore::new(0));
    let (db, verb) = (world.store.db.clone(), write("held", Ending::Held(Arc::clone(&held))));
    let task = tokio::spawn(async move { db.write(verb).await });
    // Other processes see nothing of it; its statement is what can be seen from here.
    while world.store.statements() == 0 {
        tokio::task::yield_now().await;
    }
    (held, task)
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_and_does_not_disturb_those_that_share_its_commit() {
    let world = World::open().await;
    let (held, first) = busy(&world).await;
    let writes = (0..60).map(|number| {
        let ending = match number % 4 {
            1 => Ending::Refused,
            2 if world.store.db.postgres().is_none() => Ending::Panicking,
            3 => Ending::Breaking,
            _ => Ending::Well,
        };
        let (db, verb) = (world.store.db.clone(), write(&number.to_string(), ending));
        tokio::spawn(async move { (number, db.write(verb).await) })
    });
    let writes: Vec<_> = writes.collect();
    held.close();
    first.await.unwrap().unwrap();
    let mut kept = 1;
    for written in join_all(writes).await {
        let (number, written) = written.unwrap();
        match number % 4 {
            1 => assert_refused!(written, Error::StorageBlocked),
            2 if world.store.db.postgres().is_none() => assert_refused!(written, Error::Internal(_)),
            3 => assert!(written.is_err()),
            _ => {
                written.unwrap();
                kept += 1;
            }
        }
    }
    assert_eq!(rows(&world).await, kept, "exactly those that were answered well");
    world.store.db.write(write("after all", Ending::Well)).await.expect("the writer lives on");
    world.close().await;
}

#[tokio::test]
async fn a_large_write_has_a_transaction_of_its_own_and_fails_alone() {
    let world = World::open().await;
    let (held, first) = busy(&world).await;
    let mut writes = Vec::new();
    for (name, ending) in [
        ("a", Ending::Well),
        ("large refused", Ending::Refused),
        ("large broken", Ending::Breaking),
        ("large", Ending::Well),
        ("b", Ending::Well),
    ] {
        let (db, verb) = (world.store.db.clone(), write(name, ending));
        writes.push(tokio::spawn(async move { db.write(verb).await.is_ok() }));
    }
    held.close();
    first.await.unwrap().unwrap();
    let kept: Vec<_> = join_all(writes).await.into_iter().map(std::result::Result::unwrap).collect();
    assert_eq!(kept, [true, false, false, true, true]);
    assert_eq!(rows(&world).await, 4);
    world.close().await;
}

/// Lets the database grow by no more than so many pages; without end again with `None`. Gives how large it is.
#[derive(Clone)]
struct Grow(Option<i64>);

impl Verb for Grow {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let Conn::Sqlite(SqliteConn::Here(connection)) = tx.uncounted() else { panic!("not SQLite") };
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let most = self.0.map_or(i64::from(u32::MAX - 1), |more| pages + more);
        connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).unwrap();
        Ok(())
    }
}

/// On SQLite in both worlds: PostgreSQL has a disk of its own.
#[tokio::test]
async fn a_database_that_is_full_keeps_what_it_answered_and_works_again_when_there_is_room() {
    let world = World::small().await;
    let (store, client) = (world.store.clone(), world.add_client().await);
    let library = Library { world, store, client };
    library.put("old/a.png", 1, 5).await;
    library.store.db.write_aside(Grow(Some(30))).await.unwrap();
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    // Eight at once, so that some share the commit that fails.
    while refused.is_empty() {
        let begin = kept.len();
        let puts = (begin..begin + 8).map(|number| {
            let (store, at) = (library.store.clone(), format!("new{}/{number}.png", number % 3));
            let registration = library.registration(&at, 5);
            tokio::spawn(async move { (at, store.register(registration, &SystemChance).await) })
        });
        for put in join_all(puts.collect::<Vec<_>>()).await {
            match put.unwrap() {
                (at, Ok(registered)) => kept.push((at, registered.upload)),
                (at, Err(Error::DiskFull)) => refused.push(at),
                (at, other) => panic!("{at}: {other:?}"),
            }
        }
        assert!(kept.len() < 10_000, "it is never full");
    }
    for (at, _) in &kept {
        library.asset(at).await.unwrap();
    }
    for at in &refused {
        assert_refused!(library.asset(at).await, Error::NotFound(_));
    }
    assert_eq!(library.bytes().await, [5, 5 * kept.len() as u64, 0, 0]);
    super::assert_clean(&library.store).await;
    // What needs room beside others is refused too, and alone.
    match library.store.remove_folder(library.client, super::folder("new0"), true, super::NOW).await {
        Ok(()) => assert_refused!(library.asset("new0/0.png").await, Error::NotFound(_)),
        Err(Error::DiskFull) => drop(library.asset("new0/0.png").await.unwrap()),
        Err(other) => panic!("{other:?}"),
    }
    super::assert_clean(&library.store).await;
    library.store.db.write_aside(Grow(None)).await.unwrap();
    for at in &refused {
        library.put(at, 2, 5).await;
    }
    library.finish().await;
}

#[tokio::test]
async fn a_write_whose_caller_goes_away_is_whole_or_not_at_all_and_the_next_one_is_served() {
    let world = World::open().await;
    let (held, first) = busy(&world).await;
    for number in 0..20 {
        let (db, verb) = (world.store.db.clone(), write(&number.to_string(), Ending::Well));
        // Asked once, and then never again.
        let answer = async move { db.write(verb).await }.now_or_never();
        assert!(answer.is_none(), "it was answered before it could be durable");
    }
    held.close();
    first.await.unwrap().unwrap();
    world.store.db.write(write("after", Ending::Well)).await.unwrap();
    let rows = rows(&world).await;
    if world.store.db.postgres().is_none() {
        assert_eq!(rows, 22, "what waits in the queue is written although nobody waits for it");
    } else {
        assert_eq!(rows, 2, "a transaction that nobody waits for is rolled back");
    }
    world.close().await;
}

#[tokio::test]
async fn a_caller_that_is_aborted_in_the_middle_leaves_the_writer_as_it_was() {
    let world = World::open().await;
    let (held, first) = busy(&world).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    held.close();
    world.store.db.write(write("after", Ending::Well)).await.unwrap();
    let expected = if world.store.db.postgres().is_none() { 2 } else { 1 };
    assert_eq!(rows(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn a_contended_write_is_run_again_and_not_for_ever() {
    let world = World::open().await;
    let attempts = Arc::new(AtomicUsize::new(0));
    world.store.db.write(write("third", Ending::Contended(Arc::clone(&attempts), 3))).await.unwrap();
    assert_eq!((attempts.load(Ordering::SeqCst), rows(&world).await), (3, 1));
    let attempts = Arc::new(AtomicUsize::new(0));
    let never = world.store.db.write(write("never", Ending::Contended(Arc::clone(&attempts), usize::MAX))).await;
    assert_refused!(never, Error::Unavailable(CONTENDED));
    assert_eq!((attempts.load(Ordering::SeqCst), rows(&world).await), (10, 1));
    world.close().await;
}

#[tokio::test]
async fn more_writes_than_the_queue_holds_are_all_answered() {
    let world = World::open().await;
    let (held, first) = busy(&world).await;
    let count = if world.store.db.postgres().is_none() { 1500 } else { 100 };
    let writes: Vec<_> = (0..count)
        .map(|number| {
            let (db, verb) = (world.store.db.clone(), write(&number.to_string(), Ending::Well));
            tokio::spawn(async move { db.write(verb).await })
        })
        .collect();
    held.close();
    first.await.unwrap().unwrap();
    for written in join_all(writes).await {
        written.unwrap().unwrap();
    }
    assert_eq!(rows(&world).await, count + 1);
    world.close().await;
}

#[tokio::test]
async fn a_closed_store_answers_that_the_database_is_not_available() {
    let world = World::open().await;
    let another = world.another().await;
    another.close().await;
    let written = another.db.write(write("late", Ending::Well)).await;
    assert!(written.is_err(), "{written:?}");
    assert!(another.ping().await.is_err());
    world.store.ping().await.unwrap();
    assert_eq!(rows(&world).await, 0);
    world.close().await;
}

#[tokio::test]
async fn two_processes_write_in_turn() {
    let world = World::open().await;
    let another = world.another().await;
    let writes: Vec<_> = (0..60)
        .map(|number| {
            let db = if number % 2 == 0 { world.store.db.clone() } else { another.db.clone() };
            tokio::spawn(async move { db.write(write(&number.to_string(), Ending::Well)).await })
        })
        .collect();
    for written in join_all(writes).await {
        written.unwrap().unwrap();
    }
    assert_eq!(rows(&world).await, 60);
    another.close().await;
    world.close().await;
}
