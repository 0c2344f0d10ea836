import apsw
import pytest

from postroom.store.engine.checkpoint import Checkpointer, LogLimits


class Log:
    """Stands for a connection: counts the copies."""

    def __init__(self, error=None):
        self.copies = 0
        self.error = error

    def wal_checkpoint(self, mode):
        assert mode == apsw.SQLITE_CHECKPOINT_PASSIVE
        self.copies += 1
        if self.error:
            raise self.error

    def close(self):
        pass


@pytest.mark.parametrize(
    ("lengths", "beside", "by_writer"),
    [
        ([1, 9], 0, 0),
        ([10], 1, 0),
        ([10, 12, 19], 1, 0),  # each ten pages, not at each commit after the tenth
        ([100, 101], 0, 2),
        ([100, 5, 10], 1, 1),  # the log has started anew
    ],
)
def test_when_the_log_is_copied_and_by_whom(lengths, beside, by_writer):
    besides, writer = Log(), Log()
    checkpointer = Checkpointer(besides, writer, LogLimits(soft=10, hard=100), pytest.fail)
    for length in lengths:
        checkpointer.after_commit(length)
    checkpointer.close()
    assert (besides.copies, writer.copies) == (beside, by_writer)


@pytest.mark.parametrize(
    ("error", "fatal"), [(apsw.BusyError(), False), (apsw.FullError(), False), (apsw.IOError(), True)]
)
def test_which_failures_are_final(error, fatal):
    errors = []
    checkpointer = Checkpointer(Log(error), Log(), LogLimits(soft=10, hard=100), errors.append)
    checkpointer.after_commit(50)
    checkpointer.close()
    assert errors == ([error] if fatal else [])
