CREATE TABLE build (
    id      INTEGER PRIMARY KEY,
    org     TEXT    NOT NULL,
    repo    TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    status  TEXT    NOT NULL,
    open    INTEGER NOT NULL,
    message TEXT,
    request TEXT,
    created INTEGER,
    ended   INTEGER,
    events  INTEGER NOT NULL,
    UNIQUE (org, repo, number)
) STRICT;
CREATE INDEX build_open ON build (id) WHERE open = 1;

-- What happened. `kind` is the JSON of an `EventKind`. Positions have no gaps.
CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    build    INTEGER NOT NULL REFERENCES build,
    seq      INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    UNIQUE (build, seq)
) STRICT;

CREATE TABLE job (
    build   INTEGER NOT NULL REFERENCES build,
    id      TEXT    NOT NULL,
    status  TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    fence   INTEGER NOT NULL,
    started INTEGER,
    ended   INTEGER,
    UNIQUE (build, id)
) STRICT;

-- The last number taken out of each sequence.
CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
