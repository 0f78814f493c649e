# Two stages: what builds the environment is not in what runs.

FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
ENV PATH=/opt/venv/bin:$PATH
COPY . .
# Nothing of this build's secret or data is kept: only the static files, with their hashed names.
RUN SECRET_KEY=build DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app portal \
 && install -d -o portal -g portal -m 0750 /data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json \
    LOG_LEVEL=INFO \
    DATA_DIR=/data \
    HOST=0.0.0.0
USER portal
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# The worker and the clock are the same image with the commands of compose.yaml.
CMD ["gunicorn", "channelportal.wsgi"]
