-- Sources that are fetched, and how the last time went.
CREATE TABLE knowledge_source (
  name TEXT NOT NULL PRIMARY KEY,
  address TEXT NOT NULL,
  tried_us INT NOT NULL,
  success_us INT NOT NULL,
  problem TEXT NOT NULL,
  reached TEXT NOT NULL
) STRICT;

-- What was fetched and taken in: a record's file is an address here, with its hash and what its signature says.
CREATE TABLE knowledge_fetch (
  address TEXT NOT NULL PRIMARY KEY,
  source TEXT NOT NULL,
  etag TEXT NOT NULL,
  modified TEXT NOT NULL,
  listed TEXT NOT NULL,
  digest BLOB NOT NULL,
  signature TEXT NOT NULL,
  fetched_us INT NOT NULL
) STRICT;
