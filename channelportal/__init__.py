"""channelportal: the one portal between a company's channels and its headquarters."""

from channelportal.celery import app as celery_app

__all__ = ["celery_app"]
__version__ = "0.1.0"
