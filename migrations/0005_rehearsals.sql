-- What a dry run said that a call would do, until the call comes with its token. The id is the SHA-256 of the token.
CREATE TABLE rehearsals (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- The SHA-256 of what is to be done: of the operation and its parameters.
    deeds TEXT NOT NULL,
    -- For each deed what it would do, as JSON.
    forecasts TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX rehearsals_by_client ON rehearsals (client_id, created_at);
CREATE INDEX rehearsals_expiring ON rehearsals (expires_at);
