"""The WSGI entry: gunicorn channelportal.wsgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channelportal.settings")
application = get_wsgi_application()
