-- Things of an account that are no mail: each is one row, whatever its kind. data is JSON, made and read above the store.
CREATE TABLE records (
  account_id BIGINT NOT NULL,
  kind {TEXT} NOT NULL,
  record_id BIGINT NOT NULL,
  created_modseq BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  data {BYTES} NOT NULL,
  label {BYTES},  -- a digest that only one record of the kind has, NULL where the kind has none
  PRIMARY KEY (account_id, kind, record_id)
) {CLUSTERED};

CREATE UNIQUE INDEX records_label ON records (account_id, kind, label) WHERE label IS NOT NULL;
CREATE INDEX records_modseq ON records (account_id, kind, modseq, record_id);

-- Those of all accounts that the sender of push messages goes through.
CREATE INDEX records_push ON records (account_id, record_id) WHERE kind = 'PushSubscription';

-- What is gone, for those who synchronise; pruned with the rows of vanished.
CREATE TABLE records_gone (
  account_id BIGINT NOT NULL,
  kind {TEXT} NOT NULL,
  modseq BIGINT NOT NULL,
  record_id BIGINT NOT NULL,
  created_modseq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (account_id, kind, modseq, record_id)
) {CLUSTERED};

-- Which bodies a record refers to: one reference each.
CREATE TABLE record_blobs (
  account_id BIGINT NOT NULL,
  kind {TEXT} NOT NULL,
  record_id BIGINT NOT NULL,
  blob_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, kind, record_id, blob_id)
) {CLUSTERED};

CREATE INDEX record_blobs_blob ON record_blobs (account_id, blob_id);

-- What somebody was given in another's record; read_modseq 0: he may not see what is in it.
CREATE TABLE record_acl (
  account_id BIGINT NOT NULL,
  kind {TEXT} NOT NULL,
  record_id BIGINT NOT NULL,
  grantee_id BIGINT NOT NULL,
  rights {TEXT} NOT NULL,
  subscribed SMALLINT NOT NULL,
  given_modseq BIGINT NOT NULL,
  read_modseq BIGINT NOT NULL,
  PRIMARY KEY (account_id, kind, record_id, grantee_id)
) {CLUSTERED};

CREATE INDEX record_acl_grantee ON record_acl (grantee_id, account_id, kind, record_id);

-- Which records lie in which others, as cards in address books, and since when.
CREATE TABLE record_places (
  account_id BIGINT NOT NULL,
  kind {TEXT} NOT NULL,
  place_id BIGINT NOT NULL,
  record_id BIGINT NOT NULL,
  entered_modseq BIGINT NOT NULL,
  PRIMARY KEY (account_id, kind, place_id, record_id)
) {CLUSTERED};

CREATE INDEX record_places_record ON record_places (account_id, kind, record_id);
