-- MTA-STS policies of other domains (RFC 8461 §3.3), kept for as long as they say. Times are unix microseconds.

CREATE TABLE sts_policies (
  domain    {TEXT}   NOT NULL PRIMARY KEY,
  id        {TEXT}   NOT NULL,              -- of the record that it was fetched for
  policy    {BYTES}  NOT NULL,              -- as it was fetched
  fetched   BIGINT   NOT NULL,
  expires   BIGINT   NOT NULL,
  refresh   BIGINT   NOT NULL,              -- when it is fetched again, although nothing says that it has changed
  used      BIGINT   NOT NULL               -- by mail, to a day
) {CLUSTERED};
CREATE INDEX sts_policies_refresh ON sts_policies (refresh);
CREATE INDEX sts_policies_expires ON sts_policies (expires);
