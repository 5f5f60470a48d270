import { once } from 'node:events';
import { readSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const ROOM_BYTES = 262_144;

/** Takes one connection after the other, and compares what comes in with the file. */
export class Receiver {
  readonly #server = createServer();
  readonly #fd: number;
  readonly #expected = Buffer.allocUnsafe(ROOM_BYTES);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static async open(fd: number): Promise<Receiver> {
    const receiver = new Receiver(fd);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // of TCP
  }

  /**
   * The bytes of the next connection, until its end.
   * @param compares whether to compare them: it takes time that the sender waits
   */
  async receive(compares: boolean): Promise<number> {
    const [socket] = (await once(this.#server, 'connection')) as [Socket];
    let bytes = 0;
    socket.on('readable', () => {
      for (let data = socket.read() as Buffer | null; data !== null; data = socket.read() as Buffer | null) {
        if (compares && !this.#isSame(data, bytes)) socket.destroy(new Error(`Wrong bytes behind ${bytes}`));
        bytes += data.length;
      }
    });
    await once(socket, 'end');
    socket.end();
    return bytes;
  }

  close(): void {
    this.#server.close();
  }

  #isSame(data: Buffer, at: number): boolean {
    for (let done = 0; done < data.length; done += ROOM_BYTES) {
      const part = data.subarray(done, done + ROOM_BYTES);
      const count = readSync(this.#fd, this.#expected, 0, part.length, at + done);
      if (!this.#expected.subarray(0, count).equals(part)) return false;
    }
    return true;
  }
}
