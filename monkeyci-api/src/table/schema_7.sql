-- Commits of forks whose own script may run, because a maintainer has approved that very commit.
CREATE TABLE script_approval (
    org TEXT NOT NULL,
    repo TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    time {int} NOT NULL,
    PRIMARY KEY (org, repo, commit_id)
);
