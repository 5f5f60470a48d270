import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Answer } from './answer.js';
import { CommandError } from './errors.js';
import { reasonOf } from './list-files.js';
import type { Uplink } from './uplink.js';

/** Bytes that are read at a time: as many as the serving loop reads at once. */
const READ_BYTES = 256 * 1024;

export interface SentFile {
  readonly bytes: number;
  /** Whether the answer has the digest and the size that we computed. */
  readonly isRight: boolean;
}

/** Sends files over one connection, one after the other, with one buffer for all of them. */
export class FileSender {
  readonly #connection: Uplink;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(connection: Uplink) {
    this.#connection = connection;
  }

  /**
   * Sends one file and checks its answer. Rejects with CommandError when the file cannot be read or is shorter than
   * announced.
   */
  async send(path: string): Promise<SentFile> {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      const digest = await this.#stream(file, path, size);
      const answer = await this.#connection.receive();
      return { bytes: size, isRight: isRight(answer, digest, size) };
    } finally {
      await file.close();
    }
  }

  async #stream(file: FileHandle, path: string, size: number): Promise<Buffer> {
    const hash = createHash('sha256');
    await this.#connection.begin(size);
    for (let left = size; left > 0;) {
      const chunk = await this.#read(file, path, left);
      if (chunk.length === 0)
        throw new CommandError(`Cannot read ${path}: it ended before its ${size} bytes did`);
      hash.update(chunk);
      left -= chunk.length;
      await this.#connection.send(chunk);
    }
    return hash.digest();
  }

  async #read(file: FileHandle, path: string, most: number): Promise<Buffer> {
    const { bytesRead } = await file
      .read(this.#buffer, 0, Math.min(most, READ_BYTES))
      .catch((cause: unknown) => {
        throw unreadable(path, cause);
      });
    return this.#buffer.subarray(0, bytesRead);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // The file may have become a named pipe since it was listed: O_NONBLOCK keeps open() from waiting for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CommandError {
  return new CommandError(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
}

function isRight(answer: Answer, digest: Buffer, bytes: number): boolean {
  return answer.bytes === bytes && answer.digest.equals(digest);
}
