-- One text for SQLite and PostgreSQL. Times are milliseconds since 1970, sizes are bytes, ids are UUIDs as text.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    -- The plan's figures, copied here when the server starts and when the plan changes, so that one conditional UPDATE
    -- can reserve against them. NULL is no limit.
    storage_limit BIGINT,
    created_at BIGINT NOT NULL,
    hold_at BIGINT,
    hold_reason TEXT,
    full_at BIGINT,
    used_bytes BIGINT NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    reserved_bytes BIGINT NOT NULL DEFAULT 0 CHECK (reserved_bytes >= 0),
    temp_bytes BIGINT NOT NULL DEFAULT 0 CHECK (temp_bytes >= 0),
    temp_reserved_bytes BIGINT NOT NULL DEFAULT 0 CHECK (temp_reserved_bytes >= 0),
    folders BIGINT NOT NULL DEFAULT 0 CHECK (folders >= 0)
);

CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- The start of the hash finds the row; the whole of it is compared in constant time.
    lookup TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX keys_by_lookup ON keys (lookup);
CREATE INDEX keys_by_client ON keys (client_id);

CREATE TABLE folders (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES folders (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- True for temp and everything below it. Folders never cross that line, so it never changes.
    temporary BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- Of the files directly in this folder. The counts include pending files, the bytes do not.
    images BIGINT NOT NULL DEFAULT 0 CHECK (images >= 0),
    videos BIGINT NOT NULL DEFAULT 0 CHECK (videos >= 0),
    audios BIGINT NOT NULL DEFAULT 0 CHECK (audios >= 0),
    others BIGINT NOT NULL DEFAULT 0 CHECK (others >= 0),
    bytes BIGINT NOT NULL DEFAULT 0 CHECK (bytes >= 0)
);
CREATE UNIQUE INDEX folders_by_name ON folders (parent_id, name);
CREATE UNIQUE INDEX folders_root ON folders (client_id) WHERE parent_id IS NULL;
CREATE INDEX folders_by_client ON folders (client_id);

CREATE TABLE blobs (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When a reference was last added.
    touched_at BIGINT NOT NULL,
    -- When a reference was last taken away; NULL when none was since the last touch.
    released_at BIGINT,
    -- When the collector decided that the object goes. No reference is added after that.
    condemned_at BIGINT
);
CREATE UNIQUE INDEX blobs_by_hash ON blobs (client_id, hash) WHERE condemned_at IS NULL;
CREATE INDEX blobs_released ON blobs (released_at) WHERE released_at IS NOT NULL AND condemned_at IS NULL;
CREATE INDEX blobs_condemned ON blobs (condemned_at) WHERE condemned_at IS NOT NULL;

CREATE TABLE assets (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    folder_id TEXT NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    declared_type TEXT NOT NULL,
    -- From the declared type while pending, from the bytes afterwards.
    kind TEXT NOT NULL,
    media_type TEXT,
    size BIGINT NOT NULL,
    uploaded BOOLEAN NOT NULL,
    blob_id TEXT REFERENCES blobs (id),
    hash TEXT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE UNIQUE INDEX assets_by_name ON assets (folder_id, name_key, name);
CREATE INDEX assets_by_kind ON assets (folder_id, kind, name_key, name);
-- With the name, so that a search in these orders reads no row that it does not show.
CREATE INDEX assets_by_date ON assets (folder_id, created_at, id, name);
CREATE INDEX assets_by_size ON assets (folder_id, size, id, name);
CREATE INDEX assets_by_hash ON assets (client_id, hash);
CREATE INDEX assets_by_blob ON assets (blob_id);
CREATE INDEX assets_expiring ON assets (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    content_type TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- NULL when the length is not known beforehand.
    size BIGINT,
    reserved BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What was sent, once it was.
    done_hash TEXT
);
CREATE INDEX uploads_by_asset ON uploads (asset_id);
CREATE INDEX uploads_by_client ON uploads (client_id);
CREATE INDEX uploads_expiring ON uploads (expires_at);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    unique_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    lease_until BIGINT,
    lease_owner TEXT,
    error TEXT
);
CREATE UNIQUE INDEX jobs_waiting ON jobs (unique_key) WHERE state = 'waiting';
CREATE INDEX jobs_due ON jobs (class, run_at) WHERE state = 'waiting';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
