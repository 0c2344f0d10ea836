-- Who runs: node numbers are leased rows, singleton jobs have named leases. Times are unix microseconds, id_mark unix milliseconds.
CREATE TABLE nodes (
  node     BIGINT NOT NULL PRIMARY KEY,
  name     {TEXT} NOT NULL,
  until    BIGINT NOT NULL,
  fence    BIGINT NOT NULL,
  id_mark  BIGINT NOT NULL
);

CREATE TABLE leases (
  name   {TEXT} NOT NULL PRIMARY KEY,
  node   BIGINT NOT NULL,
  until  BIGINT NOT NULL,
  fence  BIGINT NOT NULL
);
