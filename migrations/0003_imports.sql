-- Imports: uploads whose bytes the server fetches itself. Each goes with its upload.

CREATE TABLE imports (
    upload_id TEXT NOT NULL PRIMARY KEY REFERENCES uploads (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- queued, running, retrying or failed.
    state TEXT NOT NULL,
    -- The whole URL, which may hold secrets: NULL as soon as nobody fetches it any more.
    source TEXT,
    -- What of it may be shown.
    shown TEXT NOT NULL,
    received BIGINT NOT NULL,
    total BIGINT,
    -- Tries that have failed.
    attempts BIGINT NOT NULL,
    -- Why the last of them did.
    message TEXT,
    -- Whether the client said the name and the type; otherwise the server of the file may.
    named BOOLEAN NOT NULL,
    typed BOOLEAN NOT NULL
);
CREATE INDEX imports_by_client ON imports (client_id, state);
