-- What is known of bytes, and what was made of them. It belongs to the bytes: equal ones of a client are processed once.

-- queued, running, done or failed. Those without anything to be made of them are done from the beginning.
ALTER TABLE blobs ADD COLUMN processing TEXT NOT NULL DEFAULT 'done';
-- Why they failed, for a person.
ALTER TABLE blobs ADD COLUMN processing_error TEXT;
-- What they hold, as JSON.
ALTER TABLE blobs ADD COLUMN metadata TEXT;
-- How many workers died of them.
ALTER TABLE blobs ADD COLUMN deaths BIGINT NOT NULL DEFAULT 0;

ALTER TABLE clients ADD COLUMN derived_bytes BIGINT NOT NULL DEFAULT 0 CHECK (derived_bytes >= 0);

-- Derived files: each is an object of its own.
CREATE TABLE derived (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    -- What it was made of. NULL is nobody's: the row stays until the collector has deleted the object.
    source_id TEXT REFERENCES blobs (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- Whether somebody had to ask for it.
    on_demand BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX derived_by_source ON derived (source_id, name);
CREATE INDEX derived_of_nobody ON derived (id) WHERE source_id IS NULL;
CREATE INDEX derived_to_give_way ON derived (client_id, created_at) WHERE on_demand AND source_id IS NOT NULL;

-- What was stored before this is processed in the background. A copy's identifier is a good one for its job.
CREATE INDEX jobs_by_key ON jobs (unique_key);
UPDATE blobs SET processing = 'queued' WHERE condemned_at IS NULL
    AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id AND assets.kind <> 'other');
INSERT INTO jobs (id, kind, class, unique_key, payload, state, run_at, attempts, created_at, client)
    SELECT id, 'process', 'remake', 'process:' || id, id, 'waiting', created_at, 0, created_at, client_id
    FROM blobs WHERE processing = 'queued';
