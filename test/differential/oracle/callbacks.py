"""Callbacks, timers, stop, reports. The twin of interpret/callbacks.ts."""

from bodies import act, callback


@act
def call_soon(world, actor, s):
    world.slots[s["slot"]] = world.loop.call_soon(callback(world, s["body"]))


@act
def call_later(world, actor, s):
    world.slots[s["slot"]] = world.loop.call_later(world.delay(s["delay"]), callback(world, s["body"]))


@act
def call_at(world, actor, s):
    world.slots[s["slot"]] = world.loop.call_at(world.when(s["when"]), callback(world, s["body"]))


@act
def cancel_handle(world, actor, s):
    handle = world.slots.get(s["slot"])
    if handle is None:
        return "nobody"
    handle.cancel()
    return handle.cancelled()


@act
def stop(world, actor, s):
    world.loop.stop_at_barrier()


@act
def report(world, actor, s):
    world.loop.call_exception_handler({"message": s["message"]})
