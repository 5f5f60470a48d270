"""How values, errors and reports are written into a trace. The twin of show.ts."""

import asyncio

# RuntimeError and InvalidStateError are one kind: ringloop throws InvalidStateError where CPython has either.
KINDS = [
    ("ValueError", "ValueError"),
    ("TypeError", "TypeError"),
    ("TimeoutError", "TimeoutError"),
    ("InvalidStateError", "StateError"),
    ("RuntimeError", "StateError"),
    ("BrokenBarrierError", "BrokenBarrierError"),
]
WITH_MESSAGE = ("Boom", "CancelledError")
# When these come is up to the garbage collector.
UNTIMELY = ("never retrieved", "Task was destroyed but it is pending", "exception in shielded future")


class Boom(Exception):
    pass


def show(value):
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if isinstance(value, BaseException):
        return show_error(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def show_error(error):
    name = type(error).__name__
    if isinstance(getattr(error, "exceptions", None), tuple):
        return "ExceptionGroup(" + error.message + ")" + show(list(error.exceptions))
    if name in WITH_MESSAGE:
        return name + "(" + (str(error.args[0]) if error.args and error.args[0] is not None else "") + ")"
    return dict(KINDS).get(name, name)


def show_state(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    if future.exception() is not None:
        return "failed with " + show(future.exception())
    return "finished with " + show(future.result())


class ReportFilter:
    @staticmethod
    def text(context):
        message = context.get("message", "")
        if any(part in message for part in UNTIMELY):
            return None
        if message.startswith("Exception in callback"):
            message = "Exception in callback"
        message = message.split("<")[0].strip()
        exception = context.get("exception")
        return message if exception is None else message + ": " + show(exception)
