/**
 * Node 20 parses HTTP in C++ right where it reads a socket, also in a thread that was terminated in a promise's reaction: as this thread
 * must run no JavaScript any more, the parser finds no callback and aborts the whole process ("ToLocalChecked Empty MaybeLocal"). Where
 * somebody has asked for the data of a socket, Node parses when its JavaScript gets the data, which such a thread does not run.
 *
 * Node 22 and later are not concerned, nor is the main thread, which nobody terminates.
 */
import type { Server as HttpServer } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { isMainThread } from 'node:worker_threads';
import type { Duplex } from 'node:stream';

/** Whether parsing in C++ is a danger in this thread. */
const MUST = !isMainThread && Number(process.versions.node.split('.')[0]) < 22;

/** Lets the connections of a server that come from now on be parsed where a terminated thread does not. */
export function parseInJavaScript(server: HttpServer, must = MUST): void {
  if (!must) return;
  // Behind the server's own listener, which begins to parse.
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', askForData);
}

/** To have asked once is enough. */
function askForData(socket: Duplex): void {
  socket.on('data', nothing);
  socket.removeListener('data', nothing);
}

function nothing(): void {
  // The server has a listener of its own.
}
