-- What happened to messages: a row for each hop, and the way from an email to its journey and its recipient number.

-- at is unix microseconds, events message.journey.Hop.pack. Rows are wide, and hop_id is unique in the whole store: on SQLite the rowid.
-- @sqlite
CREATE TABLE journal (
  accept_id INTEGER NOT NULL,
  hop_id    INTEGER NOT NULL PRIMARY KEY,
  kind      TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  events    BLOB    NOT NULL
);
CREATE INDEX journal_accept ON journal (accept_id);
-- @postgresql
CREATE TABLE journal (
  accept_id BIGINT NOT NULL,
  hop_id    BIGINT NOT NULL,
  kind      {TEXT} NOT NULL,
  at        BIGINT NOT NULL,
  events    BYTEA  NOT NULL,
  PRIMARY KEY (accept_id, hop_id)
);
-- @both

CREATE TABLE journal_links (
  account_id BIGINT NOT NULL,
  email_id   BIGINT NOT NULL,
  accept_id  BIGINT NOT NULL,
  rcpt       BIGINT NOT NULL,
  PRIMARY KEY (account_id, email_id, accept_id, rcpt)
) {CLUSTERED};
