"""The web server. Read by gunicorn wherever it is started: `make run`, the container, a unit of systemd."""

import os
import shutil
import tempfile
from typing import Any

# the workers' figures for /metrics are added up over files; must be known before the application is loaded
_figures = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="portal-figures-"))

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = True  # a portal that cannot start says so at once; the workers share its memory
timeout = 30
graceful_timeout = 8  # below the supervisor's patience
keepalive = 5
max_requests = 10_000  # a worker is renewed now and then, not all at the same time
max_requests_jitter = 1_000
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
control_socket_disable = True


def child_exit(server: Any, worker: Any) -> None:
    """A worker that ended no longer counts among the live ones."""
    from prometheus_client import multiprocess  # noqa: PLC0415  (reads the variable above)

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(_figures, ignore_errors=True)
