-- What is known of vulnerabilities, as its sources gave it.

CREATE TABLE knowledge_record (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  digest BLOB NOT NULL,
  body BLOB NOT NULL,
  updated TEXT NOT NULL,
  file TEXT NOT NULL,
  place TEXT NOT NULL,
  imported_us INT NOT NULL,
  PRIMARY KEY (source, id)
) STRICT;

-- Which products a record speaks of.
CREATE TABLE knowledge_product (
  product TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  maker TEXT NOT NULL,
  PRIMARY KEY (product, source, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX knowledge_product_record ON knowledge_product (source, id);
CREATE INDEX knowledge_product_maker ON knowledge_product (maker, product);

-- Files taken in whole, by their digest: the same again costs nothing.
CREATE TABLE knowledge_file (
  digest BLOB NOT NULL PRIMARY KEY,
  file TEXT NOT NULL,
  kind TEXT NOT NULL,
  records INT NOT NULL,
  imported_us INT NOT NULL
) STRICT;

-- How fresh each source is.
CREATE TABLE knowledge_feed (
  source TEXT NOT NULL PRIMARY KEY,
  dated TEXT NOT NULL,
  checked_us INT NOT NULL,
  problem TEXT NOT NULL
) STRICT;

-- A person's word that two names are one product, or are not.
CREATE TABLE knowledge_alias (
  product TEXT NOT NULL,
  other TEXT NOT NULL,
  same INT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  decided_us INT NOT NULL,
  PRIMARY KEY (product, other)
) STRICT;
