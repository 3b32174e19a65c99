CREATE TABLE person (
    name    TEXT PRIMARY KEY,
    admin   {int} NOT NULL,
    created {int} NOT NULL
);
CREATE TABLE token (
    id          TEXT PRIMARY KEY,
    hash        TEXT NOT NULL UNIQUE,
    person      TEXT NOT NULL REFERENCES person,
    kind        TEXT NOT NULL,
    description TEXT NOT NULL,
    scope       TEXT,
    created     {int} NOT NULL,
    expires     {int},
    used        {int}
);
CREATE INDEX token_of_person ON token (person, id);
CREATE TABLE org (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL
);
CREATE TABLE org_key (
    org    TEXT PRIMARY KEY,
    sealed {bytes} NOT NULL
);
CREATE TABLE member (
    org    TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    person TEXT NOT NULL,
    role   TEXT NOT NULL,
    since  {int} NOT NULL,
    PRIMARY KEY (org, person)
);
CREATE INDEX member_of_person ON member (person);
CREATE TABLE repo (
    org      TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    id       TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE TABLE param (
    org         TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    repo        TEXT NOT NULL,
    name        TEXT NOT NULL,
    secret      {int} NOT NULL,
    value       TEXT,
    sealed      {bytes},
    version     {int} NOT NULL,
    fingerprint TEXT,
    description TEXT,
    updated     {int} NOT NULL,
    PRIMARY KEY (org, repo, name)
);
CREATE TABLE hook (
    key     TEXT PRIMARY KEY,
    org     TEXT NOT NULL,
    repo    TEXT NOT NULL,
    name    TEXT NOT NULL,
    forge   TEXT NOT NULL,
    secret  {bytes} NOT NULL,
    former  {bytes},
    created {int} NOT NULL,
    UNIQUE (org, repo, name),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE TABLE delivery (
    id          TEXT PRIMARY KEY,
    hook        TEXT NOT NULL REFERENCES hook ON DELETE CASCADE,
    delivery_id TEXT,
    event       TEXT NOT NULL,
    received    {int} NOT NULL,
    state       TEXT NOT NULL,
    message     TEXT,
    builds      TEXT NOT NULL,
    headers     TEXT NOT NULL,
    body        {bytes} NOT NULL,
    UNIQUE (hook, delivery_id)
);
CREATE INDEX delivery_of_hook ON delivery (hook, id);
CREATE INDEX delivery_open ON delivery (id) WHERE state = 'received';
CREATE TABLE meant (
    meaning TEXT NOT NULL,
    key     TEXT NOT NULL,
    time    {int} NOT NULL
);
CREATE INDEX meant_when ON meant (meaning, time);
CREATE TABLE seen (
    org       TEXT NOT NULL,
    repo      TEXT NOT NULL,
    reference TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    PRIMARY KEY (org, repo, reference),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE TABLE schedule (
    org  TEXT NOT NULL,
    repo TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    next {int},
    last {int},
    PRIMARY KEY (org, repo, name),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE INDEX schedule_due ON schedule (next);
CREATE TABLE audit (
    position {int} PRIMARY KEY,
    time     {int} NOT NULL,
    org      TEXT NOT NULL,
    actor    TEXT NOT NULL,
    token    TEXT,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    details  TEXT NOT NULL
);
CREATE INDEX audit_of_org ON audit (org, position)
