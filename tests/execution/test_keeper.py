"""The keeper holds what its worker writes, says how it ended, and leaves nothing of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from clusterbench.execution import supervisor as _keeper


@pytest.fixture
def keep(tmp_path):
    """Start a keeper for a Python script, or for another command."""
    started = []

    def start(
        script: str, command: list[str] | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        reader, writer = os.pipe()
        os.close(reader)
        orders = {
            "folder": str(tmp_path / f"worker-{len(started)}"),
            "command": command or [sys.executable, "-I", "-S", "-c", script],
            "mark": f"test-{len(started)}-{os.getpid()}",
            "descriptor": writer,
            "run": os.getpid(),
        }
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", _keeper.__file__],
            env={"PATH": os.environ["PATH"], **(environment or {})},
            pass_fds=[writer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        keeper.stdin.write(json.dumps(orders).encode() + b"\n")
        os.close(writer)
        started.append(keeper)
        return keeper

    yield start
    for keeper in started:
        keeper.stdin.close()
        keeper.wait(timeout=5)
        keeper.stdout.close()
    assert not list(tmp_path.glob("worker-*"))


def report(keeper: subprocess.Popen[bytes]) -> tuple[int, str]:
    told = json.loads(keeper.stdout.read())
    return told["code"], told["words"]


def until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("print('well')", 0, "well\n"),
        ("import sys; sys.stderr.write('bad'); sys.exit(4)", 4, "bad"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("import os; os.write(1, bytes(range(256)) * 400)", 0, bytes(range(256)).decode("latin-1") * 16),
    ],
)
def test_it_tells_exit_code_and_last_words(keep, script, code, words):
    found, said = report(keep(script))
    assert (found, said) == (code, words[-4000:])


def test_what_was_written_before_is_forgotten_on_request(keep):
    keeper = keep("import time\nprint('old', flush=True)\ntime.sleep(0.5)\nprint('new')")
    time.sleep(0.25)
    keeper.stdin.write(b"\n")
    assert report(keeper)[1] in ("new\n", "old\nnew\n")  # the second where the machine was slow to start it


def test_a_command_that_cannot_be_run_has_an_exit_code(keep):
    assert report(keep("", ["/nowhere/python"]))[0] == 127


def test_an_endless_writer_takes_no_memory_and_ends_when_asked(keep):
    keeper = keep("import os\nwhile True: os.write(2, b'x' * 65536)")
    time.sleep(1.0)
    assert psutil.Process(keeper.pid).memory_info().rss < 60 * 2**20
    keeper.stdin.close()
    assert report(keeper) == (-signal.SIGKILL, "x" * 4000)
    assert keeper.wait(timeout=2) == 0


def test_its_command_line_tells_nothing_of_the_environment_and_the_worker_has_it_all(keep):
    secrets = {f"SECRET_{number}": "x" * 100_000 for number in range(4)}
    keeper = keep(
        "import os; print(sum(len(v) for k, v in os.environ.items() if k[:7] == 'SECRET_'), end='', flush=True)"
        "\nimport time; time.sleep(1)",
        environment=secrets,
    )
    assert "SECRET" not in " ".join(psutil.Process(keeper.pid).cmdline())
    assert report(keeper) == (0, "400000")


@pytest.mark.skipif(not os.path.exists("/proc/self/oom_score_adj"), reason="Linux only")
def test_the_kernel_is_told_to_end_the_worker_first(keep):
    assert report(keep("print(open('/proc/self/oom_score_adj').read(), end='')")) == (0, "1000\n")


DAUGHTERS = """
import os, subprocess, time
subprocess.Popen(["sleep", "4321"])
subprocess.Popen(["sleep", "4321"], start_new_session=True)
subprocess.Popen(["setsid", "env", "-i", "sleep", "4321"])
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.close(1), os.close(2)
    os.execve("/bin/sleep", ["sleep", "4321"], {})
print("ready", flush=True)
"""


@pytest.mark.parametrize("end", ["", "time.sleep(1000)"], ids=["worker ends", "worker is ended"])
def test_processes_that_left_the_session_and_the_environment_go_too(keep, end):
    keeper = keep(DAUGHTERS + end)

    def sleepers() -> list[psutil.Process]:
        found = psutil.process_iter(["cmdline", "status"])
        return [p for p in found if p.info["cmdline"] == ["sleep", "4321"] and p.info["status"] != "zombie"]

    if end:
        until(lambda: len(sleepers()) == 4)
        keeper.stdin.close()
    code, words = report(keeper)
    assert code == (-signal.SIGKILL if end else 0)
    assert words == "ready\n"
    assert sleepers() == []


def test_the_folder_is_there_for_the_worker_and_goes_with_it_whatever_is_in_it(keep, tmp_path):
    folder = tmp_path / "worker-0"
    keeper = keep(
        f"import os, sys; os.mkdir({str(folder / 'locked')!r}); open({str(folder / 'locked' / 'file')!r}, 'w').close();"
        f" os.chmod({str(folder / 'locked')!r}, 0); sys.stdout.write(oct(os.stat({str(folder)!r}).st_mode))"
    )
    assert report(keeper) == (0, "0o40700")
    assert keeper.wait(timeout=5) == 0
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_told(keep, tmp_path):
    (tmp_path / "worker-0").write_text("in the way")
    code, words = report(keep("print('never')"))
    assert code == 1
    assert words.startswith("the folder for its temporary files cannot be made: [Errno 17]")
    (tmp_path / "worker-0").unlink()


def test_a_keeper_whose_run_is_gone_before_it_was_told_anything_ends(keep):
    keeper = subprocess.Popen([sys.executable, "-I", "-S", _keeper.__file__], stdin=subprocess.DEVNULL)
    assert keeper.wait(timeout=5) == 1


MOMENTS = {
    "before the keeper is started": "_process._start_keeper = die",
    "before the keeper is told": "_process.json = SimpleNamespace(dumps=lambda x: die() if 'mark' in x else '[]')",
    "while the worker works": "threading.Timer(0.5, die).start()",
    "when the worker has ended": "_keeper.remove = die",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_killed_leaves_no_folder(moment, make_task, tmp_path):
    task = make_task("healthy" if "ended" in moment else "hangs")
    script = f"""
import os, signal, threading
from types import SimpleNamespace
from clusterbench.execution import Task, execute, _keeper, _process

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

{MOMENTS[moment]}
list(execute([{task!r}], workers=1))
"""
    paths = os.pathsep.join(place for place in sys.path if place)
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", script.replace("<Lane.PLAIN: 'plain'>", "'plain'")], env=environment)
    assert run.returncode == -signal.SIGKILL
    until(lambda: not list(tmp_path.iterdir()))
