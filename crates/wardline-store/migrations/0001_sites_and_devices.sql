-- Where things stand, and what stands there.

CREATE TABLE site (
  id INT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_us INT NOT NULL
) STRICT;

CREATE TABLE department (
  id INT NOT NULL PRIMARY KEY,
  site_id INT NOT NULL REFERENCES site (id),
  name TEXT NOT NULL,
  created_us INT NOT NULL,
  UNIQUE (site_id, name)
) STRICT;

CREATE TABLE device (
  id TEXT NOT NULL PRIMARY KEY,
  site_id INT NOT NULL REFERENCES site (id),
  department_id INT REFERENCES department (id),
  life_cycle TEXT NOT NULL,
  name TEXT NOT NULL,
  maker TEXT,
  model TEXT,
  serial TEXT,
  udi TEXT,
  class TEXT,
  class_confidence INT NOT NULL,
  os_name TEXT,
  os_version TEXT,
  location TEXT,
  roles TEXT NOT NULL,
  patient_data_in_clear INT NOT NULL,
  first_us INT NOT NULL,
  last_us INT NOT NULL,
  search TEXT NOT NULL
) STRICT;
CREATE INDEX device_by_name ON device (name, id);
CREATE INDEX device_by_last ON device (last_us, id);
CREATE INDEX device_by_site ON device (site_id, department_id);
CREATE INDEX device_by_maker ON device (maker, id);

-- What a device has several of: addresses, names, software, services.
CREATE TABLE device_value (
  device_id TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  version TEXT NOT NULL,
  last_us INT NOT NULL,
  PRIMARY KEY (device_id, kind, value, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_value_by_value ON device_value (value, kind);
