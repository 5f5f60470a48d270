/** Plays programs on asyncio: reads them as JSON, writes for each the events after each step as JSON. */
export const PYTHON_PIPES = `
import asyncio, json, os, sys

class Proto(asyncio.Protocol):
    def __init__(self, name, log):
        self.name, self.log = name, log
    def note(self, what):
        self.log.append(self.name + ' ' + what)
    def connection_made(self, transport): self.note('made')
    def data_received(self, data):
        if self.log and self.log[-1].startswith(self.name + ' data '):
            self.log[-1] = self.name + ' data ' + str(int(self.log[-1].split()[-1]) + len(data))
        else: self.note('data ' + str(len(data)))
    def eof_received(self): self.note('eof')
    def pause_writing(self): self.note('pause')
    def resume_writing(self): self.note('resume')
    def connection_lost(self, exc): self.note('lost ' + ('null' if exc is None else 'EPIPE' if isinstance(exc, BrokenPipeError) else type(exc).__name__))

async def play(steps):
    loop = asyncio.get_running_loop()
    log, seen = [], []
    r, w = os.pipe()
    R, _ = await loop.connect_read_pipe(lambda: Proto('R', log), os.fdopen(r, 'rb', 0))
    W, _ = await loop.connect_write_pipe(lambda: Proto('W', log), os.fdopen(w, 'wb', 0))
    for step in steps:
        kind = step[0]
        if kind == 'write': W.write(b'x' * step[1])
        elif kind == 'writelines': W.writelines([b'x' * n for n in step[1]])
        elif kind == 'limits': W.set_write_buffer_limits(high=step[1], low=step[2])
        elif kind == 'pause': R.pause_reading()
        elif kind == 'resume': R.resume_reading()
        elif kind == 'close R': R.close()
        elif kind == 'close W': W.close()
        elif kind == 'eof W': W.write_eof()
        elif kind == 'abort W':
            if not W.is_closing(): W.abort()
        for _ in range(60): await asyncio.sleep(0)
        seen.append(log[:] + ['reading %d closing %d %d' % (R.is_reading(), R.is_closing(), W.is_closing())])
        log.clear()
    for t in (R, W): t.close()
    for _ in range(60): await asyncio.sleep(0)
    return seen + [log[:]]

async def main():
    return [await play(steps) for steps in json.load(sys.stdin)]
print(json.dumps(asyncio.run(main())))
`;
