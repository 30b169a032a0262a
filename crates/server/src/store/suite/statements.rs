//! The SQL itself: every statement is understood by the engine, none is forgotten, none uses what the engines do not
//! share.

use std::path::Path;

use sqlx::{Executor, SqlSafeStr};

use super::super::db::{Conn, SqliteConn};
use super::super::{
    assets, audit, below, blobs, clients, counters, derive, derived, empty, expire, folders, freshness, idempotency,
    import, ingest, invitations, jobs, journal, keys, known, leisure, listing, people, processing, register, rehearse,
    relocate, reprocess, resumables, sessions, settings, sqlite, uploads, whole, zip,
};
use super::World;

fn here(conn: SqliteConn<'_>) -> &mut rusqlite::Connection {
    match conn {
        SqliteConn::Here(connection) => connection,
        SqliteConn::AtLeisure(_) => panic!("an ordinary read is not at leisure"),
    }
}

fn everywhere() -> Vec<&'static str> {
    let arrays = [
        assets::STATEMENTS,
        audit::STATEMENTS,
        below::STATEMENTS,
        blobs::STATEMENTS,
        clients::STATEMENTS,
        counters::STATEMENTS,
        derive::STATEMENTS,
        derived::STATEMENTS,
        empty::STATEMENTS,
        expire::STATEMENTS,
        folders::STATEMENTS,
        import::STATEMENTS,
        invitations::STATEMENTS,
        idempotency::STATEMENTS,
        jobs::STATEMENTS,
        journal::STATEMENTS,
        keys::STATEMENTS,
        known::STATEMENTS,
        people::STATEMENTS,
        processing::STATEMENTS,
        rehearse::STATEMENTS,
        relocate::STATEMENTS,
        reprocess::STATEMENTS,
        resumables::STATEMENTS,
        sessions::STATEMENTS,
        settings::STATEMENTS,
        ingest::STATEMENTS,
        register::STATEMENTS,
        uploads::STATEMENTS,
        whole::STATEMENTS,
        zip::STATEMENTS,
    ];
    arrays.concat().into_iter().chain(listing::statements()).collect()
}

fn on_postgres() -> Vec<&'static str> {
    [freshness::POSTGRES_STATEMENTS, leisure::POSTGRES_STATEMENTS, jobs::POSTGRES_STATEMENTS].concat()
}

#[tokio::test]
async fn the_engine_understands_every_statement() {
    let world = World::open().await;
    let mut tx = world.store.db.read().await.unwrap();
    let mut all = everywhere();
    all.extend(if tx.is_postgres() { on_postgres() } else { sqlite::SQLITE_STATEMENTS.to_vec() });
    assert!(all.len() > 80, "only {} statements were found", all.len());
    let mut refused = Vec::new();
    for statement in all {
        let prepared = match tx.conn() {
            Conn::Sqlite(conn) => here(conn).prepare(statement).map(|_| ()).map_err(|error| error.to_string()),
            Conn::Postgres(conn) => {
                conn.prepare(statement.into_sql_str()).await.map(|_| ()).map_err(|error| error.to_string())
            }
        };
        // PostgreSQL asks for the type of `$5 IS NULL` when it has understood all the rest; the product sends it along.
        if let Err(error) = prepared
            && !error.contains("could not determine data type of parameter")
        {
            refused.push(format!("{error}: {statement}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    drop(tx);
    world.close().await;
}

#[tokio::test]
async fn the_engine_refuses_a_column_that_is_not_there() {
    let world = World::open().await;
    let mut tx = world.store.db.read().await.unwrap();
    let wrong = "SELECT nmae FROM clients";
    let refused = match tx.conn() {
        Conn::Sqlite(conn) => here(conn).prepare(wrong).is_err(),
        Conn::Postgres(conn) => conn.prepare(wrong.into_sql_str()).await.is_err(),
    };
    assert!(refused);
    drop(tx);
    world.close().await;
}

/// The files of the store without this suite: name and text.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let read = |file: std::path::PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(file).unwrap())
    };
    files.map(read).collect()
}

/// What a file gives to this suite: the text of its arrays of statements.
fn given(source: &str) -> String {
    let arrays = source.split("STATEMENTS: &[&str] =").skip(1).map(|rest| rest.split(';').next().unwrap_or_default());
    let listed = source.split("fn statements()").skip(1).map(|rest| rest.split("\n}").next().unwrap_or_default());
    arrays.chain(listed).collect()
}

#[test]
fn no_statement_is_forgotten() {
    let mut found = 0;
    for (file, source) in sources() {
        let given = given(&source);
        for array in ["STATEMENTS", "POSTGRES_STATEMENTS", "SQLITE_STATEMENTS", "statements()"] {
            let taken = format!("{}::{array}", file.trim_end_matches(".rs"));
            let there = source.contains(&format!(" {array}: &[")) || source.contains(&format!("fn {array}"));
            assert!(!there || include_str!("statements.rs").contains(&taken), "this suite does not ask for {taken}");
        }
        let words: Vec<_> = given.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        for item in source.split("\nconst ").skip(1) {
            let (name, rest) = item.split_once(':').unwrap();
            let value = rest.split(";\n").next().unwrap();
            let is_sql =
                ["SELECT", "INSERT", "UPDATE", "DELETE", "search", "page"].iter().any(|verb| value.contains(verb));
            if is_sql {
                found += 1;
                assert!(words.contains(&name), "{name} of {file} stands in no array of statements");
            }
        }
    }
    assert!(found > 80, "only {found} statements were found");
}

/// The text between a word's `(` and the `)` that belongs to it, at each place where the word stands.
fn arguments<'a>(statement: &'a str, word: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in statement.match_indices(word) {
        let rest = &statement[at + word.len()..];
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        found.push(&rest[..end.unwrap()]);
    }
    found
}

#[test]
fn no_statement_uses_what_the_engines_do_not_share() {
    let banned = [
        "now()",
        "current_timestamp",
        "current_date",
        "datetime(",
        "strftime(",
        "ilike",
        "similar to",
        "glob",
        "greatest(",
        "least(",
        "any(",
        "array[",
        "unnest(",
        "json",
        "starts_with(",
        "collate",
        "for share",
        "::",
        "identity",
        "autoincrement",
        "serial",
        "returning *",
        "insert or",
        "ifnull(",
        "nvl(",
        "rowid",
        "\"",
        "`",
    ];
    for statement in everywhere() {
        let text = statement.to_lowercase();
        for word in banned {
            assert!(!text.contains(word), "{word} in {statement}");
        }
        assert!(!text.contains("for update"), "only PostgreSQL's claim takes locks by name: {statement}");
        for (at, _) in text.match_indices(" like ") {
            let side = &text[..at];
            let lower = ["lower(name)", "lower(assets.name)"].iter().any(|lower| side.ends_with(lower));
            assert!(lower, "LIKE on what is case-sensitive: {statement}");
        }
        for scalar in ["max(", "min("] {
            let scalars = arguments(&text, scalar).into_iter().any(|inside| inside.contains(','));
            assert!(!scalars, "{scalar} of several values: {statement}");
        }
        for writes in ["as (insert", "as (update", "as (delete", "as ( insert", "as ( update", "as ( delete"] {
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(!flat.contains(writes), "a CTE that writes: {statement}");
        }
    }
}

#[test]
fn migrations_use_only_what_the_engines_share() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap().to_lowercase();
        let text: Vec<_> = text.lines().map(|line| line.split("--").next().unwrap()).collect();
        let text = text.join("\n");
        let words: Vec<_> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        files += 1;
        for word in [
            "blob",
            "bytea",
            "identity",
            "autoincrement",
            "serial",
            "bigserial",
            "trigger",
            "collate",
            "now",
            "jsonb",
            "json",
            "timestamp",
            "timestamptz",
            "current_timestamp",
            "integer",
            "int",
            "varchar",
            "real",
            "numeric",
            "uuid",
            "gin",
        ] {
            assert!(!words.contains(&word), "{word}");
        }
        for phrase in ["alter column", "add constraint", "\"", "::"] {
            assert!(!text.contains(phrase), "{phrase}");
        }
    }
    assert!(files > 0);
}
