CREATE TABLE followed (
    reader   TEXT PRIMARY KEY,
    position {int} NOT NULL
);
INSERT INTO followed (reader, position) SELECT 'report', coalesce(max(position), 0) FROM event;
CREATE TABLE report (
    org       TEXT NOT NULL,
    repo      TEXT NOT NULL,
    number    {int} NOT NULL,
    commit_id TEXT NOT NULL,
    wanted    TEXT NOT NULL,
    sent      TEXT,
    since     {int} NOT NULL,
    tries     {int} NOT NULL,
    next      {int},
    note      TEXT,
    PRIMARY KEY (org, repo, number),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE INDEX report_due ON report (next, org, repo) WHERE next IS NOT NULL;
CREATE INDEX report_given_up ON report (org, repo) WHERE next IS NULL AND note IS NOT NULL;
CREATE INDEX report_of_commit ON report (org, repo, commit_id, number)
