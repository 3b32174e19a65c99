CREATE TABLE signing_key (
    id      TEXT PRIMARY KEY,
    sealed  {bytes} NOT NULL,
    public  TEXT NOT NULL,
    created {int} NOT NULL,
    signs   {int} NOT NULL,
    ends    {int}
);
CREATE TABLE id_token (
    fence       {int} PRIMARY KEY,
    id          TEXT NOT NULL,
    signing_key TEXT NOT NULL,
    issued      {int} NOT NULL
)
