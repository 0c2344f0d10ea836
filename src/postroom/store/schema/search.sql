-- The full-text index. index_queue is written with each delivery and emptied by the indexer.
CREATE TABLE index_queue (
  account_id BIGINT NOT NULL,
  email_id   BIGINT NOT NULL,
  PRIMARY KEY (account_id, email_id)
) {CLUSTERED};

-- @postgresql
-- Case-folded texts; their trigram index is made where the extensions for it are (search_postgres).
CREATE TABLE search_texts (
  account_id BIGINT NOT NULL,
  email_id   BIGINT NOT NULL,
  text       {TEXT} NOT NULL,
  PRIMARY KEY (account_id, email_id)
);
-- @both
