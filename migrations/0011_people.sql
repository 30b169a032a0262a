-- People who sign in to the panel. E-mail addresses are in lower case; passwords are Argon2id, as PHC strings.

CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_by_email ON people (email);

-- What a person may do at a client.
CREATE TABLE memberships (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, client_id)
);
CREATE INDEX memberships_by_client ON memberships (client_id);

-- Browsers in which people are signed in. The cookie has 238 random bits, so a plain hash keeps it.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    browser TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_by_hash ON sessions (hash);
CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_expiring ON sessions (expires_at);

-- Links that let somebody set a password, once: to join a client, or, with a person, to have a new one. Without an
-- address, whoever has the link says which.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    person_id TEXT REFERENCES people (id) ON DELETE CASCADE,
    client_id TEXT REFERENCES clients (id) ON DELETE CASCADE,
    role TEXT,
    email TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitations_by_hash ON invitations (hash);
CREATE INDEX invitations_by_client ON invitations (client_id);
CREATE INDEX invitations_expiring ON invitations (expires_at);

-- Tries to sign in that have failed, by whom they were for and where they came from, hashed.
CREATE TABLE failed_sign_ins (
    subject TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX failed_sign_ins_by_time ON failed_sign_ins (last_at);

-- Grows with every change of what a client's people see.
ALTER TABLE clients ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
