-- The bytes that a registration was made for, when its client said which: no others are taken. Hexadecimal SHA-256.
ALTER TABLE uploads ADD COLUMN expected_hash TEXT;
