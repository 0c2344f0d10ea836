-- What happened to messages: a row for each hop, and the way from an email to its journey and its recipient number.
CREATE TABLE journal (
  accept_id BIGINT  NOT NULL,
  hop_id    BIGINT  NOT NULL,
  kind      {TEXT}  NOT NULL,
  at        BIGINT  NOT NULL,               -- unix microseconds
  events    {BYTES} NOT NULL,               -- message.journey.Hop.pack, perhaps compressed
  PRIMARY KEY (accept_id, hop_id)
) {CLUSTERED};

CREATE TABLE journal_links (
  account_id BIGINT NOT NULL,
  email_id   BIGINT NOT NULL,
  accept_id  BIGINT NOT NULL,
  rcpt       BIGINT NOT NULL,
  PRIMARY KEY (account_id, email_id, accept_id, rcpt)
) {CLUSTERED};
