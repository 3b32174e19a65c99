CREATE TABLE registry_credential (
    org           TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name          TEXT NOT NULL,
    host          TEXT NOT NULL,
    username      TEXT NOT NULL,
    version       {int} NOT NULL,
    fingerprint   TEXT NOT NULL,
    label_filters TEXT NOT NULL,
    description   TEXT,
    sealed        {bytes} NOT NULL,
    created       {int} NOT NULL,
    updated       {int} NOT NULL,
    revision      {int} NOT NULL,
    PRIMARY KEY (org, name)
)
