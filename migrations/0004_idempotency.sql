-- The bytes that a registration was made for, when its client said which: no others are taken. Hexadecimal SHA-256.
ALTER TABLE uploads ADD COLUMN expected_hash TEXT;

-- Requests with an Idempotency-Key: what was asked, who is working on it, and what was answered. The id is a hash of the
-- client and its key.
CREATE TABLE idempotency_keys (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- The SHA-256 of method, path, query and media type.
    request TEXT NOT NULL,
    -- Who works on it, since which turn and until when it may be taken for dead.
    owner TEXT NOT NULL,
    turn BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    -- Of the body: the hash of its first bytes, how many they are, whether they are all, and the length announced. NULL
    -- until it is known.
    body_hash TEXT,
    body_bytes BIGINT,
    body_whole BOOLEAN,
    body_announced BIGINT,
    -- The answer; NULL until there is one.
    status BIGINT,
    headers TEXT,
    answer TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_by_client ON idempotency_keys (client_id);
CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at);

-- The journal: what each change of such a request came to, written in the transaction of the change.
CREATE TABLE idempotency_steps (
    key_id TEXT NOT NULL REFERENCES idempotency_keys (id) ON DELETE CASCADE,
    branch TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- The SHA-256 of what was to be done.
    asked TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (key_id, branch, number)
);
