import type net from 'node:net';
import { AF_UNIX } from '../libc/linux-abi.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { HandlePipe } from '../pipes/handle-pipe.js';

/** Our end of a pipe that node:child_process has made: a socket of Node's. */
export class HandleEnd extends HandlePipe {
  constructor(selector: HandleSelector, socket: net.Socket) {
    const stream = new HandleStream(selector, AF_UNIX, socket, { sockname: '', peername: '' });
    super(stream, 'pipe');
    // When the child ends, Node reads and drops what is left in its pipes, unless somebody listens.
    if (socket.readable) stream.watched('reader');
  }
}
