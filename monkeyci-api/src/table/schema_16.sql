CREATE TABLE role_binding (
    org           TEXT NOT NULL REFERENCES org ON DELETE CASCADE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    label_filters TEXT NOT NULL,
    description   TEXT,
    created       {int} NOT NULL,
    updated       {int} NOT NULL,
    PRIMARY KEY (org, name)
);
-- Who leaves an organisation, or is removed from it, leaves these as well, and comes back with nothing.
CREATE TABLE role_binding_member (
    org     TEXT NOT NULL,
    binding TEXT NOT NULL,
    person  TEXT NOT NULL,
    PRIMARY KEY (org, binding, person),
    FOREIGN KEY (org, binding) REFERENCES role_binding ON DELETE CASCADE,
    FOREIGN KEY (org, person) REFERENCES member ON DELETE CASCADE
);
CREATE INDEX role_binding_member_of_person ON role_binding_member (person);
CREATE INDEX role_binding_member_of_member ON role_binding_member (org, person);
-- Nobody has a role in a repository because there was another one of its name.
CREATE TABLE role_binding_repo (
    org     TEXT NOT NULL,
    binding TEXT NOT NULL,
    repo    TEXT NOT NULL,
    PRIMARY KEY (org, binding, repo),
    FOREIGN KEY (org, binding) REFERENCES role_binding ON DELETE CASCADE,
    FOREIGN KEY (org, repo) REFERENCES repo ON DELETE CASCADE
);
CREATE INDEX role_binding_repo_of_repo ON role_binding_repo (org, repo);
-- What integrations say of workspaces of Slack; theirs to keep up.
CREATE TABLE slack_workspace (
    org         TEXT NOT NULL,
    id          TEXT NOT NULL,
    integration TEXT NOT NULL,
    body        TEXT NOT NULL,
    updated     {int} NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, integration) REFERENCES service_account ON DELETE CASCADE
)
