-- One set for SQLite and PostgreSQL: BIGINT and TEXT, nothing else. A truth is 0 or 1, a time is milliseconds since the epoch.
-- An amount is two columns: 10^18 times `…_high` plus `…_low` counts of 10^-12, since no integer that both databases have holds 10^36.

CREATE TABLE workspaces (
  workspace BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE people (
  person TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  one_time BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE members (
  workspace BIGINT NOT NULL REFERENCES workspaces,
  person TEXT NOT NULL REFERENCES people,
  role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace, person)
);

CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  workspace BIGINT NOT NULL,
  person TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_a_person ON sessions (person);

CREATE TABLE tokens (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL CHECK (environment IN ('live', 'test')),
  token TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  last_used_at BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (workspace, environment, token)
);

CREATE TABLE tickets (
  hash TEXT PRIMARY KEY,
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  token TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE instances (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  session BIGINT NOT NULL,
  up_to BIGINT NOT NULL,
  watermark BIGINT NOT NULL,
  leases BIGINT NOT NULL,
  policy_version BIGINT,
  successor TEXT,
  last BIGINT,
  complete BIGINT NOT NULL,
  ended BIGINT NOT NULL,
  heard_at BIGINT NOT NULL,
  PRIMARY KEY (workspace, environment, id)
);
CREATE INDEX instances_living ON instances (workspace, environment, heard_at) WHERE ended = 0;

CREATE TABLE customers (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  record TEXT NOT NULL, -- empty: there is none, the row is there to be locked
  rev BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  plan TEXT NOT NULL, -- these two say again what the record says
  label TEXT NOT NULL,
  PRIMARY KEY (workspace, environment, id)
);

CREATE TABLE changes (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  customer TEXT NOT NULL,
  rev BIGINT NOT NULL,
  author TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  change TEXT NOT NULL,
  PRIMARY KEY (workspace, environment, customer, rev)
);
-- A second guard: an instance's change is there once. The server's own have the author 0 and no numbers that go on.
CREATE UNIQUE INDEX changes_once ON changes (author, seq) WHERE author <> '00000000000000000000000000000000';

CREATE TABLE meters (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  customer TEXT NOT NULL,
  what TEXT NOT NULL,
  period_start BIGINT NOT NULL,
  spent_high BIGINT NOT NULL,
  spent_low BIGINT NOT NULL,
  reserved_high BIGINT NOT NULL,
  reserved_low BIGINT NOT NULL,
  units_high BIGINT NOT NULL,
  units_low BIGINT NOT NULL,
  granted_high BIGINT NOT NULL,
  granted_low BIGINT NOT NULL,
  overhead_high BIGINT NOT NULL,
  overhead_low BIGINT NOT NULL,
  billed_high BIGINT NOT NULL,
  billed_low BIGINT NOT NULL,
  period_end BIGINT,
  closed_at BIGINT,
  late_high BIGINT NOT NULL,
  late_low BIGINT NOT NULL,
  PRIMARY KEY (workspace, environment, customer, what, period_start)
);
CREATE INDEX meters_to_close ON meters (workspace, environment, period_end) WHERE closed_at IS NULL;

CREATE TABLE leases (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  customer TEXT NOT NULL,
  what TEXT NOT NULL,
  period_start BIGINT NOT NULL,
  instance TEXT NOT NULL,
  id BIGINT NOT NULL,
  open BIGINT NOT NULL,
  ceiling_high BIGINT,
  ceiling_low BIGINT,
  spent_high BIGINT NOT NULL,
  spent_low BIGINT NOT NULL,
  until BIGINT NOT NULL,
  reclaim BIGINT NOT NULL,
  PRIMARY KEY (workspace, environment, customer, what, period_start, instance)
);
CREATE INDEX leases_of_an_instance ON leases (workspace, environment, instance, id);
CREATE INDEX leases_to_take_back ON leases (workspace, environment, until) WHERE reclaim = 1;

CREATE TABLE policies (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  version BIGINT NOT NULL,
  stage TEXT NOT NULL,
  document TEXT NOT NULL,
  hash TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  published_at BIGINT,
  copy_of BIGINT,
  PRIMARY KEY (workspace, environment, version)
);

-- `workspace` as an environment is the audit log of what concerns all of a workspace: members, names.
CREATE TABLE heads (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL CHECK (environment IN ('live', 'test', 'workspace')),
  one BIGINT NOT NULL CHECK (one = 1),
  active BIGINT NOT NULL,
  versions BIGINT NOT NULL,
  audit BIGINT NOT NULL,
  audit_hash TEXT NOT NULL,
  PRIMARY KEY (workspace, environment, one)
);

CREATE TABLE audit (
  workspace BIGINT NOT NULL,
  environment TEXT NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (workspace, environment, number)
);
