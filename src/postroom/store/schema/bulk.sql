-- What a change of many emails has still to do, and how what it has done is undone: a slice of emails each. The change itself is a record.
CREATE TABLE bulk_parts (
  account_id BIGINT NOT NULL,
  bulk_id BIGINT NOT NULL,
  part BIGINT NOT NULL,
  waits SMALLINT NOT NULL,                   -- 1: to be done
  data {BYTES} NOT NULL,                     -- JSON
  PRIMARY KEY (account_id, bulk_id, part)
) {CLUSTERED};

CREATE INDEX bulk_parts_waiting ON bulk_parts (account_id, bulk_id, part) WHERE waits = 1;
