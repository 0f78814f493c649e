"""The web server. Read by gunicorn wherever it is started: `make run`, the container, a unit of systemd."""

import os

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
