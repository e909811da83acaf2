-- Rowid tables with a separate unique index on purpose: PRAGMA integrity_check
-- then compares every key with its copy in the index, so that a damaged key is
-- found. "sum" is a checksum over the other columns of the row (bodies are
-- covered by their content address instead). Foreign keys are deferred: within
-- one transaction the order of the writes does not matter.

CREATE TABLE schema_info (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  number  INTEGER NOT NULL,
  digest  BLOB NOT NULL
) STRICT;

-- The replica.

CREATE TABLE subjects (
  subject TEXT NOT NULL UNIQUE,
  did TEXT NOT NULL,
  method TEXT NOT NULL,
  log_version INTEGER NOT NULL,
  log_version_id TEXT NOT NULL,
  class INTEGER NOT NULL,
  contested INTEGER NOT NULL,
  deactivated INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX subjects_did ON subjects (did) WHERE did <> '';
CREATE INDEX subjects_class ON subjects (class, subject);

CREATE TABLE aliases (
  did TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX aliases_subject ON aliases (subject, did);

CREATE TABLE blobs (
  cid TEXT NOT NULL UNIQUE,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE files (
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  path TEXT NOT NULL,
  cid TEXT NOT NULL,
  size INTEGER NOT NULL,
  kind TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, path)
) STRICT;
CREATE INDEX files_cid ON files (cid);

CREATE TABLE heads (
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  epoch_version INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  cid TEXT NOT NULL,
  body BLOB NOT NULL,
  accepted_at INTEGER NOT NULL,
  published INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  voided INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, epoch_version, sequence)
) STRICT;
CREATE INDEX heads_cid ON heads (cid);
CREATE INDEX heads_live ON heads (subject, epoch_version, sequence) WHERE voided = 0;

-- Digests in pages of 128, so that an append rewrites one page.
CREATE TABLE histories (
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  epoch_version INTEGER NOT NULL,
  page INTEGER NOT NULL,
  digests BLOB NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, epoch_version, page)
) STRICT;

CREATE TABLE manifests (
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  head_cid TEXT NOT NULL,
  cid TEXT NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, head_cid)
) STRICT;
CREATE INDEX manifests_cid ON manifests (cid);

CREATE TABLE sticky (
  subject TEXT NOT NULL REFERENCES subjects (subject) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  path TEXT NOT NULL,
  bits BLOB NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, path)
) STRICT;

-- Evidence and observations may be about subjects that are not kept.
CREATE TABLE forks (
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent TEXT NOT NULL,
  body BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, kind, parent)
) STRICT;

CREATE TABLE sightings (
  subject TEXT NOT NULL,
  host TEXT NOT NULL,
  url TEXT NOT NULL,
  observer TEXT NOT NULL,
  digest TEXT NOT NULL,
  at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (subject, host, url, observer)
) STRICT;

-- The node.

CREATE TABLE peers (
  id TEXT NOT NULL UNIQUE,
  addrs TEXT NOT NULL,
  last_seen INTEGER NOT NULL,
  protected INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

CREATE TABLE metas (
  key TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

-- The issuers' books: every row names its issuer.

CREATE TABLE issuers (
  subject TEXT NOT NULL UNIQUE,
  did TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  config BLOB NOT NULL,
  created INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

CREATE TABLE drafts (
  issuer TEXT NOT NULL,
  path TEXT NOT NULL,
  cid TEXT NOT NULL,
  kind TEXT NOT NULL,
  size INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (issuer, path)
) STRICT;
CREATE INDEX drafts_cid ON drafts (cid);

CREATE TABLE lists (
  issuer TEXT NOT NULL,
  number INTEGER NOT NULL,
  purposes TEXT NOT NULL,
  size INTEGER NOT NULL,
  state TEXT NOT NULL,
  created INTEGER NOT NULL,
  allocated INTEGER NOT NULL,
  dirty INTEGER NOT NULL,
  rendered_at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (issuer, number)
) STRICT;

-- The allocation bitmap in pages of 512 bytes, so that one allocation rewrites
-- one page. Every page of a list exists: a missing page is damage, not zeros.
CREATE TABLE list_pages (
  issuer TEXT NOT NULL,
  number INTEGER NOT NULL,
  page INTEGER NOT NULL,
  bits BLOB NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (issuer, number, page),
  FOREIGN KEY (issuer, number) REFERENCES lists (issuer, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE changes (
  issuer TEXT NOT NULL,
  list INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  status INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  why TEXT NOT NULL,
  seq INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (issuer, list, idx, purpose),
  UNIQUE (issuer, seq)
) STRICT;
CREATE INDEX changes_list ON changes (issuer, list, seq);

CREATE TABLE audits (
  issuer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (issuer, seq)
) STRICT;

CREATE TABLE issued (
  issuer TEXT NOT NULL,
  id TEXT NOT NULL,
  list INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  local_ref TEXT NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  valid_until INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (issuer, id)
) STRICT;
CREATE UNIQUE INDEX issued_slot ON issued (issuer, list, idx) WHERE list >= 0;
CREATE INDEX issued_ref ON issued (issuer, local_ref) WHERE local_ref <> '';

CREATE TABLE publications (
  issuer TEXT NOT NULL UNIQUE,
  epoch_version INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  head_cid TEXT NOT NULL,
  instance BLOB NOT NULL,
  at INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
