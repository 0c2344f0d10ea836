-- Certificates from an authority (RFC 8555), shared by all processes of a store. Keys are sealed by the vault. Times are unix microseconds.
CREATE TABLE acme_accounts (
  directory {TEXT} NOT NULL PRIMARY KEY,
  url       {TEXT} NOT NULL,
  sealed    {BYTES} NOT NULL
);

-- What an authority asks for while it looks whether a name is ours: by the token over HTTP, by the name in a handshake.
CREATE TABLE acme_challenges (
  token    {TEXT} NOT NULL PRIMARY KEY,
  kind     {TEXT} NOT NULL,
  name     {TEXT} NOT NULL,
  answer   {TEXT} NOT NULL,
  expires  BIGINT NOT NULL
);

-- One for each first name and kind of key. `names` are those that were asked for at last, separated by a space. Without a certificate yet, chain (PEM)
-- and sealed are empty. `due` is when to ask for the next one, `ask_again` when to hear anew when that is. `tries` have failed, the last with `error`.
-- `ordered` is the URL of the order whose certificate is still to come, for the key `order_key` (sealed).
CREATE TABLE certificates (
  name       {TEXT} NOT NULL,
  kind       {TEXT} NOT NULL,
  names      {TEXT} NOT NULL,
  chain      {TEXT} NOT NULL,
  sealed     {BYTES} NOT NULL,
  due        BIGINT NOT NULL,
  ask_again  BIGINT NOT NULL,
  tries      INTEGER NOT NULL,
  error      {TEXT} NOT NULL,
  ordered    {TEXT} NOT NULL,
  order_key  {BYTES} NOT NULL,
  PRIMARY KEY (name, kind)
);
