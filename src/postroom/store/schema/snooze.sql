-- When mail that was put aside comes back. What it is and where it comes from is a record of kind Snooze with the email's number.
CREATE TABLE snooze_due (
  account_id BIGINT NOT NULL,
  email_id BIGINT NOT NULL,
  wakes BIGINT NOT NULL,
  PRIMARY KEY (account_id, email_id)
) {CLUSTERED};

CREATE INDEX snooze_due_wakes ON snooze_due (wakes);
