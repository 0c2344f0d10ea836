-- Browsers that somebody has signed in with, by the SHA-256 of what their cookie says.
CREATE TABLE browser_sessions (
  account_id   BIGINT   NOT NULL,
  session_hash {BYTES}  NOT NULL,
  credential   {TEXT}   NOT NULL,           -- what was shown at sign-in: kind and label
  agent        {TEXT}   NOT NULL,           -- what the browser says it is
  ip           {TEXT}   NOT NULL,           -- where it was at sign-in
  stays        SMALLINT NOT NULL,           -- 1: beyond the end of the browser
  created      BIGINT   NOT NULL,
  last_used    BIGINT   NOT NULL,
  expires      BIGINT   NOT NULL,           -- moves on with every use
  PRIMARY KEY (account_id, session_hash)
) {CLUSTERED};
CREATE INDEX browser_sessions_expires ON browser_sessions (expires);
