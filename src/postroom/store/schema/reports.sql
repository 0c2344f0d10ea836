-- What was seen of others' mail and of TLS towards them, to be reported; which reports were sent; which ones others sent us.

-- kind is dmarc or tls, day the number of the day (UTC) since 1970, digest that of policy and row, which hold what a report says of them.
CREATE TABLE report_rows (
  kind   {TEXT}  NOT NULL,
  day    BIGINT  NOT NULL,
  domain {TEXT}  NOT NULL,
  digest {BYTES} NOT NULL,
  policy {BYTES} NOT NULL,
  row    {BYTES} NOT NULL,
  times  BIGINT  NOT NULL,
  PRIMARY KEY (kind, day, domain, digest)
) {CLUSTERED};

-- at is unix microseconds; destinations where it went, problem why it went nowhere.
CREATE TABLE reports_sent (
  kind         {TEXT} NOT NULL,
  domain       {TEXT} NOT NULL,
  report_id    {TEXT} NOT NULL,
  day          BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  messages     BIGINT NOT NULL,
  destinations {TEXT} NOT NULL,
  problem      {TEXT} NOT NULL,
  PRIMARY KEY (kind, domain, report_id)
) {CLUSTERED};
CREATE INDEX reports_sent_at ON reports_sent (at);

-- kind is dmarc, tls or failure; digest that of sender, kind, domain and report_id: the same report is kept once. sender is the domain of the mail
-- that brought it, verified 1 when that is proven, -1 when it came out of a file. begins, ends are unix seconds, received microseconds.
CREATE TABLE reports_received (
  id           BIGINT  NOT NULL PRIMARY KEY,
  kind         {TEXT}  NOT NULL,
  digest       {BYTES} NOT NULL,
  domain       {TEXT}  NOT NULL,
  organization {TEXT}  NOT NULL,
  report_id    {TEXT}  NOT NULL,
  begins       BIGINT  NOT NULL,
  ends         BIGINT  NOT NULL,
  received     BIGINT  NOT NULL,
  sender       {TEXT}  NOT NULL,
  verified     INTEGER NOT NULL,
  passed       BIGINT  NOT NULL,
  failed       BIGINT  NOT NULL,
  packed       {BYTES} NOT NULL
);
CREATE UNIQUE INDEX reports_received_digest ON reports_received (digest);
CREATE INDEX reports_received_at ON reports_received (received);
CREATE INDEX reports_received_kind ON reports_received (kind, ends);

-- How far the mailbox to which reports come has been read.
CREATE TABLE report_mailboxes (
  account_id BIGINT NOT NULL,
  mailbox_id BIGINT NOT NULL,
  seen_to    BIGINT NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)
) {CLUSTERED};
