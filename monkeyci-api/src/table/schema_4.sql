CREATE TABLE param_set (
    org      TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name     TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (org, name)
);
CREATE TABLE ssh_key (
    org           TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name          TEXT NOT NULL,
    public        TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    version       {int} NOT NULL,
    label_filters TEXT NOT NULL,
    known_hosts   TEXT,
    description   TEXT,
    sealed        {bytes} NOT NULL,
    created       {int} NOT NULL,
    updated       {int} NOT NULL,
    revision      {int} NOT NULL,
    PRIMARY KEY (org, name)
);
CREATE TABLE pipeline (
    org      TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name     TEXT NOT NULL,
    repo     TEXT,
    body     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (org, name),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE TABLE trigger_of_repo (
    org    TEXT NOT NULL,
    repo   TEXT NOT NULL,
    name   TEXT NOT NULL,
    source TEXT NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (org, repo, name),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE INDEX trigger_of_source ON trigger_of_repo (org, source);
INSERT INTO followed (reader, position) SELECT 'trigger', coalesce(max(position), 0) FROM event
