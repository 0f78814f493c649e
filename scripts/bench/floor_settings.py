"""The portal's settings with the floor's views, and no middleware but session and person."""

from channelportal.settings import *  # noqa: F403 (taken over as a whole)

ROOT_URLCONF = "scripts.bench.floor"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
