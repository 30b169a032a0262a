//! What the product does: one file per verb. No HTTP and no SQL.

mod browse;
mod caller;
mod checksum;
mod clients;
mod deliver;
mod expire;
mod folders;
mod held;
mod idempotency;
mod import;
mod ingest;
mod keys;
mod passwords;
mod people;
mod process;
mod register;
mod rehearse;
mod relocate;
mod remove;
mod resumable;
mod sessions;
mod signature;
mod sizes;
mod slots;
mod storage;
mod unpack;
mod urls;
mod verify;
mod watch;
mod writers;
mod zip;

pub use crate::store::journal;
pub use browse::{Contents, Place, Query, contents, file, tree};
pub use caller::Caller;
pub use checksum::Checksum;
pub use clients::{
    ClientSummary, create_client, first_client, hold_client, list_clients, release_client, set_plan, sync_plans,
};
pub use deliver::{Delivery, Target, deliver};
pub use expire::expire;
pub use folders::{FolderChange, change_folder, make_folder, remove_folder};
pub use held::{Held, hold, store_held};
pub use idempotency::{Keyed, Turn, claim_key, free_keys};
pub use import::{Wish, give_up_import, import, run_import};
pub use ingest::{finish, receive, store_upload, upload};
pub use keys::{KeyCache, KeySummary, authenticate, create_key, list_keys, revoke_key, write_down_key_use};
pub use passwords::Passwords;
pub use people::{
    Answer, InvitationSummary, Look, MemberSummary, accept, change_member, first_link, invite, list_invitations,
    list_members, look, remove_member, reset_link, withdraw,
};
pub use process::{Queued, Remaking, process, put_back, remaking, reprocess};
pub use register::{NewFile, Registering, register, register_known};
pub use rehearse::{
    Foretold, Intent, Placed, Rehearsal, confirm_upload, intend_folder_change, intend_folder_removal,
    intend_relocation, intend_removal, perform, rehearse, rehearse_upload,
};
pub use relocate::{Change, relocate, relocated};
pub use remove::remove;
pub use resumable::{Incoming, Progress, begin_resumable, begin_resumable_with, resumable, resume, terminate};
pub use sessions::{
    Browser, Presence, SessionSummary, caller_at, change_password, csrf, list_sessions, presence, session, sign_in,
    sign_out,
};
pub use signature::{SignedUpload, Signer};
pub use sizes::{SizeFailure, SizeQuery, Sizes, deliver_size};
pub use slots::{Slot, Slots};
pub use storage::{StorageInfo, storage};
pub use unpack::{EntryOutcome, Pack, Unpacked, Unpacking, open_pack, receive_pack, rehearse_unpack, unpack};
pub use urls::{derived_url, immutable_url, stable_url, upload_url};
pub use verify::{Problem, Report, verify};
pub use watch::{Watches, watch};
pub use writers::Writers;
pub use zip::{Pick, Zip, zip};
