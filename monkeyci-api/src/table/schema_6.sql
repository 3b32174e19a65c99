CREATE TABLE worker (
    name    TEXT PRIMARY KEY,
    hash    TEXT NOT NULL UNIQUE,
    org     TEXT REFERENCES org ON DELETE CASCADE,
    paused  {int} NOT NULL,
    created {int} NOT NULL,
    seen    {int},
    home    TEXT,
    facts   TEXT
)
