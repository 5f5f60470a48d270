import { Server as NodeServer } from 'node:net';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';

/** What a handler of `serveHttp()` is told. */
export interface HttpContext {
  /** The index of the loop in its group. */
  readonly index: number;
  /** Aborted when the service begins to close. The time to end WebSockets and other streams that would go on. */
  readonly signal: AbortSignal;
}

/**
 * An application: `server` is Node's, or answers the requests. An instance of Fastify is one.
 */
export interface HttpApplication {
  /** A server that does not listen, or a function that answers requests. */
  readonly server: HttpServer | RequestListener;
  /** Called before the first connection. */
  ready?(): unknown;
  /** Called in each loop when its last connection is gone. */
  close?(): unknown;
}

/** What a handler may return: Express' `app` and Koa's `app.callback()` are request listeners. */
export type HttpHandlerResult = RequestListener | HttpServer | HttpApplication;

/** Server of Node that does not listen, and what must be called at its end. */
export interface OpenApplication {
  readonly server: HttpServer;
  close(): Promise<void>;
}

/**
 * Makes a server of what a handler has returned.
 * @throws {TypeError} ERR_INVALID_RETURN_VALUE when that is none, ERR_INVALID_ARG_VALUE when it listens
 */
export async function openApplication(result: unknown): Promise<OpenApplication> {
  if (isServer(result) || typeof result === 'function') {
    return { server: serverOf(result), close: () => Promise.resolve() };
  }
  if (typeof result === 'object' && result !== null && 'server' in result) {
    const application = result as HttpApplication; // its parts are checked below
    // Fastify's server has no routes before it is ready.
    if (typeof application.ready === 'function') await application.ready();
    const close = async (): Promise<void> => {
      await application.close?.();
    };
    return { server: serverOf(application.server), close };
  }
  throw notAnApplication(result);
}

function serverOf(made: unknown): HttpServer {
  if (typeof made === 'function') {
    const { createServer } = process.getBuiltinModule('node:http'); // most threads serve no HTTP, and need not load it
    return createServer(made as RequestListener); // any function may be one
  }
  if (!isServer(made)) throw notAnApplication(made);
  if (made.listening) {
    throw typeError('The server of a handler must not listen: serveHttp() does it', 'ERR_INVALID_ARG_VALUE');
  }
  return made;
}

/** Also a server of another copy of node:http, or of node:https. */
function isServer(value: unknown): value is HttpServer {
  return value instanceof NodeServer && 'closeIdleConnections' in value;
}

function notAnApplication(result: unknown): TypeError {
  const found = inspect(result, { depth: 0 });
  return typeError(
    `A handler of serveHttp() must return a request listener, a server or an application, got ${found}`,
    'ERR_INVALID_RETURN_VALUE',
  );
}
