-- The full-text index. index_queue is written with each delivery and emptied by the indexer.
CREATE TABLE index_queue (
  account_id BIGINT NOT NULL,
  email_id   BIGINT NOT NULL,
  PRIMARY KEY (account_id, email_id)
) {CLUSTERED};
