//! How a step is told to whoever has to find out what went wrong.

use std::fmt;

use super::actions::{Action, Step};
use super::reference::PLANS;

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acts(acts) => {
                for (index, (client, action)) in acts.iter().enumerate() {
                    write!(formatter, "{}client {client}: {action:?}", if index > 0 { " | " } else { "" })?;
                }
                Ok(())
            }
            Self::Pass { seconds, jobs } => write!(formatter, "{seconds} s pass, jobs run: {jobs}"),
            Self::Restart => write!(formatter, "restart"),
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { tag, method, path, body } => write!(formatter, "{method} {path} {body} (#{tag})"),
            Self::Put { tag, content_type, content } => {
                write!(formatter, "PUT upload URL #{tag} {content_type} {content:?}")
            }
            Self::Raw { new, content, hash } => write!(formatter, "POST raw {new:?} {content:?} {hash:?}"),
            Self::Form { folder, overwrite, parts, odd } => {
                write!(formatter, "POST form folder={folder:?} overwrite={overwrite} {parts:?} {odd:?}")
            }
            Self::Keyed { once, what } => write!(formatter, "once {once}: {what:?}"),
            Self::Again { once, changed } => write!(formatter, "again {once}, changed: {changed}"),
            Self::Rehearsed { what, between } => write!(formatter, "rehearsed {what:?}, in between {between:?}"),
            Self::Unpack(archive) => write!(formatter, "unpack {archive:?}"),
            Self::Zip(wanted) => write!(formatter, "ZIP of {wanted:?}"),
            Self::Tus(tus) => write!(formatter, "{tus:?}"),
            Self::Get { path } => write!(formatter, "GET file {path:?}"),
            Self::List(listing) => write!(formatter, "{listing:?}"),
            Self::BadList { query, .. } => write!(formatter, "GET /v2/media/folder?{query}"),
            Self::Tree => write!(formatter, "GET tree"),
            Self::Deliver { url, ask } => write!(formatter, "deliver {url:?} {ask:?}"),
            Self::Hold => write!(formatter, "hold"),
            Self::Release => write!(formatter, "release"),
            Self::Plan(plan) => write!(formatter, "plan {}", PLANS[*plan].name),
        }
    }
}
