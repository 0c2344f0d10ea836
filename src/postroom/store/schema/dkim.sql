-- The keys by which a domain's mail is signed. phase is a word of mailauth.dkim.rotation, since when it began; record is what the DNS is to
-- have. private is encrypted, and empty when the key was revoked.
CREATE TABLE dkim_keys (
  domain    {TEXT}  NOT NULL,
  selector  {TEXT}  NOT NULL,
  algorithm {TEXT}  NOT NULL,
  phase     {TEXT}  NOT NULL,
  since     BIGINT  NOT NULL,
  created   BIGINT  NOT NULL,
  record    {TEXT}  NOT NULL,
  private   {BYTES} NOT NULL,
  PRIMARY KEY (domain, selector)
) {CLUSTERED};
