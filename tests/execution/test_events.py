"""What a worker may say of its task, and nothing else, is taken for an event."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clusterbench.execution import CellStatus, CutDone, CutStarted, Started, Task, TaskDone
from clusterbench.execution.events import is_sound, longest_message
from clusterbench.labeling import Labeling

K2 = '{"k": 2}'
TASK = Task("key", "plugin.py", "{}", 0, (K2, '{"k": 3}'), "nowhere.npy")
LABELING = Labeling.of([0, 1, 1])


@pytest.mark.parametrize(
    "event",
    [
        Started("key"),
        CutStarted("key", K2),
        CutDone("key", K2, CellStatus.OK, labeling=LABELING),
        CutDone("key", K2, CellStatus.FAILED, "ValueError"),
        TaskDone("key", CellStatus.OK),
    ],
)
def test_what_belongs_to_the_task_is_sound(event):
    assert is_sound(event, TASK)
    assert not is_sound(event, replace(TASK, key="another"))


@pytest.mark.parametrize(
    "event",
    [
        "done",
        None,
        CutStarted("key", '{"k": 9}'),
        CutDone("key", '{"k": 9}', CellStatus.OK, labeling=LABELING),
        CutDone("key", K2, CellStatus.OK),
        CutDone("key", K2, CellStatus.OK, labeling=[0, 1, 1]),
        CutDone("key", K2, CellStatus.OK, labeling=replace(LABELING, labels=[0, 1, 1])),
        CutDone("key", K2, CellStatus.OK, labeling=replace(LABELING, labels=np.array([0.0, 1.0]))),
        CutDone("key", K2, CellStatus.FAILED, labeling=LABELING),
    ],
)
def test_what_no_worker_would_say_is_not(event):
    assert not is_sound(event, TASK)


def test_the_bound_of_a_message_grows_with_the_rows(tmp_path):
    np.save(tmp_path / "space.npy", np.zeros((100_000, 1)))
    assert longest_message(TASK) == 2**20
    assert longest_message(replace(TASK, space_path=str(tmp_path / "space.npy"))) > 2**20 + 4 * 100_000
