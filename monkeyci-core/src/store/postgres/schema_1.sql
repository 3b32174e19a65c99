-- Which server writes: the epoch rises with each that opens the database, and `batch` with each of its transactions, so
-- that one whose COMMIT was not answered is known to be written or not.
CREATE TABLE writer (
    epoch {int} NOT NULL,
    batch {int} NOT NULL
);
INSERT INTO writer (epoch, batch) VALUES (0, 0);
CREATE TABLE build (
    id        {int} PRIMARY KEY,
    org       TEXT  NOT NULL,
    repo      TEXT  NOT NULL,
    number    {int} NOT NULL,
    status    TEXT  NOT NULL,
    open      {int} NOT NULL,
    message   TEXT,
    request   TEXT,
    created   {int},
    ended     {int},
    events    {int} NOT NULL,
    reference TEXT,
    cause     TEXT,
    UNIQUE (org, repo, number)
);
CREATE INDEX build_open ON build (id) WHERE open = 1;
CREATE INDEX build_of_reference ON build (org, repo, reference, number);
-- What happened. `kind` is the JSON of an `EventKind`. Positions have no gaps. That each belongs to a build is known
-- without a check of every row: there is one writer, and it writes both.
CREATE TABLE event (
    position {int} PRIMARY KEY,
    build    {int} NOT NULL,
    seq      {int} NOT NULL,
    time     {int} NOT NULL,
    kind     TEXT  NOT NULL,
    UNIQUE (build, seq)
);
-- `place` is the order in which the jobs of a build were first written: that of its script.
CREATE TABLE job (
    build   {int} NOT NULL,
    id      TEXT  NOT NULL,
    place   {int} GENERATED ALWAYS AS IDENTITY,
    status  TEXT  NOT NULL,
    attempt {int} NOT NULL,
    fence   {int} NOT NULL,
    started {int},
    ended   {int},
    PRIMARY KEY (build, id)
);
-- The last number taken out of each sequence.
CREATE TABLE sequence (
    name TEXT  PRIMARY KEY,
    last {int} NOT NULL
);
-- The number that was given to whoever asked for a build with this key: it is one build, however often they ask.
CREATE TABLE claim (
    key    TEXT  PRIMARY KEY,
    number {int} NOT NULL
);
