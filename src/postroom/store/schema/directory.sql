-- Who has mail here. Addresses are compared by their keys (ASCII letters folded) and kept as they were written beside them.
CREATE TABLE domains (
  domain       {TEXT}   NOT NULL PRIMARY KEY,
  catch_all    {TEXT}   NOT NULL,           -- gets what no address matches; '' is nobody
  postmaster   {TEXT}   NOT NULL,           -- gets postmaster's and abuse's mail; '' is the administrator
  subaddresses SMALLINT NOT NULL,
  created      BIGINT   NOT NULL
) {CLUSTERED};

CREATE TABLE directory_rules (              -- one row
  rules         SMALLINT NOT NULL PRIMARY KEY,
  delimiter     {TEXT}   NOT NULL,
  administrator {TEXT}   NOT NULL
) {CLUSTERED};

-- kind: 1 account, 2 alias, 3 list. account_id is 0 but for accounts, owner '' but for lists.
CREATE TABLE addresses (
  address    {TEXT}   NOT NULL PRIMARY KEY,
  domain     {TEXT}   NOT NULL,
  kind       SMALLINT NOT NULL,
  account_id BIGINT   NOT NULL,
  written    {TEXT}   NOT NULL,
  owner      {TEXT}   NOT NULL
) {CLUSTERED};
CREATE INDEX addresses_domain ON addresses (domain, address);

CREATE TABLE members (                      -- targets of aliases, members of lists
  address {TEXT} NOT NULL,
  target  {TEXT} NOT NULL,
  written {TEXT} NOT NULL,
  PRIMARY KEY (address, target)
) {CLUSTERED};

-- Who an account is; what it holds stands in accounts. forwards: addresses, one a line. generation grows when a login must not be
-- taken from a cache any more.
CREATE TABLE profiles (
  account_id  BIGINT   NOT NULL PRIMARY KEY,
  address     {TEXT}   NOT NULL,
  name        {TEXT}   NOT NULL,
  forwards    {TEXT}   NOT NULL,
  keeps_copy  SMALLINT NOT NULL,
  generation  BIGINT   NOT NULL
) {CLUSTERED};
CREATE INDEX profiles_name ON profiles (LOWER(name));

-- kind: 1 password (PHC string), 2 app password (SHA-256), 3 shared secret for APOP and its like (encrypted), 4 secret of one-time codes (encrypted),
-- 5 the same, not confirmed yet. expires 0 is never. scram: what SCRAM keeps of it (encrypted), '' is nothing.
CREATE TABLE credentials (
  account_id    BIGINT   NOT NULL,
  credential_id BIGINT   NOT NULL,
  kind          SMALLINT NOT NULL,
  verifier      {BYTES}  NOT NULL,
  label         {TEXT}   NOT NULL,
  scopes        {TEXT}   NOT NULL,          -- protocols, with spaces between; '' is all
  created       BIGINT   NOT NULL,
  expires       BIGINT   NOT NULL,
  last_used     BIGINT   NOT NULL,
  scram         {BYTES}  NOT NULL,
  PRIMARY KEY (account_id, credential_id)
) {CLUSTERED};

-- Bearer tokens, by SHA-256.
CREATE TABLE tokens (
  account_id BIGINT  NOT NULL,
  token_hash {BYTES} NOT NULL,
  label      {TEXT}  NOT NULL,
  scopes     {TEXT}  NOT NULL,              -- protocols, with spaces between; '' is all
  created    BIGINT  NOT NULL,
  expires    BIGINT  NOT NULL,              -- 0 is never
  last_used  BIGINT  NOT NULL,
  PRIMARY KEY (account_id, token_hash)
) {CLUSTERED};

-- Whom a client certificate lets in. identity: sha256:FINGERPRINT or email:ADDRESS.
CREATE TABLE client_certificates (
  identity   {TEXT} NOT NULL PRIMARY KEY,
  account_id BIGINT NOT NULL,
  label      {TEXT} NOT NULL,
  created    BIGINT NOT NULL
) {CLUSTERED};
CREATE INDEX client_certificates_account ON client_certificates (account_id);

-- Who logged in or tried, all alike of a day (UTC, days since 1970) in one row.
CREATE TABLE logins (
  account_id BIGINT   NOT NULL,
  day        INTEGER  NOT NULL,
  protocol   {TEXT}   NOT NULL,
  ip         {TEXT}   NOT NULL,
  method     {TEXT}   NOT NULL,
  label      {TEXT}   NOT NULL,
  good       SMALLINT NOT NULL,
  times      BIGINT   NOT NULL,
  first      BIGINT   NOT NULL,
  last       BIGINT   NOT NULL,
  PRIMARY KEY (account_id, day, protocol, ip, method, label, good)
) {CLUSTERED};
