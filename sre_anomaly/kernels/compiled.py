"""Plain loops that become machine code when that is worth it; numba is imported only then.

A saved model that answers one point in a new process must not pay for a compiler. So loops are written as
ordinary functions, run as they are for the first few single rows, and are compiled (and kept on disk for
the next process) at the first large batch or when single rows keep coming.
"""

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

FEW = 64
"""So many rows at once, or calls one after the other, are not worth a compiler."""

LINE = 8
"""Numbers that come from memory together."""

_steps: list[Callable[..., Any]] = []
_registered: list[Callable[..., Any]] = []
_told = False
_compiling = Lock()


def step(function: F) -> F:
    """Mark a function that compiled loops may call; it stays an ordinary function."""
    _steps.append(function)
    return function


@step
def prefetch(array: Any, begin: int, end: int) -> None:
    """Ask for what an array without gaps holds from one place to another, even beyond its end; as plain Python, do nothing.

    One row for each of ten thousand series walks through tens of megabytes at every step, and waits for most of them; a
    processor that is told in time what comes next has it at hand.
    """


class Loop:
    """A function that is compiled when it is called, or, called by `patiently`, when it has been called often."""

    def __init__(self, function: Callable[..., Any], *, checked: bool = True) -> None:
        functools.update_wrapper(self, function)
        self._checked = checked
        self._plain = function
        self._fast: Callable[..., Any] | None = None
        self._asked = 0

    def __call__(self, *arguments: Any) -> Any:
        """Run compiled."""
        return (self._fast or self._compile())(*arguments)

    def patiently(self, *arguments: Any) -> Any:
        """Run as it is while it has not been asked often."""
        if self._fast is None and self._asked < FEW and not _registered:
            # Once one loop has paid for the compiler, the others need not wait.
            self._asked += 1
            return self._plain(*arguments)
        return (self._fast or self._compile())(*arguments)

    def for_rows(self, rows: int) -> Callable[..., Any]:
        """Return the way to run it for so many rows."""
        if self._fast is not None:
            return self._fast
        return self.patiently if rows < FEW else self

    def _compile(self) -> Callable[..., Any]:
        # Threads may ask at once, and where it is kept is a setting of the whole process.
        with _compiling:
            return self._fast or self._compile_alone()

    def _compile_alone(self) -> Callable[..., Any]:
        import numba
        from numba.extending import register_jitable

        _tell_the_first_time()
        settings: Any = numba.config
        for function in _steps:
            if function not in _registered:
                (_register_prefetch if function is prefetch else register_jitable(boundscheck=True))(function)
                _registered.append(function)
        # numba keeps what it compiled beside the source that it was in, and does not notice when a step in another
        # file changes. So it is kept under a name drawn from the text of all of them.
        elsewhere, settings.CACHE_DIR = settings.CACHE_DIR, str(_kept())
        try:
            self._fast = numba.njit(cache=True, nogil=True, boundscheck=self._checked)(self._plain)
        finally:
            settings.CACHE_DIR = elsewhere
        return self._fast


def compiled(function: Callable[..., Any]) -> Loop:
    """Make a function a `Loop`.

    An index that is out of range is an IndexError: a state from a file can be anything, and must not reach what is not its own.
    """
    return Loop(function)


def unchecked(function: Callable[..., Any]) -> Loop:
    """Make a function a `Loop` whose indexes are not checked, because all that it is given was looked at before."""
    return Loop(function, checked=False)


def _register_prefetch(function: Callable[..., Any]) -> None:
    """Tell numba what to write for a call of `prefetch`: the processor's own instruction, for each line of its cache."""
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic, overload

    def typed(_typing: Any, array: Any, _place: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            begin = context.make_array(signature.args[0])(context, builder, given[0]).data
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            call = insert(builder.module, kind, "llvm.prefetch.p0i8")
            at = builder.bitcast(builder.gep(begin, [given[1]]), byte)
            # It will be written, should be kept near, and is data.
            builder.call(call, [at, number(1), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(array, types.int64), write

    insert: Any = cgutils.get_or_insert_function
    ask: Any = intrinsic(typed)

    def run(array: Any, begin: Any, end: Any) -> None:
        for place in range(begin, end, LINE):
            ask(array, place)

    @overload(function)
    def chosen(array: Any, begin: Any, end: Any) -> Any:  # noqa: ARG001 - the names of what is called
        return run


def _kept() -> Path:
    """Return the folder of what these very steps were compiled to: beside the package, or in the user's cache."""
    sources = sorted({function.__code__.co_filename for function in _steps})
    text = b"".join(Path(source).read_bytes() for source in sources)
    home = Path(__file__).parent / "__pycache__"
    if not os.access(home if home.is_dir() else home.parent, os.W_OK):
        home = Path.home() / ".cache" / "sre-anomaly"
    return home / f"compiled-{hashlib.sha256(text).hexdigest()[:12]}"


def _tell_the_first_time() -> None:
    """Say on the terminal that some seconds are spent once, where nothing compiled is kept yet."""
    global _told  # noqa: PLW0603 - once a process
    if not _told and sys.stderr.isatty() and not _kept().is_dir():
        sys.stderr.write("compiling the fast parts, once on this machine: some seconds ...\n")
        _told = True
