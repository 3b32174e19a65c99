ALTER TABLE person ADD COLUMN disabled {int} NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN agent TEXT;
CREATE TABLE identity (
    provider TEXT NOT NULL,
    subject  TEXT NOT NULL,
    person   TEXT NOT NULL REFERENCES person,
    name     TEXT NOT NULL,
    email    TEXT,
    created  {int} NOT NULL,
    used     {int} NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identity_of_person ON identity (person, provider, subject);
CREATE TABLE code (
    hash    TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    body    TEXT NOT NULL,
    expires {int} NOT NULL
);
CREATE INDEX code_expires ON code (expires)
