-- Texts are compared byte by byte, whatever the language of the database. "sum" is
-- a checksum over the other columns of the row (bodies are covered by their
-- content address instead). Foreign keys are deferred: within one transaction the
-- order of the writes does not matter.

CREATE TABLE schema_info (
  id      BIGINT PRIMARY KEY CHECK (id = 1),
  number  BIGINT NOT NULL
);

-- The replica.

CREATE TABLE subjects (
  subject TEXT COLLATE "C" NOT NULL UNIQUE,
  did TEXT COLLATE "C" NOT NULL,
  method TEXT COLLATE "C" NOT NULL,
  log_version BIGINT NOT NULL,
  log_version_id TEXT COLLATE "C" NOT NULL,
  class BIGINT NOT NULL,
  contested BIGINT NOT NULL,
  deactivated BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  sum BIGINT NOT NULL
);
CREATE UNIQUE INDEX subjects_did ON subjects (did) WHERE did <> '';
CREATE INDEX subjects_class ON subjects (class, subject);

CREATE TABLE aliases (
  did TEXT COLLATE "C" NOT NULL UNIQUE,
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  sum BIGINT NOT NULL
);
CREATE INDEX aliases_subject ON aliases (subject, did);

CREATE TABLE blobs (
  cid TEXT COLLATE "C" NOT NULL UNIQUE,
  body BYTEA NOT NULL
);

CREATE TABLE files (
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  path TEXT COLLATE "C" NOT NULL,
  cid TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  seen_at BIGINT NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, path)
);
CREATE INDEX files_cid ON files (cid);

CREATE TABLE heads (
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  epoch_version BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  epoch TEXT COLLATE "C" NOT NULL,
  cid TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  accepted_at BIGINT NOT NULL,
  published BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  voided BIGINT NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, epoch_version, sequence)
);
CREATE INDEX heads_cid ON heads (cid);
CREATE INDEX heads_live ON heads (subject, epoch_version, sequence) WHERE voided = 0;

-- Digests in pages of 128, so that an append rewrites one page.
CREATE TABLE histories (
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  epoch_version BIGINT NOT NULL,
  page BIGINT NOT NULL,
  digests BYTEA NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, epoch_version, page)
);

CREATE TABLE manifests (
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  head_cid TEXT COLLATE "C" NOT NULL,
  cid TEXT COLLATE "C" NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, head_cid)
);
CREATE INDEX manifests_cid ON manifests (cid);

CREATE TABLE sticky (
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  path TEXT COLLATE "C" NOT NULL,
  bits BYTEA NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, path)
);

-- Evidence and observations may be about subjects that are not kept.
CREATE TABLE forks (
  subject TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  parent TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  seen_at BIGINT NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, kind, parent)
);

CREATE TABLE sightings (
  subject TEXT COLLATE "C" NOT NULL,
  host TEXT COLLATE "C" NOT NULL,
  url TEXT COLLATE "C" NOT NULL,
  observer TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (subject, host, url, observer)
);

-- The node.

CREATE TABLE peers (
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  addrs TEXT COLLATE "C" NOT NULL,
  last_seen BIGINT NOT NULL,
  protected BIGINT NOT NULL,
  sum BIGINT NOT NULL
);

CREATE TABLE metas (
  key TEXT COLLATE "C" NOT NULL UNIQUE,
  value BYTEA NOT NULL,
  sum BIGINT NOT NULL
);

-- The issuers' books: every row names its issuer.

CREATE TABLE issuers (
  subject TEXT COLLATE "C" NOT NULL UNIQUE,
  did TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  config BYTEA NOT NULL,
  created BIGINT NOT NULL,
  sum BIGINT NOT NULL
);

CREATE TABLE drafts (
  issuer TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  cid TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  valid_until BIGINT NOT NULL,
  sum BIGINT NOT NULL,
  body BYTEA NOT NULL,
  UNIQUE (issuer, path)
);
CREATE INDEX drafts_cid ON drafts (cid);

CREATE TABLE lists (
  issuer TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  purposes TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  allocated BIGINT NOT NULL,
  dirty BIGINT NOT NULL,
  rendered_at BIGINT NOT NULL,
  url TEXT COLLATE "C" NOT NULL DEFAULT '',
  format TEXT COLLATE "C" NOT NULL DEFAULT '',
  sum BIGINT NOT NULL,
  UNIQUE (issuer, number)
);

-- The allocation bitmap in pages of 512 bytes, so that one allocation rewrites
-- one page. Every page of a list exists: a missing page is damage, not zeros.
CREATE TABLE list_pages (
  issuer TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  page BIGINT NOT NULL,
  bits BYTEA NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (issuer, number, page),
  FOREIGN KEY (issuer, number) REFERENCES lists (issuer, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE changes (
  issuer TEXT COLLATE "C" NOT NULL,
  list BIGINT NOT NULL,
  idx BIGINT NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL,
  status BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  why TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (issuer, list, idx, purpose),
  UNIQUE (issuer, seq)
);
CREATE INDEX changes_list ON changes (issuer, list, seq);

CREATE TABLE audits (
  issuer TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL,
  sum BIGINT NOT NULL,
  UNIQUE (issuer, seq)
);

CREATE TABLE issued (
  issuer TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  list BIGINT NOT NULL,
  idx BIGINT NOT NULL,
  local_ref TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  valid_until BIGINT NOT NULL,
  holder_ref TEXT COLLATE "C" NOT NULL DEFAULT '',
  sum BIGINT NOT NULL,
  UNIQUE (issuer, id)
);
CREATE UNIQUE INDEX issued_slot ON issued (issuer, list, idx) WHERE list >= 0;
CREATE INDEX issued_ref ON issued (issuer, local_ref) WHERE local_ref <> '';
CREATE INDEX issued_holder ON issued (issuer, holder_ref) WHERE holder_ref <> '';

CREATE TABLE publications (
  issuer TEXT COLLATE "C" NOT NULL UNIQUE,
  epoch_version BIGINT NOT NULL,
  epoch TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  head_cid TEXT COLLATE "C" NOT NULL,
  instance BYTEA NOT NULL,
  at BIGINT NOT NULL,
  sum BIGINT NOT NULL
);
