"""The queue: by plug-in, TensorFlow first, and what was lost is next."""

from __future__ import annotations

from clusterbench.execution import Lane, Task
from clusterbench.execution.task_queue import Queue, by_plugin, kind_of


def task(key: str, plugin: str, lane: Lane = Lane.PLAIN) -> Task:
    return Task(key, plugin, "{}", 0, (), "", lane)


TASKS = [task("1", "a"), task("2", "b"), task("3", "a"), task("4", "n", Lane.TENSORFLOW), task("5", "b")]


def test_tasks_of_a_plugin_follow_each_other_and_tensorflow_is_first():
    assert [task.key for task in by_plugin(TASKS)] == ["4", "1", "3", "2", "5"]


def test_a_new_worker_gets_a_plugin_that_none_serves_if_there_is_one():
    queue = Queue()
    queue.extend(TASKS)
    served, keys = set(), []
    while queue:
        load = queue.take_for_new(served)
        served.add(kind_of(load.task))
        keys.append(load.task.key)
    assert keys == ["4", "1", "2", "3", "5"]


def test_a_worker_gets_what_is_of_its_plugin_and_lost_tasks_first():
    queue = Queue()
    queue.extend(TASKS)
    kind = kind_of(TASKS[0])
    first = queue.take(kind)
    queue.put_back(first)
    assert [queue.take(kind).task.key for _ in range(2)] == ["1", "3"]
    assert queue.take(kind) is None
    queue.put_back(first)
    assert queue.take(kind) is first
    queue.clear()
    assert not queue
