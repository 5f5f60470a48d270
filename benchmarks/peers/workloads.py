"""What asyncio and uvloop do in each scenario: the same work in the same shape as in core/*.ts.

A workload runs `items` things, `width` of them pending at the same time; what belongs to it, and nothing else, runs
between watch.start() and watch.stop().
"""

import asyncio

SHORTEST = 60
RANGE = 60


def random_delays(count):
    """The same delays as core/random-delays.ts."""
    state = 1
    delays = []
    for _ in range(count):
        state = state * 48_271 % 0x7FFF_FFFF
        delays.append(SHORTEST + RANGE * state / 0x7FFF_FFFF)
    return delays


def equal_delays(count):
    return [SHORTEST] * count


def run_in_loop(loop, work):
    loop.call_soon(work, loop.stop)
    loop.run_forever()


def call_soon(loop, items, width, watch):
    def work(done):
        running = width

        def chain():
            left = items // width

            def step():
                nonlocal left, running
                left -= 1
                if left > 0:
                    loop.call_soon(step)
                else:
                    running -= 1
                    if running == 0:
                        watch.stop()
                        done()

            return step

        chains = [chain() for _ in range(width)]
        watch.start()
        for step in chains:
            loop.call_soon(step)

    run_in_loop(loop, work)


def on_timer():
    raise RuntimeError("A timer came due while timers were measured")


def timers(part, make_delays):
    def workload(loop, items, width, watch):
        delays = make_delays(width)
        batches = items // width

        def take_turn(done):
            if part == "insert":
                watch.start()
            handles = [loop.call_later(delay, on_timer) for delay in delays]
            loop.call_soon(inserted, handles, done)

        def inserted(handles, done):
            if part == "insert":
                watch.stop()
            else:
                watch.start()
            for handle in handles:
                handle.cancel()
            loop.call_soon(cancelled, done)

        def cancelled(done):
            nonlocal batches
            if part == "cancel":
                watch.stop()
            batches -= 1
            if batches > 0:
                take_turn(done)
            else:
                done()

        run_in_loop(loop, take_turn)

    return workload


def sleep_zero(loop, items, width, watch):
    times = items // width

    async def sleeper():
        for _ in range(times):
            await asyncio.sleep(0)

    async def main():
        tasks = []
        for _ in range(width):
            tasks.append(loop.create_task(sleeper()))
        await asyncio.sleep(0)  # now they have started
        watch.start()
        for task in tasks:
            await task
        watch.stop()

    loop.run_until_complete(main())


async def empty():
    pass


def empty_task(loop, items, width, watch):
    async def main():
        watch.start()
        for _ in range(items // width):
            tasks = []
            for _ in range(width):
                tasks.append(loop.create_task(empty()))
            for task in tasks:
                await task
        watch.stop()

    loop.run_until_complete(main())


def future(loop, items, width, watch):
    def work(done):
        left = items
        waiting = 0

        def on_done(_):
            nonlocal waiting
            waiting -= 1
            if waiting > 0:
                return
            if left > 0:
                settle_batch()
            else:
                watch.stop()
                done()

        def settle_batch():
            nonlocal left, waiting
            left -= width
            waiting = width
            for i in range(width):
                one = loop.create_future()
                one.add_done_callback(on_done)
                one.set_result(i)

        watch.start()
        settle_batch()

    run_in_loop(loop, work)


WORKLOADS = {
    "call-soon": call_soon,
    "timers-insert": timers("insert", random_delays),
    "timers-cancel": timers("cancel", random_delays),
    "timers-insert-equal": timers("insert", equal_delays),
    "sleep": sleep_zero,
    "task": empty_task,
    "task-alone": empty_task,
    "future": future,
}
