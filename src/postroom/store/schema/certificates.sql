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

-- One for each first name and kind of key; `names` are all of its names, separated by a space, `chain` is in PEM.
-- Without a certificate yet: chain and sealed are empty. `tries` failed one after the other, the last one with `error`.
CREATE TABLE certificates (
  name       {TEXT} NOT NULL,
  kind       {TEXT} NOT NULL,
  names      {TEXT} NOT NULL,
  directory  {TEXT} NOT NULL,
  chain      {TEXT} NOT NULL,
  sealed     {BYTES} NOT NULL,
  not_after  BIGINT NOT NULL,
  due        BIGINT NOT NULL,
  ask_again  BIGINT NOT NULL,
  why        {TEXT} NOT NULL,
  tries      INTEGER NOT NULL,
  error      {TEXT} NOT NULL,
  PRIMARY KEY (name, kind)
);
