"""Interruption: it always ends the command, with 130, in seconds, and leaves nothing behind.

Python tells of an interruption where its own code goes on, which compiled code (a chain of NUTS is one call) puts off
for minutes; and an exception can be lost on its way through other people's callbacks. So a thread waits beside: where
the command has not ended by itself some seconds after the signal, it removes what is unfinished and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

CODE, PATIENCE = 130, 5.0
"""The exit code, and the seconds in which a command ends by itself."""

_happened = False


def happened() -> bool:
    """Whether this process was interrupted: libraries make exceptions of their own of it."""
    return _happened


@contextlib.contextmanager
def heeded(*, watch: bool) -> Iterator[None]:
    """Interruptions are heeded inside the block; with `watch` by ending the process, where nothing else does.

    Where they were ignored before, as for commands in the background of a script, they stay ignored.
    """
    global _happened
    _happened = False
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    if not main or before in (signal.SIG_IGN, None):
        yield
        return

    def heard(_: int, frame: FrameType | None) -> None:
        global _happened
        again, _happened = _happened, True
        if watch and _importing(frame):
            end("hotmess: interrupted.\n")
        if not (again and watch):  # the first is on its way, and may tidy up in peace
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, heard)
    if watch:
        _watch()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if watch else before)


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported: compiled ones crash where an exception ends that."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _watch() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait() -> None:
        while signal.SIGINT not in os.read(reader, 64):
            pass
        time.sleep(PATIENCE)
        end("hotmess: interrupted.\n")

    threading.Thread(target=wait, name="interruption", daemon=True).start()


def end(message: str = "") -> None:
    """End the process at once, with 130: no threads are waited for, no exit handlers of libraries run."""
    from hotmess.files import forget_unfinished

    forget_unfinished()
    with contextlib.suppress(OSError):
        os.write(2, message.encode())
    os._exit(CODE)
