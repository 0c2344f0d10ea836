-- Mail that waits: messages (never updated), one job per next hop, a row per copy under its job, and what is known of next hops.
-- Everything of a message lies in one slot (0 to 255), which follows from the node that made its id. Times are unix microseconds.

-- sender '' is the null reverse-path, terms are store.spool.spool.Terms; blob_id 0: the body is in this row. The rows are wide, and ids are
-- unique in the whole store: on SQLite they are the rowid.
-- @sqlite
CREATE TABLE spool (
  slot         INTEGER NOT NULL,
  spool_id     INTEGER NOT NULL PRIMARY KEY,
  accept_id    INTEGER NOT NULL,
  accepted     INTEGER NOT NULL,
  sender       TEXT NOT NULL,
  terms        BLOB NOT NULL,
  size         INTEGER NOT NULL,
  blob_account INTEGER NOT NULL,
  blob_id      INTEGER NOT NULL,
  body         BLOB
);
-- @postgresql
CREATE TABLE spool (
  slot         BIGINT NOT NULL,
  spool_id     BIGINT NOT NULL,
  accept_id    BIGINT NOT NULL,
  accepted     BIGINT NOT NULL,
  sender       {TEXT} NOT NULL,
  terms        BYTEA NOT NULL,
  size         BIGINT NOT NULL,
  blob_account BIGINT NOT NULL,
  blob_id      BIGINT NOT NULL,
  body         BYTEA,
  PRIMARY KEY (slot, spool_id)
);
ALTER TABLE spool ALTER COLUMN body SET STORAGE EXTERNAL;
-- @both

CREATE TABLE jobs (
  slot      BIGINT   NOT NULL,
  spool_id  BIGINT   NOT NULL,
  job       BIGINT   NOT NULL,
  hop       {TEXT}   NOT NULL,              -- '' is this system's own mailboxes
  rank      BIGINT   NOT NULL,              -- minus the priority: smaller goes first
  due       BIGINT   NOT NULL,              -- when it may be taken; of a leased job: when the lease ends
  alarm     BIGINT   NOT NULL,              -- when it must be looked at although its hop is dead: notice, deadline, end of life
  node      BIGINT   NOT NULL,              -- who has the lease; 0: nobody
  epoch     BIGINT   NOT NULL,              -- grows with each lease
  attempts  BIGINT   NOT NULL,
  notices   BIGINT   NOT NULL,              -- delay notices sent
  held      BIGINT   NOT NULL,
  expires   BIGINT   NOT NULL,
  why       {TEXT}   NOT NULL,              -- what the last attempt said
  PRIMARY KEY (slot, spool_id, job)
) {CLUSTERED};
CREATE INDEX jobs_lane  ON jobs (slot, hop, rank, due);
CREATE INDEX jobs_alarm ON jobs (slot, alarm);

CREATE TABLE rcpt (
  slot      BIGINT   NOT NULL,
  spool_id  BIGINT   NOT NULL,
  n         BIGINT   NOT NULL,              -- number of the copy in its message
  job       BIGINT   NOT NULL,
  address   {TEXT}   NOT NULL,
  terms     {BYTES}  NOT NULL,              -- store.spool.spool.CopyTerms
  status    {TEXT}   NOT NULL,              -- what the last attempt said of it: our own words, or
  remote    {TEXT}   NOT NULL,              -- the lines of this server's reply
  PRIMARY KEY (slot, spool_id, job, n)      -- by job: a message for a list may have ten thousand of them, and each is read on its own
) {CLUSTERED};

CREATE TABLE hops (                         -- next hops in trouble only
  hop       {TEXT}   NOT NULL PRIMARY KEY,
  failures  BIGINT   NOT NULL,
  since     BIGINT   NOT NULL,
  next_try  BIGINT   NOT NULL,
  why       {TEXT}   NOT NULL
) {CLUSTERED};
