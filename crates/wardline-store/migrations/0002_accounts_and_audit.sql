-- Who may sign in, and what was done.

CREATE TABLE account (
  id INT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  roles TEXT NOT NULL,
  reach TEXT NOT NULL, -- sites, departments and makers it is limited to
  enabled INT NOT NULL,
  password TEXT, -- argon2id in PHC form
  totp BLOB, -- sealed
  totp_step INT NOT NULL, -- last step used: a code works once
  failures INT NOT NULL,
  locked_until_us INT NOT NULL,
  created_us INT NOT NULL
) STRICT;

CREATE TABLE recovery_code (
  account_id INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  digest BLOB NOT NULL,
  PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;

-- One-time links: the first administrator's, an invitation, a reset.
CREATE TABLE invitation (
  digest BLOB NOT NULL PRIMARY KEY,
  account_id INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  expires_us INT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  id INT NOT NULL PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  account_id INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  stage TEXT NOT NULL,
  created_us INT NOT NULL,
  last_us INT NOT NULL,
  ends_us INT NOT NULL,
  address TEXT NOT NULL,
  elevated_until_us INT NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account_id);

CREATE TABLE token (
  id INT NOT NULL PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  account_id INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  created_us INT NOT NULL,
  expires_us INT NOT NULL,
  last_us INT NOT NULL
) STRICT;

-- Emergency access, to be looked at afterwards.
CREATE TABLE elevation (
  id INT NOT NULL PRIMARY KEY,
  account_id INT NOT NULL,
  reason TEXT NOT NULL,
  from_us INT NOT NULL,
  until_us INT NOT NULL,
  reviewed_us INT,
  reviewed_by INT,
  verdict TEXT
) STRICT;

-- What was done and what was refused. `record` and `salt` may be erased after their time; `digest` stays.
CREATE TABLE audit (
  id INT NOT NULL PRIMARY KEY,
  at_us INT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  record TEXT,
  digest BLOB NOT NULL,
  position INT UNIQUE
) STRICT;
CREATE INDEX audit_by_time ON audit (at_us, id);

-- Complete nodes of the ledger's tree, at every eighth level.
CREATE TABLE ledger_node (
  level INT NOT NULL,
  number INT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_checkpoint (
  size INT NOT NULL PRIMARY KEY,
  at_us INT NOT NULL,
  note TEXT NOT NULL
) STRICT;

-- What other systems and pages are to be told, after the transaction that decided it.
CREATE TABLE outbox (
  id INT NOT NULL PRIMARY KEY,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  created_us INT NOT NULL,
  attempts INT NOT NULL,
  next_us INT NOT NULL
) STRICT;
CREATE INDEX outbox_by_next ON outbox (next_us, id);

-- Who does what only one may do at a time.
CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  until_us INT NOT NULL
) STRICT, WITHOUT ROWID;
