"""The process of asyncio or uvloop: `spawn.py asyncio|uvloop <MB of ballast>`. Its sister is spawn/child.ts."""

import asyncio
import json
import sys
import time

PROGRAM = "/bin/true"


class Waiting(asyncio.SubprocessProtocol):
    def __init__(self, ended):
        self.ended = ended

    def connection_lost(self, exc):
        self.ended.set_result(None)


async def spawn_one(loop, pipes):
    ended = loop.create_future()
    stream = asyncio.subprocess.PIPE if pipes else asyncio.subprocess.DEVNULL
    await loop.subprocess_exec(lambda: Waiting(ended), PROGRAM, stdin=stream, stdout=stream, stderr=stream)
    await ended


async def cost_of(question):
    loop = asyncio.get_running_loop()
    left = question["children"]

    async def lane():
        nonlocal left
        while left > 0:
            left -= 1
            await spawn_one(loop, question["pipes"])

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(question["parallel"])))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpuUs": cpu * 1e6 / question["children"], "wallUs": wall * 1e6 / question["children"]}


async def main():
    for line in sys.stdin:
        print(json.dumps(await cost_of(json.loads(line))), flush=True)


name, ballast_mb = sys.argv[1], int(sys.argv[2])
ballast = b"\1" * (ballast_mb << 20)
if name == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main())
