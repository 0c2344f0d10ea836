-- Who has tried to send to whom from where, and who has come again. Keys are folded and cut (intake.guard.greylist).

-- first, last are unix microseconds. passes: how often it was let through; sender '@domain' with recipient '' counts the triples of a domain.
CREATE TABLE greylist (
  network   {TEXT} NOT NULL,
  sender    {TEXT} NOT NULL,
  recipient {TEXT} NOT NULL,
  first     BIGINT NOT NULL,
  last      BIGINT NOT NULL,
  passes    BIGINT NOT NULL,
  PRIMARY KEY (network, sender, recipient)
) {CLUSTERED};
CREATE INDEX greylist_last ON greylist (last);
CREATE INDEX greylist_tried ON greylist (last) WHERE passes = 0;
