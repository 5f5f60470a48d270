"""The process of asyncio or uvloop: `child.py time|memory <scenario> asyncio|uvloop`.

Each line on its input is a question in JSON, each line of its output a number: seconds for each item, or bytes. Its sister is
core/child.ts.
"""

import asyncio
import json
import sys
import time

import memory
import workloads


def new_loop(name):
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


class Stopwatch:
    def __init__(self):
        self.seconds = 0.0
        self._started = 0.0

    def start(self):
        self._started = time.perf_counter()

    def stop(self):
        self.seconds += time.perf_counter() - self._started


def seconds_each(loop, work, question):
    items, width, at_least = question["items"], question["width"], question["atLeast"]
    watch = Stopwatch()
    give_up = time.perf_counter() + 2 * at_least
    runs = 0
    while True:
        work(loop, items, width, watch)
        runs += 1
        if watch.seconds >= at_least or time.perf_counter() >= give_up:
            return watch.seconds / (runs * items)


def main():
    kind, scenario, loop_name = sys.argv[1:]
    loop = new_loop(loop_name)
    for line in sys.stdin:
        question = json.loads(line)
        if kind == "time":
            answer = seconds_each(loop, workloads.WORKLOADS[scenario], question)
        else:
            answer = memory.bytes_each(new_loop(loop_name), memory.HOLDINGS[scenario], question["items"])
        print(answer, flush=True)


main()
