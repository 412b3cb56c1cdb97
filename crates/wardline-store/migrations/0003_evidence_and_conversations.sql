-- Why a device is what it is, who talks to whom, and which batches of sensors were taken over.

CREATE TABLE evidence (
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  attribute TEXT NOT NULL,
  value TEXT NOT NULL,
  version TEXT NOT NULL,
  rule TEXT NOT NULL,
  source TEXT NOT NULL,
  via TEXT NOT NULL,
  protocol TEXT NOT NULL,
  confidence INT NOT NULL,
  first_us INT NOT NULL,
  last_us INT NOT NULL,
  seen INT NOT NULL,
  packets TEXT NOT NULL, -- up to three: source, number, time
  PRIMARY KEY (device_id, attribute, value, version, rule, source, via)
) STRICT, WITHOUT ROWID;

-- An edge: all flows of a client with one service. Its id is a digest of what makes it one.
CREATE TABLE conversation (
  id INT NOT NULL PRIMARY KEY,
  site_id INT NOT NULL REFERENCES site (id),
  client TEXT NOT NULL,
  server TEXT NOT NULL,
  transport TEXT NOT NULL,
  port INT NOT NULL,
  protocol TEXT NOT NULL,
  encrypted INT NOT NULL,
  first_us INT NOT NULL,
  last_us INT NOT NULL
) STRICT;
CREATE INDEX conversation_by_client ON conversation (client, id);
CREATE INDEX conversation_by_server ON conversation (server, id);

CREATE TABLE conversation_day (
  conversation_id INT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  day_us INT NOT NULL,
  flows INT NOT NULL,
  bytes_to_server INT NOT NULL,
  bytes_to_client INT NOT NULL,
  PRIMARY KEY (conversation_id, day_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_hour (
  conversation_id INT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  hour_us INT NOT NULL,
  flows INT NOT NULL,
  bytes_to_server INT NOT NULL,
  bytes_to_client INT NOT NULL,
  PRIMARY KEY (conversation_id, hour_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE sensor_run (
  sensor TEXT NOT NULL,
  run INT NOT NULL,
  sequence INT NOT NULL,
  last_us INT NOT NULL,
  PRIMARY KEY (sensor, run)
) STRICT, WITHOUT ROWID;
