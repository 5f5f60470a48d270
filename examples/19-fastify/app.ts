import fastify, { type FastifyInstance } from 'fastify';
import { type HttpContext, remote } from 'ringloop';

let closed: Int32Array | null = null;

/** Counts the applications that have closed, in memory that all loops share. */
export const countClosed = remote(
  import.meta.url,
  async function countClosed(words: Int32Array): Promise<void> {
    closed = words;
  },
);

/** Makes the application of one loop. serveHttp() waits until it is ready, and closes it at the end. */
export const makeApp = remote(import.meta.url, function makeApp({ index }: HttpContext): FastifyInstance {
  const app = fastify();
  app.get<{ Params: { name: string } }>('/hello/:name', async (request) => ({
    hello: request.params.name,
    loop: index,
  }));
  app.addHook('onClose', async () => {
    if (closed !== null) Atomics.add(closed, 0, 1);
  });
  return app;
});
