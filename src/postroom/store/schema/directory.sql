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
  grant_id   BIGINT  NOT NULL,              -- of what a program was allowed it comes; 0: it was made by hand
  PRIMARY KEY (account_id, token_hash)
) {CLUSTERED};

-- What users have allowed programs by OAuth. All hashes are SHA-256, '' where there is none.
CREATE TABLE grants (
  account_id   BIGINT  NOT NULL,
  grant_id     BIGINT  NOT NULL,
  client       {BYTES} NOT NULL,            -- hash of the client_id
  label        {TEXT}  NOT NULL,            -- what the client calls itself
  scopes       {TEXT}  NOT NULL,            -- protocols, with spaces between
  created      BIGINT  NOT NULL,
  last_used    BIGINT  NOT NULL,
  expires      BIGINT  NOT NULL,            -- of what is not used until then
  code_hash    {BYTES} NOT NULL,            -- of the authorization code, also when it was used
  challenge    {TEXT}  NOT NULL,            -- PKCE's, which must come with the code
  refresh_hash {BYTES} NOT NULL,
  spent_hash   {BYTES} NOT NULL,            -- of the refresh token before
  spent_at     BIGINT  NOT NULL,
  PRIMARY KEY (account_id, grant_id)
) {CLUSTERED};

-- Devices that wait for somebody who allows them (RFC 8628).
CREATE TABLE device_requests (
  device_hash {BYTES} NOT NULL PRIMARY KEY, -- SHA-256 of the device code
  user_code   {TEXT}  NOT NULL UNIQUE,
  client      {BYTES} NOT NULL,
  label       {TEXT}  NOT NULL,
  scopes      {TEXT}  NOT NULL,
  ip          {TEXT}  NOT NULL,
  expires     BIGINT  NOT NULL,
  asked       BIGINT  NOT NULL,             -- when the device asked last
  account_id  BIGINT  NOT NULL,             -- who has allowed it; 0: nobody yet; -1: it was refused
  CHECK (account_id >= -1)
);

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

-- What happened to the accounts of a domain: when each was entered, renamed or removed, in numbers that count up with the domain's changes.
CREATE TABLE principals (
  domain     {TEXT}   NOT NULL,
  account_id BIGINT   NOT NULL,
  created    BIGINT   NOT NULL,
  changed    BIGINT   NOT NULL,
  gone       SMALLINT NOT NULL,
  PRIMARY KEY (domain, account_id)
) {CLUSTERED};
CREATE INDEX principals_changed ON principals (domain, changed);

CREATE TABLE principal_states (             -- the newest of these numbers; its row is what changes of one domain wait for
  domain {TEXT} NOT NULL PRIMARY KEY,
  newest BIGINT NOT NULL,
  floor  BIGINT NOT NULL                    -- below it not all is known: a backup was restored
) {CLUSTERED};
