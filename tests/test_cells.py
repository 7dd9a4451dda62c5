"""The statuses of cells are one list, in the words of the exported tables."""

from clusterbench.execution import CellStatus as OfExecution
from clusterbench.statuses import CellStatus


def test_a_status_is_its_word():
    words = ["ok", "undefined", "rejected", "failed", "timeout", "out_of_memory", "skipped"]
    assert [str(status) for status in CellStatus] == words
    assert all(CellStatus(word) == word for word in words)


def test_rooms_share_one_list():
    assert OfExecution is CellStatus
