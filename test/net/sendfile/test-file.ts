import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An open file whose name is gone already. Its bytes tell their place. */
export class TestFile implements Disposable {
  readonly fd: number;
  readonly content: Buffer;

  /** @param bytes its size, or what is in it */
  constructor(bytes: number | Buffer) {
    this.content = typeof bytes === 'number' ? numbered(bytes) : bytes;
    const directory = fs.mkdtempSync(join(tmpdir(), 'ringloop-sendfile-'));
    this.fd = fs.openSync(join(directory, 'file'), 'w+');
    fs.rmSync(directory, { recursive: true });
    fs.writeSync(this.fd, this.content, 0, this.content.length, 0);
  }

  fileno(): number {
    return this.fd;
  }

  /** Where `read(2)` goes on. */
  get position(): number {
    return positionOf(this.fd);
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.fd);
  }
}

export function positionOf(fd: number): number {
  return Number(/^pos:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
}

function numbered(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32LE(at, at);
  return content;
}
