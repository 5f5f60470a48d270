"""The process of asyncio or uvloop in the benchmark of calls between threads: `dispatch.py <scenario> asyncio|uvloop`.

Each line on its input is a question in JSON, each line of its output the figures; its sister is dispatch/child.ts. One loop runs
in a thread of its own, and what calls it is a plain thread, or for a round trip another loop: call_soon_threadsafe is the only way in, and
the callback does no more than the others'.
"""

import asyncio
import json
import math
import sys
import threading
import time

IN_FLIGHT = 256
IDLE = 0.001
WARM_UP_TRIPS = 1_000


def new_loop(name):
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def start_loop(name):
    loop = new_loop(name)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


class Throughput:
    def __init__(self, name):
        self._loop = start_loop(name)
        self._count = 0

    def _sink(self, _):
        self._count += 1

    def flood(self, calls):
        self._count = 0
        done = threading.Event()
        call, sink = self._loop.call_soon_threadsafe, self._sink
        for _ in range(calls):
            call(sink, 1)
        call(done.set)
        done.wait()
        if self._count != calls:
            raise RuntimeError(f"Lost calls: {self._count} of {calls} arrived")

    def measure(self, question):
        return flooding(self.flood, question)


async def echo(value):
    return value


class Coroutine:
    def __init__(self, name):
        self._loop = start_loop(name)

    def flood(self, calls):
        for start in range(0, calls, IN_FLIGHT):
            pending = [
                asyncio.run_coroutine_threadsafe(echo(1), self._loop)
                for _ in range(min(IN_FLIGHT, calls - start))
            ]
            for future in pending:
                future.result()

    def measure(self, question):
        return flooding(self.flood, question)


class RoundTrip:
    def __init__(self, name):
        self._there = start_loop(name)
        self._here = new_loop(name)
        self._trip(WARM_UP_TRIPS, 0)

    def _trip(self, calls, idle):
        here, there = self._here, self._there
        trips = []

        def send():
            there.call_soon_threadsafe(bounce, time.perf_counter())

        def bounce(sent):
            here.call_soon_threadsafe(arrive, sent)

        def arrive(sent):
            trips.append(time.perf_counter() - sent)
            if len(trips) < calls:
                here.call_later(idle, send)
            else:
                here.stop()

        here.call_soon(send)
        here.run_forever()
        return sorted(trips)

    def measure(self, question):
        trips = self._trip(question["calls"], IDLE)
        return {"p50": quantile(trips, 0.5), "p99": quantile(trips, 0.99)}


def flooding(flood, question):
    calls = question["calls"]
    flood(calls)
    seconds = 0.0
    made = 0
    while seconds < question["atLeast"]:
        start = time.perf_counter()
        flood(calls)
        seconds += time.perf_counter() - start
        made += calls
    return {"perSecond": made / seconds}


def quantile(ordered, q):
    """Nearest rank, as harness/statistics.ts."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


SCENARIOS = {"throughput": Throughput, "coroutine": Coroutine, "round-trip": RoundTrip}


def main():
    scenario, loop_name = sys.argv[1:]
    workload = SCENARIOS[scenario](loop_name)
    for line in sys.stdin:
        print(json.dumps(workload.measure(json.loads(line))), flush=True)


main()
