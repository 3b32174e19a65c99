ALTER TABLE org ADD COLUMN no_shells {int} NOT NULL DEFAULT 0;
CREATE TABLE shell (
    id      TEXT PRIMARY KEY,
    org     TEXT NOT NULL,
    repo    TEXT NOT NULL,
    number  {int} NOT NULL,
    job     TEXT NOT NULL,
    attempt {int} NOT NULL,
    person  TEXT NOT NULL,
    opened  {int} NOT NULL
)
