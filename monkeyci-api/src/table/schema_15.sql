-- By what trust a token was given out, where it was by one.
ALTER TABLE token ADD COLUMN trust TEXT;
CREATE TABLE trust (
    org             TEXT NOT NULL,
    service_account TEXT NOT NULL,
    name            TEXT NOT NULL,
    body            TEXT NOT NULL,
    created         {int} NOT NULL,
    updated         {int} NOT NULL,
    revision        {int} NOT NULL,
    PRIMARY KEY (org, service_account, name),
    FOREIGN KEY (org, service_account) REFERENCES service_account ON DELETE CASCADE
)
