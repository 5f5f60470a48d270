"""Runs statement lists, as callbacks and as coroutines. The twin of bodies.ts."""

import asyncio

from show import Boom, show_state

# op -> function(world, actor, statement): done at once; what it raises is noted and swallowed
ACTS = {}
# op -> coroutine function(world, actor, statement): what it raises is noted and raised
WAITS = {}


def act(function):
    ACTS[_op(function)] = function
    return function


def wait(function):
    WAITS[_op(function)] = function
    return function


def _op(function):
    first, *rest = function.__name__.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _what(statement):
    words = [statement["op"]]
    if "slot" in statement:
        words.append(statement["slot"])
    if "of" in statement:
        sources = statement["of"] if isinstance(statement["of"], list) else [statement["of"]]
        words.extend(_source(source) for source in sources)
    return " ".join(words)


def _source(source):
    kind = source["from"]
    if kind == "slot":
        return source["slot"]
    if kind == "coroutine":
        return source["body"]["id"]
    parts = source["of"] if kind == "gather" else [source["of"]]
    options = "; exceptions" if source.get("returnExceptions") else ""
    return kind + "(" + ", ".join(_source(part) for part in parts) + options + ")"


def make_error(kind, message):
    if kind == "cancelled":
        return asyncio.CancelledError(message)
    if kind == "exit":
        return SystemExit(1)
    return Boom(message)


def _perform_act(world, actor, statement):
    if statement["op"] == "raise":
        world.note(actor, "raise", statement["kind"])
        raise make_error(statement["kind"], statement["message"])
    try:
        value = ACTS[statement["op"]](world, actor, statement)
    except Exception as error:
        value = error
    world.note(actor, _what(statement), value)


async def perform(world, actor, statements):
    for statement in statements:
        if statement["op"] not in WAITS:
            _perform_act(world, actor, statement)
            continue
        try:
            value = await WAITS[statement["op"]](world, actor, statement)
        except GeneratorExit:
            raise
        except BaseException as error:
            world.note(actor, _what(statement), error)
            raise
        world.note(actor, _what(statement), value)


async def coroutine(world, body):
    actor = body["id"]
    task = asyncio.current_task(world.loop)
    if task is not None:
        world.rank(task)
    world.note(actor, "starts", None)
    try:
        await perform(world, actor, body["does"])
    except GeneratorExit:
        raise
    except BaseException as error:
        world.note(actor, "throws", error)
        raise
    world.note(actor, "returns", body["returns"])
    return body["returns"]


def callback(world, body):
    def run(*args):
        world.note(body["id"], "runs", show_state(args[0]) if args else None)
        for statement in body["does"]:
            _perform_act(world, body["id"], statement)

    return run


def perform_acts(world, actor, statements):
    for statement in statements:
        _perform_act(world, actor, statement)
