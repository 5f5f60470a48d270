"""Runs child processes on asyncio as subprocesses/program.ts says, one program a line, and prints what their protocols are told."""

import asyncio
import json
import os
import re
import signal
import sys

STREAMS = {'pipe': asyncio.subprocess.PIPE, 'devnull': asyncio.subprocess.DEVNULL, 'stdout': asyncio.subprocess.STDOUT}
CODES = {BrokenPipeError: 'EPIPE', ConnectionResetError: 'ECONNRESET', ProcessLookupError: 'ESRCH'}


def shown(exc):
    return 'null' if exc is None else CODES.get(type(exc), type(exc).__name__)


class Recorder(asyncio.SubprocessProtocol):
    def __init__(self, failing):
        self.events = []
        self.seen = {'bytes 1': 0, 'bytes 2': 0}
        self.text = b''
        self.changed = asyncio.Event()
        self.failing = failing

    def note(self, *event):
        self.events.append(' '.join(str(each) for each in event))
        self.changed.set()

    def fail_in(self, method):
        if self.failing == method:
            self.failing = None
            raise ValueError(method)

    def connection_made(self, transport):
        self.transport = transport
        pipes = [fd for fd in range(4) if transport.get_pipe_transport(fd) is not None]
        self.note('made', 'pipes', *pipes)
        self.fail_in('connectionMade')

    def pipe_data_received(self, fd, data):
        self.seen[f'bytes {fd}'] += len(data)
        if fd == 1:
            self.text += data
        self.note('data', fd, re.sub(r'pid:\d+', 'pid:#', data.decode()))
        self.fail_in('pipeDataReceived')

    def pipe_connection_lost(self, fd, exc):
        self.seen[f'lost {fd}'] = 1
        self.note('pipe_lost', fd, shown(exc))
        self.fail_in('pipeConnectionLost')

    def process_exited(self):
        self.seen['exited'] = 1
        self.note('exited', self.transport.get_returncode())
        self.fail_in('processExited')

    def connection_lost(self, exc):
        self.seen['ended'] = 1
        closing = json.dumps(self.transport.is_closing())
        self.note('lost', shown(exc), 'returncode', self.transport.get_returncode(), 'closing', closing)

    def pause_writing(self):
        self.seen['paused'] = 1
        self.note('pause_writing')

    def resume_writing(self):
        self.seen['resumed'] = 1
        self.note('resume_writing')

    async def until(self, conditions):
        while any(self.seen.get(name, 0) < least for name, least in conditions):
            self.changed.clear()
            await self.changed.wait()


def act(step, recorder):
    transport = recorder.transport
    do, value = step['do'], step.get('value')
    if do == 'write':
        transport.get_pipe_transport(0).write(value.encode())
    elif do == 'writeMuch':
        transport.get_pipe_transport(0).write(b'x' * value)
    elif do == 'closePipe':
        transport.get_pipe_transport(value).close()
    elif do == 'pause':
        transport.get_pipe_transport(value).pause_reading()
    elif do == 'resume':
        transport.get_pipe_transport(value).resume_reading()
    elif do == 'signal':
        transport.send_signal(getattr(signal, value))
    elif do == 'killGrandchild':
        os.kill(int(re.findall(rb'pid:(\d+)', recorder.text)[-1]), signal.SIGKILL)
    elif do != 'wait':
        getattr(transport, do)()  # terminate, kill, close


async def run(program):
    loop = asyncio.get_running_loop()
    recorder = Recorder(program.get('failing'))
    loop.set_exception_handler(lambda _loop, context: recorder.note('reported', context.get('exception')))
    streams = {name: STREAMS[kind] for name, kind in program['stdio'].items()}
    transport, _ = await loop.subprocess_exec(lambda: recorder, '/bin/sh', '-c', program['script'], **streams)
    trace = []
    for step in program['steps']:
        try:
            act(step, recorder)
        except OSError as exc:
            recorder.note('raised', shown(exc))
        await recorder.until(step['until'])
        trace.append(recorder.events)
        recorder.events = []
    transport.close()
    await recorder.until([['ended', 1]])
    trace.append(recorder.events)
    return trace


for line in sys.stdin:
    try:
        answer = {'trace': asyncio.run(run(json.loads(line)))}
    except Exception as exc:  # a bug in this script, or in the program
        answer = {'crash': repr(exc)}
    print(json.dumps(answer), flush=True)
