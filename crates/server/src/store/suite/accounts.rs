//! Clients, plans, holds, keys, settings.

use reelshelf_domain::{ByteSize, ClientId, Error, KeyId, Role, SystemChance, Taken, Thing};

use super::super::{NewKey, Totals};
use super::{Library, NOW, World, add_client, assert_clean, assert_refused, later, new_client};

fn key(client: ClientId, lookup: &str) -> NewKey {
    NewKey {
        id: KeyId::generate(NOW, &SystemChance).unwrap(),
        client,
        name: "n8n".to_owned(),
        role: Role::Editor,
        lookup: lookup.to_owned(),
        hash: format!("{lookup}-and-the-rest"),
        now: NOW,
        expires_at: Some(later(60)),
    }
}

#[tokio::test]
async fn a_client_is_made_once_with_its_root_and_temp() {
    let world = World::open().await;
    assert_eq!(world.store.count_clients().await.unwrap(), 0);
    let id = add_client(&world.store, Some(7)).await;
    assert_refused!(world.store.create_client(new_client(id, None)).await, Error::Taken(Taken::Client));
    let client = world.store.client(id).await.unwrap();
    assert_eq!((client.name.as_str(), client.plan.as_str()), ("Tests", "default"));
    assert_eq!((client.storage_limit, client.created_at), (Some(ByteSize::new(7)), NOW));
    let mut tree: Vec<_> = world.store.tree(id).await.unwrap().into_iter().map(|(path, ..)| path.to_string()).collect();
    tree.sort();
    assert_eq!(tree, ["", "temp"]);
    let stranger = ClientId::generate(&SystemChance).unwrap();
    assert_refused!(world.store.client(stranger).await, Error::NotFound(Thing::Client));
    assert_eq!(world.store.count_clients().await.unwrap(), 1);
    assert_eq!(world.store.clients().await.unwrap().len(), 1);
    let nothing = ByteSize::ZERO;
    let (used, reserved, temp_used, temp_reserved) = (nothing, nothing, nothing, nothing);
    let totals = Totals { clients: 1, used, reserved, temp_used, temp_reserved, derived: ByteSize::ZERO };
    assert_eq!(world.store.totals().await.unwrap(), totals);
    assert_clean(&world.store).await;
    world.close().await;
}

#[tokio::test]
async fn a_lowered_plan_blocks_and_a_raised_one_frees_at_once() {
    let library = Library::with_storage(Some(100)).await;
    library.put("a.png", 1, 50).await;
    let full_at = async || library.store.client(library.client).await.unwrap().full_at;
    let set = |limit: Option<u64>, at| {
        library.store.set_plan(library.client, "small".to_owned(), limit.map(ByteSize::new), at)
    };
    set(Some(40), later(1)).await.unwrap();
    assert_eq!(full_at().await, Some(later(1)));
    set(Some(50), later(2)).await.unwrap();
    assert_eq!(full_at().await, Some(later(1)), "still full, since then");
    assert_refused!(library.register("b.png", 1).await, Error::StorageBlocked);
    set(Some(51), later(3)).await.unwrap();
    assert_eq!(full_at().await, None);
    library.register("b.png", 1).await.unwrap();
    set(None, later(4)).await.unwrap();
    assert_eq!(full_at().await, None);
    assert_eq!(library.store.plans_in_use().await.unwrap(), ["small"]);
    let stranger = ClientId::generate(&SystemChance).unwrap();
    let unknown = library.store.set_plan(stranger, "small".to_owned(), None, NOW).await;
    assert_refused!(unknown, Error::NotFound(Thing::Client));
    library.finish().await;
}

#[tokio::test]
async fn the_figures_of_the_configuration_reach_the_clients_that_have_the_plan() {
    let library = Library::with_storage(Some(100)).await;
    let other = add_client(&library.store, Some(100)).await;
    library.store.set_plan(other, "other".to_owned(), Some(ByteSize::new(100)), NOW).await.unwrap();
    library.put("a.png", 1, 50).await;
    let plans =
        |limit: Option<u64>| vec![("default".to_owned(), limit.map(ByteSize::new)), ("unused".to_owned(), None)];
    library.store.sync_plans(plans(Some(50)), later(1)).await.unwrap();
    let client = library.store.client(library.client).await.unwrap();
    assert_eq!((client.storage_limit, client.full_at), (Some(ByteSize::new(50)), Some(later(1))));
    assert_eq!(library.store.client(other).await.unwrap().storage_limit, Some(ByteSize::new(100)));
    library.store.sync_plans(plans(None), later(2)).await.unwrap();
    let client = library.store.client(library.client).await.unwrap();
    assert_eq!((client.storage_limit, client.full_at), (None, None));
    library.finish().await;
}

#[tokio::test]
async fn a_hold_says_since_when_and_why_until_it_is_released() {
    let library = Library::open().await;
    library.store.hold(library.client, "unpaid".to_owned(), later(1)).await.unwrap();
    library.store.hold(library.client, "abuse".to_owned(), later(2)).await.unwrap();
    let client = library.store.client(library.client).await.unwrap();
    assert_eq!((client.hold_at, client.hold_reason.as_deref()), (Some(later(1)), Some("abuse")));
    library.store.release(library.client, later(3)).await.unwrap();
    let client = library.store.client(library.client).await.unwrap();
    assert_eq!((client.hold_at, client.hold_reason), (None, None));
    let stranger = ClientId::generate(&SystemChance).unwrap();
    assert_refused!(library.store.hold(stranger, String::new(), NOW).await, Error::NotFound(Thing::Client));
    assert_refused!(library.store.release(stranger, NOW).await, Error::NotFound(Thing::Client));
    library.finish().await;
}

#[tokio::test]
async fn a_key_opens_its_client_until_it_is_revoked() {
    let library = Library::open().await;
    let (store, client) = (&library.store, library.client);
    let made = key(client, "abcd");
    store.create_key(made.clone()).await.unwrap();
    let twin = key(client, "abcd");
    store.create_key(twin.clone()).await.unwrap();
    let holders = store.key_holders("abcd").await.unwrap();
    assert_eq!(holders.len(), 2, "the start of a hash may be shared");
    let holder = holders.iter().find(|holder| holder.id == made.id).unwrap();
    assert_eq!((holder.client, holder.role, &holder.hash), (client, Role::Editor, &made.hash));
    assert_eq!((holder.expires_at, holder.plan.as_str()), (Some(later(60)), "default"));
    assert!(store.key_holders("abce").await.unwrap().is_empty());
    store.revoke_key(client, made.id, later(5)).await.unwrap();
    store.revoke_key(client, made.id, later(9)).await.unwrap();
    assert_eq!(store.key_holders("abcd").await.unwrap().len(), 1);
    let listed = store.keys(client).await.unwrap();
    let revoked = listed.iter().find(|listed| listed.id == made.id).unwrap();
    assert_eq!((revoked.revoked_at, listed.len()), (Some(later(5)), 2), "the first time counts");
    library.finish().await;
}

#[tokio::test]
async fn keys_of_others_are_not_found() {
    let library = Library::open().await;
    let other = add_client(&library.store, None).await;
    let made = key(library.client, "abcd");
    library.store.create_key(made.clone()).await.unwrap();
    assert_refused!(library.store.revoke_key(other, made.id, NOW).await, Error::NotFound(Thing::Key));
    assert!(library.store.keys(other).await.unwrap().is_empty());
    let stranger = ClientId::generate(&SystemChance).unwrap();
    assert_refused!(library.store.create_key(key(stranger, "x")).await, Error::NotFound(Thing::Client));
    library.finish().await;
}

#[tokio::test]
async fn the_last_use_of_a_key_only_moves_on() {
    let library = Library::open().await;
    let made = key(library.client, "abcd");
    library.store.create_key(made.clone()).await.unwrap();
    let last = async || library.store.keys(library.client).await.unwrap()[0].last_used_at;
    assert_eq!(last().await, None);
    let stranger = KeyId::generate(NOW, &SystemChance).unwrap();
    library.store.note_key_use(vec![(made.id, later(60)), (stranger, later(60))]).await.unwrap();
    library.store.note_key_use(vec![(made.id, later(30))]).await.unwrap();
    assert_eq!(last().await, Some(later(60)));
    library.finish().await;
}

#[tokio::test]
async fn the_first_value_of_a_setting_is_kept_by_every_process() {
    let world = World::open().await;
    let another = world.another().await;
    let offers = (0..8).map(|number| {
        let store = if number % 2 == 0 { world.store.clone() } else { another.clone() };
        async move { store.setting("secret", format!("offer {number}")).await.unwrap() }
    });
    let kept = futures::future::join_all(offers).await;
    assert!(kept.iter().all(|value| *value == kept[0]), "{kept:?}");
    assert_eq!(another.setting("other", "mine".to_owned()).await.unwrap(), "mine");
    another.close().await;
    world.close().await;
}

#[tokio::test]
async fn what_caches_hold_is_stale_after_another_process_changed_it() {
    let world = World::open().await;
    let another = world.another().await;
    let client = add_client(&world.store, None).await;
    // The large world cannot tell before its first beat.
    let before = loop {
        if let Some(stamp) = another.stamp() {
            break stamp;
        }
        tokio::task::yield_now().await;
    };
    world.store.hold(client, "unpaid".to_owned(), NOW).await.unwrap();
    while another.stamp() == Some(before) {
        tokio::task::yield_now().await;
    }
    another.ping().await.unwrap();
    another.close().await;
    world.close().await;
}
