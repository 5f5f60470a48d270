"""asyncio's side of benchmarks/sendfile.ts: the same questions and answers as of sendfile/sender-process.ts."""

import asyncio
import json
import resource
import sys
import time


class Client(asyncio.Protocol):
    def __init__(self, lost):
        self.lost = lost

    def connection_lost(self, exc):
        self.lost.set_result(None)


async def send(path, port):
    loop = asyncio.get_running_loop()
    lost = loop.create_future()
    transport, _ = await loop.create_connection(lambda: Client(lost), "127.0.0.1", port)
    with open(path, "rb") as file:
        await loop.sendfile(transport, file)
    transport.close()
    await lost


for line in sys.stdin:
    question = json.loads(line)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    asyncio.run(send(question["path"], question["port"]))
    after = resource.getrusage(resource.RUSAGE_SELF)
    answer = {
        "user": after.ru_utime - before.ru_utime,
        "system": after.ru_stime - before.ru_stime,
        "seconds": time.perf_counter() - start,
    }
    print(json.dumps(answer), flush=True)
