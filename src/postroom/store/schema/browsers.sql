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
  confirmed    BIGINT   NOT NULL,           -- when its user has last shown that it is he
  PRIMARY KEY (account_id, session_hash)
) {CLUSTERED};
CREATE INDEX browser_sessions_expires ON browser_sessions (expires);
-- Passkeys (WebAuthn): public keys by which somebody signs in without a password.
CREATE TABLE passkeys (
  account_id    BIGINT   NOT NULL,
  credential_id {BYTES}  NOT NULL,          -- as the authenticator calls it
  public_key    {BYTES}  NOT NULL,          -- as COSE has it
  sign_count    BIGINT   NOT NULL,          -- 0 for ever where the authenticator does not count
  label         {TEXT}   NOT NULL,
  created       BIGINT   NOT NULL,
  last_used     BIGINT   NOT NULL,          -- 0: never
  challenged    BIGINT   NOT NULL,          -- when the challenge was made that it has answered last
  backed_up     SMALLINT NOT NULL,          -- 1: it lies in its owner's cloud, too
  suspect       BIGINT   NOT NULL,          -- when it was shown with a count that had been: a copy? 0: never
  PRIMARY KEY (account_id, credential_id)
) {CLUSTERED};
