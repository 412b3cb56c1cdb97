-- A site's own statements that a vulnerability does not count here, and until when.
CREATE TABLE suppression (
  id TEXT NOT NULL PRIMARY KEY,
  vulnerability TEXT NOT NULL,
  vendor TEXT NOT NULL,
  product TEXT NOT NULL,
  versions TEXT NOT NULL,
  site TEXT NOT NULL,
  justification TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL,
  until TEXT NOT NULL,
  made_us INT NOT NULL,
  ended_us INT NOT NULL,
  ended_by TEXT NOT NULL,
  ended_why TEXT NOT NULL
) STRICT;
