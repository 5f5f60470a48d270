// The thread in which the C library looks up what node:dns cannot (lookup-thread.ts): here it may block.
import { parentPort } from 'node:worker_threads';
import { libcGetaddrinfo, libcGetnameinfo } from './libc-names.js';
import type { LookupAnswer, LookupRequest } from './lookup-thread.js';

const port = parentPort;
port?.on('message', ({ number, question }: LookupRequest) => {
  const { kind } = question;
  const result =
    kind === 'getaddrinfo'
      ? libcGetaddrinfo(question.host, question.service, question.hints)
      : libcGetnameinfo(Buffer.from(question.address), question.flags);
  port.postMessage({ number, result } satisfies LookupAnswer);
});
