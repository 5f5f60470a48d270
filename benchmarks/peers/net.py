"""The process of asyncio or uvloop in the benchmark of sockets: `net.py asyncio|uvloop protocol|buffered|streams|datagram`.

Each line on its input is a question in JSON, each line of its output the answer; net/server-process.ts is the other side, and
net/node-server.ts its sister. The servers send back what has come, and do nothing else.
"""

import asyncio
import gc
import json
import os
import resource
import sys

BACKLOG = 4096
READ_BYTES = 256 * 1024
LIMIT = 2**18


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class BufferedEcho(asyncio.BufferedProtocol):
    buffer = memoryview(bytearray(READ_BYTES))  # one for all: what is in it is written before the next read

    def connection_made(self, transport):
        self.transport = transport

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, nbytes):
        self.transport.write(bytes(self.buffer[:nbytes]))  # a copy: the transport may keep what it is given


class EchoDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def echo_stream(reader, writer):
    try:
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the load has ended, with messages under way
    finally:
        writer.close()


async def listen(kind, path):
    loop = asyncio.get_running_loop()
    if kind == "datagram":
        transport, _ = await loop.create_datagram_endpoint(EchoDatagrams, local_addr=("127.0.0.1", 0))
        return transport.get_extra_info("sockname")[1], transport
    if kind == "streams":
        where = {"path": path} if path else {"host": "127.0.0.1", "port": 0}
        start = asyncio.start_unix_server if path else asyncio.start_server
        server = await start(echo_stream, limit=LIMIT, backlog=BACKLOG, **where)
    else:
        protocol = BufferedEcho if kind == "buffered" else Echo
        if path:
            server = await loop.create_unix_server(protocol, path, backlog=BACKLOG)
        else:
            server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=BACKLOG)
    return 0 if path else server.sockets[0].getsockname()[1], server


async def answer(question, kind, kept):
    if question["ask"] == "collect":
        gc.collect()
        return {}
    port, server = await listen(kind, question.get("path"))
    kept.append(server)
    return {"port": port, "pids": [os.getpid()]}


async def main(kind):
    loop = asyncio.get_running_loop()
    questions = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    kept = []
    while line := await questions.readline():
        print(json.dumps(await answer(json.loads(line), kind, kept)), flush=True)


def run(name, kind):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(main(kind))


if __name__ == "__main__":
    run(*sys.argv[1:])
