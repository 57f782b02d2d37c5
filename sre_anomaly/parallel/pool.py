"""A pool of local processes that stay warm: each keeps what it has imported, read and computed.

A free process gets the next task at once. One that dies takes its task with it, is replaced, and its task
is answered as lost; when the owner of the pool dies, its processes end themselves.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

import cloudpickle

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
POLITE_S = 5.0


@dataclass(frozen=True)
class Answer:
    """What became of a task."""

    key: int
    value: Any = None
    error: str = ""
    """The traceback of a task that raised, or how its process died."""
    lost: bool = False
    """Its process died before it could answer."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    key: int | None = None


class Pool(AbstractContextManager["Pool"]):
    """Processes that answer tasks.

    Parameters
    ----------
    size : int
        How many processes; they start when there is something to do.
    make : bytes
        A function of no arguments, by `cloudpickle.dumps`, that each process calls once; it returns the
        function from task to answer.
    preload : sequence of str
        Modules that all processes need; imported once, where the system can fork.
    """

    def __init__(self, size: int, make: bytes, preload: Sequence[str] = ()) -> None:
        self.size = size
        self._make = make
        self._workers: list[_Worker] = []
        self._waiting: deque[tuple[int, Any]] = deque()
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            self._context.set_forkserver_preload(list(preload))
        if size > 1:
            # Several processes with several threads each would only fight for the cores.
            for name in ONE_THREAD:
                os.environ.setdefault(name, "1")

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, key: int, task: Any) -> None:
        """Put a task in line; any picklable value."""
        self._waiting.append((key, task))
        self._hand_out()

    def wait(self, timeout: float | None = None) -> list[Answer]:
        """Return the answers that are there, waiting for the first for so many seconds."""
        busy = {worker.pipe: worker for worker in self._workers if worker.key is not None}
        found = [self._receive(busy[pipe]) for pipe in wait(list(busy), timeout)]  # type: ignore[index]
        self._hand_out()
        return found

    def close(self) -> None:
        """End all processes; what they are doing is given up."""
        self._waiting.clear()
        for worker in self._workers:
            worker.pipe.close()
            if worker.key is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(POLITE_S)
            if worker.process.is_alive():
                worker.process.kill()
        self._workers.clear()

    def _hand_out(self) -> None:
        while self._waiting:
            worker = next((worker for worker in self._workers if worker.key is None), None)
            if worker is None and len(self._workers) < self.size:
                worker = self._start()
            if worker is None:
                return
            worker.key, task = self._waiting.popleft()
            try:
                worker.pipe.send_bytes(cloudpickle.dumps(task))
            except OSError:
                # It died while idle: another one takes the task.
                self._waiting.appendleft((worker.key, task))
                self._bury(worker)

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._make), daemon=True)
        process.start()
        there.close()
        worker = _Worker(process, here)
        self._workers.append(worker)
        return worker

    def _receive(self, worker: _Worker) -> Answer:
        key = worker.key
        assert key is not None
        try:
            value, error = cloudpickle.loads(worker.pipe.recv_bytes())  # from our own process
        except (EOFError, OSError):
            code = self._bury(worker)
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            return Answer(key, error=f"its process died ({how})", lost=True)
        worker.key = None
        return Answer(key, value, error)

    def _bury(self, worker: _Worker) -> int | None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(POLITE_S)
        return worker.process.exitcode


def answer_each(pool: Any, tasks: Sequence[Any]) -> Iterator[tuple[Any, Answer]]:
    """Hand a pool, of this kind or Dask's, all of the tasks, and yield each with its answer as it is there."""
    for number, task in enumerate(tasks):
        pool.submit(number, task)
    left = len(tasks)
    while left:
        for answer in pool.wait():
            left -= 1
            yield tasks[answer.key], answer


def _serve(pipe: Connection, make: bytes) -> None:
    """Answer tasks one after the other until the pipe closes."""
    # Ctrl-C reaches the whole group of processes; the owner decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tasks: SimpleQueue[bytes] = SimpleQueue()

    def receive() -> None:
        # In a thread of its own, so that the owner's death is noticed in mid-task.
        try:
            while True:
                tasks.put(pipe.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=receive, daemon=True).start()
    answer = None
    while True:
        task = cloudpickle.loads(tasks.get())  # from our own process
        try:
            answer = answer or cloudpickle.loads(make)()
            reply = cloudpickle.dumps((answer(task), ""))
        except Exception:  # noqa: BLE001 - whatever it is, the owner is told
            reply = cloudpickle.dumps((None, traceback.format_exc()))
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pipe.send_bytes(reply)
        except OSError:
            os._exit(0)
