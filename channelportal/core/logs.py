"""One log line as one JSON object."""

from __future__ import annotations

import json
import logging

from channelportal.core.context import facts


class JsonFormatter(logging.Formatter):
    """time, level, logger, message, request id, traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": facts.get().request_id,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
