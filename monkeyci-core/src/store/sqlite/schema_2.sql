-- How far the tables of others in this file have come.
CREATE TABLE migration (
    component TEXT PRIMARY KEY,
    version   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The number that was given to whoever asked for a build with this key: it is one build, however often they ask.
CREATE TABLE claim (
    key    TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What lists show of a build, and choose it by.
ALTER TABLE build ADD COLUMN reference TEXT;
ALTER TABLE build ADD COLUMN cause TEXT;
CREATE INDEX build_of_reference ON build (org, repo, reference, number);
