CREATE TABLE environment (
    org      TEXT NOT NULL,
    repo     TEXT NOT NULL,
    name     TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (org, repo, name),
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE TABLE deployment (
    org         TEXT NOT NULL,
    repo        TEXT NOT NULL,
    environment TEXT NOT NULL,
    number      {int} NOT NULL,
    job         TEXT NOT NULL,
    created     {int} NOT NULL,
    approver    TEXT,
    approved    {int},
    PRIMARY KEY (org, repo, environment, number, job),
    FOREIGN KEY (org, repo, environment) REFERENCES environment ON DELETE CASCADE
)
