"""Milliseconds since 1970 and their ISO 8601 text, exactly: no float holds a time."""

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MS = timedelta(milliseconds=1)


def iso(ms: int) -> str:
    text = (_EPOCH + ms * _MS).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms % 1000:03d}Z"


def read_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // _MS


def now_ms() -> int:
    return (datetime.now(timezone.utc) - _EPOCH) // _MS
