-- More ways in: passkeys, and which roles need a second factor.

CREATE TABLE passkey (
  id INT NOT NULL PRIMARY KEY,
  account_id INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  credential BLOB NOT NULL UNIQUE, -- the authenticator's name for it
  name TEXT NOT NULL,
  content TEXT NOT NULL, -- public key and what else its checks need
  counter INT NOT NULL, -- signatures made, as far as the authenticator counts them
  created_us INT NOT NULL,
  last_us INT NOT NULL
) STRICT;
CREATE INDEX passkey_by_account ON passkey (account_id);

-- What was asked of a browser and is not answered yet. Taken out by the first answer.
CREATE TABLE ceremony (
  digest BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  account_id INT REFERENCES account (id) ON DELETE CASCADE,
  state BLOB NOT NULL, -- sealed
  expires_us INT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremony_by_end ON ceremony (expires_us);

-- Where a house departs from what is usual for a role.
CREATE TABLE role_rule (
  role TEXT NOT NULL PRIMARY KEY,
  second_factor INT NOT NULL
) STRICT, WITHOUT ROWID;
