INSERT INTO followed (reader, position) SELECT 'notice', coalesce(max(position), 0) FROM event;
CREATE TABLE subscription (
    id       TEXT PRIMARY KEY,
    org      TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name     TEXT NOT NULL,
    body     TEXT NOT NULL,
    secret   {bytes},
    former   {bytes},
    rotated  {int},
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    UNIQUE (org, name)
);
CREATE TABLE notice (
    id           TEXT PRIMARY KEY,
    subscription TEXT NOT NULL REFERENCES subscription ON DELETE CASCADE,
    event        {int} NOT NULL,
    moment       TEXT NOT NULL,
    build        TEXT NOT NULL,
    body         TEXT NOT NULL,
    created      {int} NOT NULL,
    state        TEXT NOT NULL,
    since        {int} NOT NULL,
    tries        {int} NOT NULL,
    next         {int},
    note         TEXT,
    UNIQUE (subscription, event)
);
CREATE INDEX notice_of_subscription ON notice (subscription, id);
CREATE INDEX notice_due ON notice (next, subscription) WHERE next IS NOT NULL;
CREATE INDEX notice_settled ON notice (created) WHERE next IS NULL
