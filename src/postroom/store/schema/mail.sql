-- Accounts and their mail. Every key starts with account_id, so that one transaction never needs two accounts.
-- Times are unix microseconds, ids are made by the node, flags are the bits of mailboxes.Flag.

-- What a writing transaction of an account locks first. modseq is IMAP's MODSEQ and JMAP's state in one; quotas of 0 are none;
-- uidvalidity is the last one given to a mailbox; vanished_floor the highest of its mailboxes' ones. state: 0 active, 1 disabled.
CREATE TABLE accounts (
  account_id BIGINT NOT NULL PRIMARY KEY,
  modseq BIGINT NOT NULL,
  used_bytes BIGINT NOT NULL,
  used_msgs BIGINT NOT NULL,
  quota_bytes BIGINT NOT NULL,
  quota_msgs BIGINT NOT NULL,
  uidvalidity BIGINT NOT NULL,
  vanished_floor BIGINT NOT NULL DEFAULT 0,
  state SMALLINT NOT NULL,
  created BIGINT NOT NULL
) {CLUSTERED};

-- parent_id 0 is the top. first_recent is the lowest uid that no session has seen; below vanished_floor (a modseq) the rows of
-- vanished are pruned.
CREATE TABLE mailboxes (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  parent_id BIGINT NOT NULL,
  name {TEXT} NOT NULL,
  role {TEXT} NOT NULL,
  uidvalidity BIGINT NOT NULL,
  uidnext BIGINT NOT NULL,
  highestmodseq BIGINT NOT NULL,
  n_total BIGINT NOT NULL,
  n_unseen BIGINT NOT NULL,
  n_deleted BIGINT NOT NULL,
  n_bytes BIGINT NOT NULL,
  first_recent BIGINT NOT NULL,
  vanished_floor BIGINT NOT NULL,
  created_modseq BIGINT NOT NULL,
  changed_modseq BIGINT NOT NULL,
  subscribed SMALLINT NOT NULL,
  sort_order BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, mailbox_id),
  UNIQUE (account_id, parent_id, name)
) {CLUSTERED};

CREATE UNIQUE INDEX mailboxes_role ON mailboxes (account_id, role) WHERE role <> '';
-- Which mailboxes changed as such; what comes into one changes nothing here, so that a delivery writes no more.
CREATE INDEX mailboxes_changed ON mailboxes (account_id, changed_modseq);

-- Mailboxes that are gone, for JMAP's Mailbox/changes.
CREATE TABLE deleted_mailboxes (
  account_id BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, modseq, mailbox_id)
) {CLUSTERED};

-- What the copies of a message share. copies is their number; an email without copies does not exist. In SQLite the ids of
-- emails and of blobs, which are unique in the whole store, number the rows: what comes is appended to one dense run of pages,
-- whatever account it belongs to, and a delivery writes a third of the pages that it would have to write otherwise.
-- @sqlite
CREATE TABLE emails (
  account_id INTEGER NOT NULL,
  email_id INTEGER NOT NULL PRIMARY KEY,
  thread_id INTEGER NOT NULL,
  blob_id INTEGER NOT NULL,
  size INTEGER NOT NULL,
  copies INTEGER NOT NULL,
  created_modseq INTEGER NOT NULL,
  summary BLOB NOT NULL
);
-- @postgresql
CREATE TABLE emails (
  account_id BIGINT NOT NULL,
  email_id BIGINT NOT NULL,
  thread_id BIGINT NOT NULL,
  blob_id BIGINT NOT NULL,
  size BIGINT NOT NULL,
  copies INTEGER NOT NULL,
  created_modseq BIGINT NOT NULL,
  summary BYTEA NOT NULL,
  PRIMARY KEY (account_id, email_id)
);
-- @both

-- One narrow row for each copy in a mailbox, in the order in which mailboxes are read. thread_id and size never change, and are
-- here too so that listing, counting and expunging need no other table.
CREATE TABLE messages (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  email_id BIGINT NOT NULL,
  thread_id BIGINT NOT NULL,
  size BIGINT NOT NULL,
  flags INTEGER NOT NULL,
  keywords {TEXT} NOT NULL,
  internaldate BIGINT NOT NULL,
  savedate BIGINT NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, uid)
) {CLUSTERED};

-- What changed since a modseq, in a mailbox (IMAP) and in the whole account (JMAP: an email changes with its copies).
CREATE INDEX messages_modseq ON messages (account_id, modseq, mailbox_id, uid);
-- A thread's copies, in all mailboxes and in one; an email's copies are among its thread's.
CREATE INDEX messages_thread ON messages (account_id, thread_id, mailbox_id, uid);

-- Copies that are gone, for QRESYNC and JMAP's changes.
CREATE TABLE vanished (
  account_id BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  email_id BIGINT NOT NULL,
  thread_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (account_id, modseq, mailbox_id, uid)
) {CLUSTERED};

CREATE TABLE mailbox_keywords (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  keyword {TEXT} NOT NULL,
  n_total BIGINT NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, keyword)
) {CLUSTERED};

-- Hashes of message-ids (threads.py) and the thread of whoever mentioned them first.
CREATE TABLE msgid_refs (
  account_id BIGINT NOT NULL,
  msgid_hash BIGINT NOT NULL,
  thread_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, msgid_hash)
) {CLUSTERED};

-- \Seen of those who are not the owner of a shared mailbox.
CREATE TABLE seen (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  reader_id BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, reader_id, uid)
) {CLUSTERED};

-- Copies, from uid to last, of an operation that goes on in several commits; without a row it is complete.
CREATE TABLE unfinished (
  account_id BIGINT NOT NULL,
  operation BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  last BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (account_id, operation, uid)
) {CLUSTERED};

-- Secrets of RFC 4467, by which URLs of a mailbox's messages are signed; without its row none of them is valid.
CREATE TABLE url_keys (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  secret {BYTES} NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)
) {CLUSTERED};

-- rights and denied: letters of RFC 4314 §2.1. grantee_id 0 is anyone.
CREATE TABLE acl (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  grantee_id BIGINT NOT NULL,
  rights {TEXT} NOT NULL,
  denied {TEXT} NOT NULL DEFAULT '',
  PRIMARY KEY (account_id, mailbox_id, grantee_id)
) {CLUSTERED};

-- What somebody is given in the mailboxes of others.
CREATE INDEX acl_grantee ON acl (grantee_id, account_id, mailbox_id);

-- Names that an account is subscribed to beside its own mailboxes, which have a mark: those of others, and what is there no more.
CREATE TABLE subscriptions (
  account_id BIGINT NOT NULL,
  name {TEXT} NOT NULL,
  PRIMARY KEY (account_id, name)
) {CLUSTERED};

-- Notes (RFC 5464) on a mailbox, or on the account where mailbox_id is 0. owner_id is whose private note it is, 0 for a shared one.
CREATE TABLE annotations (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  owner_id BIGINT NOT NULL,
  entry {TEXT} NOT NULL,
  value {BYTES} NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, owner_id, entry)
) {CLUSTERED};

-- Objects that never change. place: 0 in the row, 1 a file. coding: 0, the octets as they are. unref_at is when refs became 0.
-- uploaded: 1 for what a client has sent and nothing has let go of yet; without references it makes room for newer uploads.
-- @sqlite
CREATE TABLE blobs (
  account_id INTEGER NOT NULL,
  blob_id INTEGER NOT NULL PRIMARY KEY,
  refs INTEGER NOT NULL,
  size INTEGER NOT NULL,
  place INTEGER NOT NULL,
  coding INTEGER NOT NULL DEFAULT 0,
  unref_at INTEGER NOT NULL,
  uploaded INTEGER NOT NULL DEFAULT 0,
  hash BLOB NOT NULL,
  data BLOB
);
-- @postgresql
CREATE TABLE blobs (
  account_id BIGINT NOT NULL,
  blob_id BIGINT NOT NULL,
  refs BIGINT NOT NULL,
  size BIGINT NOT NULL,
  place SMALLINT NOT NULL,
  coding SMALLINT NOT NULL DEFAULT 0,
  unref_at BIGINT NOT NULL,
  uploaded SMALLINT NOT NULL DEFAULT 0,
  hash BYTEA NOT NULL,
  data BYTEA,
  PRIMARY KEY (account_id, blob_id)
);
-- @both

-- Small bodies are not worth a lookup: two letters hardly ever have the same octets, attachments and archives do.
CREATE UNIQUE INDEX blobs_hash ON blobs (account_id, hash) WHERE size >= 16384;
CREATE INDEX blobs_unreferenced ON blobs (account_id, unref_at) WHERE refs = 0;

-- A recipient of a spooled letter enters a mailbox once.
CREATE TABLE deliveries (
  account_id BIGINT NOT NULL,
  spool_id BIGINT NOT NULL,
  rcpt INTEGER NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (account_id, spool_id, rcpt)
) {CLUSTERED};

-- @postgresql
-- Room beside the hot counters for new versions of the row, so that no index is touched.
ALTER TABLE accounts SET (fillfactor = 50);
ALTER TABLE mailboxes SET (fillfactor = 50);
ALTER TABLE messages SET (fillfactor = 90);
-- Bodies are compressed before they come here, or not at all.
ALTER TABLE blobs ALTER COLUMN data SET STORAGE EXTERNAL;
-- @sqlite
-- How selective the indexes are in a large store: the planner otherwise guesses from none, and walks a mailbox to find a thread.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('messages', 'messages', '1000000 100000 90000 1');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('messages', 'messages_modseq', '1000000 100000 2 1 1');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('messages', 'messages_thread', '1000000 100000 3 2 1');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('vanished', 'vanished', '1000000 100000 2 1 1');
ANALYZE sqlite_schema;
-- @both
