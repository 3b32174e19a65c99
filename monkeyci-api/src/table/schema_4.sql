CREATE TABLE param_set (
    org      TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name     TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  {int} NOT NULL,
    updated  {int} NOT NULL,
    revision {int} NOT NULL,
    PRIMARY KEY (org, name)
)
