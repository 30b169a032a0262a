-- Uploads that may be resumed: an ordinary upload with how far it came, and the stored parts of what came.

CREATE TABLE resumables (
    id TEXT NOT NULL PRIMARY KEY REFERENCES uploads (id) ON DELETE CASCADE,
    -- How many bytes are durable. The last of them are counted when the file is uploaded, never before.
    received BIGINT NOT NULL CHECK (received >= 0),
    -- Counts the transfers. Only the latest one moves `received`.
    epoch BIGINT NOT NULL,
    -- As the client sent it.
    metadata TEXT NOT NULL
);

CREATE TABLE parts (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    -- No reference: the row stays behind its upload until the collector has deleted the object. NULL is nobody's.
    upload_id TEXT,
    -- Which bytes of the upload.
    begins BIGINT NOT NULL,
    size BIGINT NOT NULL
);
CREATE INDEX parts_by_upload ON parts (upload_id);
