-- Whether the bytes of an upload may replace others. What was registered before this was asked keeps the right it had.
ALTER TABLE uploads ADD COLUMN overwrite BOOLEAN NOT NULL DEFAULT TRUE;
