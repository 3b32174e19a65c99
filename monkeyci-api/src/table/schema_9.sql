ALTER TABLE audit ADD COLUMN via TEXT;
-- A service account is a person called `org/name`, with a member row for its role.
CREATE TABLE service_account (
    org         TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name        TEXT NOT NULL,
    person      TEXT NOT NULL UNIQUE REFERENCES person,
    description TEXT,
    integration {int} NOT NULL,
    stored      {int} NOT NULL,
    created     {int} NOT NULL,
    updated     {int} NOT NULL,
    revision    {int} NOT NULL,
    PRIMARY KEY (org, name)
);
CREATE TABLE store_entry (
    org         TEXT NOT NULL,
    integration TEXT NOT NULL,
    key         TEXT NOT NULL,
    value       {bytes} NOT NULL,
    size        {int} NOT NULL,
    json        {int} NOT NULL,
    version     {int} NOT NULL,
    updated     {int} NOT NULL,
    expires     {int},
    PRIMARY KEY (org, integration, key),
    FOREIGN KEY (org, integration) REFERENCES service_account ON DELETE CASCADE
);
CREATE INDEX store_entry_expires ON store_entry (expires) WHERE expires IS NOT NULL;
CREATE TABLE chat_identity (
    org         TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    provider    TEXT NOT NULL,
    subject     TEXT NOT NULL,
    person      TEXT NOT NULL REFERENCES person,
    name        TEXT,
    integration TEXT,
    created     {int} NOT NULL,
    updated     {int} NOT NULL,
    revision    {int} NOT NULL,
    PRIMARY KEY (org, provider, subject)
);
CREATE INDEX chat_identity_of_person ON chat_identity (person, org, provider, subject)
