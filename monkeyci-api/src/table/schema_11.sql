-- A mail is sent to each address by itself: `address` is empty where it is no mail.
CREATE TABLE told (
    id           TEXT PRIMARY KEY,
    subscription TEXT NOT NULL REFERENCES subscription ON DELETE CASCADE,
    event        {int} NOT NULL,
    address      TEXT NOT NULL,
    moment       TEXT NOT NULL,
    build        TEXT NOT NULL,
    body         TEXT NOT NULL,
    created      {int} NOT NULL,
    state        TEXT NOT NULL,
    since        {int} NOT NULL,
    tries        {int} NOT NULL,
    next         {int},
    note         TEXT,
    UNIQUE (subscription, event, address)
);
INSERT INTO told SELECT id, subscription, event, '', moment, build, body, created, state, since, tries, next, note
    FROM notice;
DROP TABLE notice;
ALTER TABLE told RENAME TO notice;
CREATE INDEX notice_of_subscription ON notice (subscription, id);
CREATE INDEX notice_due ON notice (next, subscription) WHERE next IS NOT NULL;
CREATE INDEX notice_settled ON notice (created) WHERE next IS NULL;
-- Who is written to by a subscription: `code` stands in the links by which they end that, and `ended` says when they did.
CREATE TABLE correspondent (
    subscription TEXT NOT NULL REFERENCES subscription ON DELETE CASCADE,
    address      TEXT NOT NULL,
    code         TEXT NOT NULL UNIQUE,
    ended        {int},
    PRIMARY KEY (subscription, address)
);
-- Builds by time, with all that their statistics need.
CREATE INDEX build_of_time ON build (org, created, repo, status, ended)
