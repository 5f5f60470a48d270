import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the load asks for, and the body that it expects. */
export const HELLO = { path: '/', body: 'Hello, World!' } as const;
export const WORK = { path: '/work', body: '75025' } as const;

/** About a millisecond of JavaScript: a handler that computes. */
export function work(): string {
  return String(fibonacci(25));
}

export function answerHttp(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/plain');
  response.end(request.url === WORK.path ? work() : HELLO.body);
}

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
