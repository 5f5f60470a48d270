"""asyncio's side of benchmarks/tls.ts: the same questions and answers as of tls/server-process.ts."""

import asyncio
import json
import os
import resource
import ssl
import sys
import tempfile


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def context_of(question):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name) for name in ("key", "cert")}
        for name, path in files.items():
            with open(path, "w") as file:
                file.write(question[name])
        context.load_cert_chain(files["cert"], files["key"])
    return context


async def main():
    loop = asyncio.get_running_loop()
    questions = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    port = 0
    while line := await questions.readline():
        question = json.loads(line)
        if question["ask"] == "listen":
            server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=4096, ssl=context_of(question))
            port = server.sockets[0].getsockname()[1]
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"port": port, "user": usage.ru_utime, "system": usage.ru_stime}), flush=True)
    os._exit(0)  # its connections would wait for the goodbyes of a load that has ended


asyncio.run(main())
