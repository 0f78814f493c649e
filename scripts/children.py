"""Child processes that never outlive who started them. Used by the supervisor and by the servers of the tests."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child that has given up its rights may not be allowed to read the interpreter any more.
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def die_with_parent(sig: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """For `Popen(preexec_fn=…)`: the kernel sends `sig` to the child when its parent ends, even by kill -9 (Linux)."""
    parent = os.getpid()

    def in_child() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # it ended before the line above
            os.kill(os.getpid(), sig)

    return in_child


def end(processes: Iterable[subprocess.Popen[bytes]], *, grace: float) -> None:
    """SIGTERM to each; who lives `grace` seconds later is killed. Each must lead its own group (start_new_session)."""
    running = list(processes)
    for process in running:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + grace
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9 for the process and all it started, whether it still lives or not."""
    with suppress(ProcessLookupError, PermissionError):  # nobody left; macOS says EPERM where only a zombie is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
