//! What migrations make of rows that were there before them.

use std::time::Duration;

use reelshelf_domain::{BlobId, MediaKind, MediaType};

use super::super::{JobClass, ProcessingState, Worker};
use super::{NOW, World, assert_clean};

/// A library with a picture that two files have, a text, a film that nobody has any more, and one that is to go.
const BEFORE_PROCESSING: &str = "
    INSERT INTO clients (id, name, plan, created_at, used_bytes, folders) VALUES ('a1B2c3D4e5', 'Old', 'default', 1, 25, 1);
    INSERT INTO folders (id, client_id, name, temporary, created_at, images, others, bytes)
        VALUES ('01890a5d-ac96-774b-bcce-b302099a8001', 'a1B2c3D4e5', '', FALSE, 1, 2, 1, 25);
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at, released_at, condemned_at) VALUES
        ('01890a5d-ac96-774b-bcce-b302099a8057', 'a1B2c3D4e5', '01', 10, 1, 1, NULL, NULL),
        ('01890a5d-ac96-774b-bcce-b302099a8058', 'a1B2c3D4e5', '02', 5, 1, 1, NULL, NULL),
        ('01890a5d-ac96-774b-bcce-b302099a8059', 'a1B2c3D4e5', '03', 5, 1, 1, 2, NULL),
        ('01890a5d-ac96-774b-bcce-b302099a805a', 'a1B2c3D4e5', '04', 5, 1, 1, 2, 3);
    UPDATE blobs SET hash = '00000000000000000000000000000000000000000000000000000000000000' || hash;
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, media_type, size,
        uploaded, blob_id, hash, created_at, modified_at)
    SELECT '01890a5d-ac96-774b-bcce-b302099a80' || files.number, 'a1B2c3D4e5', '01890a5d-ac96-774b-bcce-b302099a8001',
        files.name, files.name, files.name, 'image/png', files.kind, files.media_type, blobs.size, TRUE, blobs.id,
        blobs.hash, 1, 1
    FROM (SELECT '10' AS number, 'a.png' AS name, 'image' AS kind, 'image/png' AS media_type, '57' AS copy
        UNION ALL SELECT '11', 'b.png', 'image', 'image/png', '57'
        UNION ALL SELECT '12', 'c.txt', 'other', 'application/octet-stream', '58') files
    JOIN blobs ON blobs.id = '01890a5d-ac96-774b-bcce-b302099a80' || files.copy;";

#[tokio::test]
async fn what_was_stored_before_there_was_processing_is_queued_behind_all_that_comes() {
    let world = World::from_before(10, BEFORE_PROCESSING).await;
    let store = &world.store;
    let picture: BlobId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
    let counts = store.processing_counts(None).await.unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(ProcessingState::Queued, 1)]);
    assert_eq!(store.processing_counts(Some(MediaKind::Video)).await.unwrap().len(), 0);
    let worker = Worker { owner: "me".to_owned(), lease: Duration::from_mins(1), of_one: 1 };
    assert!(!store.job_is_due(JobClass::Media, &worker, NOW).await.unwrap());
    let claimed = store.claim_job(JobClass::Remake, &worker, NOW).await.unwrap().unwrap();
    assert_eq!((claimed.kind.as_str(), claimed.payload.parse().unwrap()), ("process", picture));
    assert!(!store.job_is_due(JobClass::Remake, &worker, NOW).await.unwrap(), "once, and nothing else");
    let source = store.begin_processing(picture).await.unwrap().unwrap();
    assert_eq!((source.media_type, source.metadata), (MediaType::Png, None));
    assert_clean(store).await;
    world.close().await;
}
