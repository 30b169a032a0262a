//! Files that are to come, rehearsed before: archives, and bodies that are one file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actions::Action;
use super::archives::Archive;
use super::content::Content;
use super::driver::{Difference, Remote, read, same};
use super::expect::{Answer, Context, answer, time};
use super::reference::{Library, NewFile};
use super::retrying::state;
use super::words::{CHANGED, Outcome, file_name, folder_path, join};

/// How long a token holds.
const HOUR: i64 = 60 * 60 * 1000;

/// Of some files nobody says how long they will be, and sends nothing, when it is only asked what they would do.
const fn is_bare(content: Content) -> bool {
    content.filler == b'y'
}

/// Where the files go, each place once.
fn places(library: &Library, what: &Action) -> BTreeSet<(String, String)> {
    match what {
        Action::Unpack(archive) => archive.places(library),
        Action::Raw { new, .. } => place(new).into_iter().collect(),
        _ => unreachable!("{what:?} brings no files"),
    }
}

fn place(new: &NewFile) -> Outcome<(String, String)> {
    Ok((folder_path(&new.folder)?, file_name(&new.name)?))
}

/// What is at these places.
fn there(library: &Library, places: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    let found = places.iter().filter_map(|(folder, name)| library.find(folder, name));
    found.map(|id| state((&id, &library.files[&id]))).collect()
}

impl Context {
    /// What a rehearsal answers, but for its token.
    fn foretold(&self, library: &Library, what: &Action) -> Answer {
        let (status, mut told) = match what {
            Action::Unpack(archive) => self.foretold_archive(library, archive),
            Action::Raw { new, content, hash } => {
                let size = new.size.filter(|_| !is_bare(*content));
                answer(self.foretold_file(library, &NewFile { size, ..new.clone() }, hash.as_deref()))
            }
            _ => unreachable!("{what:?} brings no files"),
        };
        if status == 200 {
            (told["dry_run"], told["expires_at"]) = (true.into(), time(self.now + HOUR).into());
        }
        (status, told)
    }

    fn foretold_archive(&self, library: &Library, archive: &Archive) -> Answer {
        let (status, mut told) = self.unpack(&mut library.clone(), archive);
        if status == 200 {
            told["would"] = self.replaced(library, archive, &told);
            for result in told["results"].as_array_mut().unwrap() {
                result.as_object_mut().unwrap().remove("file");
            }
        }
        (status, told)
    }

    /// Whether its registration would be possible: what its bytes will be is not known.
    fn foretold_file(&self, library: &Library, new: &NewFile, hash: Option<&str>) -> Outcome<Value> {
        let (folder, name) = place(new)?;
        super::uploading::check_hash(hash)?;
        let mut imagined = library.clone();
        let tag = imagined.fresh();
        imagined.reserve(self.now, tag, new)?;
        let there = library.find(&folder, &name).filter(|_| new.overwrite);
        let would = self.gives_way(there.map(|id| &library.files[&id]).as_slice());
        let mut told = self.several(vec![(join(&folder, &name), Ok(None))]);
        told["would"] = would;
        Ok(told)
    }
}

impl Remote {
    pub(super) async fn rehearsed_arrivals(
        &mut self,
        library: &mut Library,
        what: &Action,
        between: Option<&Action>,
    ) -> Result<(), Difference> {
        let places = places(library, what);
        let expected = self.context.foretold(library, what);
        let (status, mut got) = self.send_meant(what, ("dry_run", "true")).await;
        self.meet("rehearsal of files", status);
        let token = got.as_object_mut().and_then(|told| told.remove("token"));
        same(&expected, &(status, got)).map_err(|difference| format!("the rehearsal\n{difference}"))?;
        self.check_storage(library).await?;
        let Some(token) = token.as_ref().and_then(Value::as_str) else {
            return if status == 200 { Err("the rehearsal gives no token".to_owned()) } else { Ok(()) };
        };
        let before = there(library, &places);
        if let Some(between) = between {
            self.in_between(library, between).await?;
        }
        let is_as_told = there(library, &places) == before;
        let real = self.send_meant(what, ("token", token)).await;
        self.meet("rehearsed files", real.0);
        if is_as_told {
            return same(&self.expected(library, what, false), &real);
        }
        match real.1["message"].as_str() {
            Some(message) if real.0 == 409 && message.starts_with(CHANGED) => Ok(()),
            _ => Err(format!("the model says that it has changed, the server {} {}", real.0, real.1)),
        }
    }

    /// Sends it with what says how it is meant.
    async fn send_meant(&self, what: &Action, meant: (&str, &str)) -> Answer {
        let request = match what {
            Action::Unpack(archive) => self.unpack_request(archive, &[meant]),
            Action::Raw { new, content, hash } => {
                let request = self.raw_request(new, *content, hash.as_deref(), &[meant]);
                if meant.0 == "dry_run" && is_bare(*content) { request.body("") } else { request }
            }
            _ => unreachable!("{what:?} brings no files"),
        };
        read(request.send().await.unwrap()).await
    }
}
