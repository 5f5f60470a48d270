import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { ResolutionError, SelectorEventLoop } from '@ringloop/net';
import { findPython } from './oracle.js';

/** Arguments of getaddrinfo(): host, port, family, type, proto, flags. None of them needs a resolver outside of this machine. */
type Question = readonly [string | null, number | string | null, number, number, number, number];

// Written as in Python, so that the numbers of both sides are checked as well.
const [INET, INET6, STREAM, DGRAM, TCP, UDP] = [2, 10, 1, 2, 6, 17];
const [PASSIVE, CANONNAME, NUMERICHOST, V4MAPPED, ALL, ADDRCONFIG, NUMERICSERV] = [1, 2, 4, 8, 16, 32, 1024];

const HOSTS = [
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '2130706433',
  '::1',
  '::',
  'fe80::1%lo',
  'localhost',
  '',
  null,
];
const PORTS = [80, 0, '80', '', 'http', 'domain', 'no-such-service', null];
const KINDS: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [INET, 0, 0],
  [INET6, 0, 0],
  [0, STREAM, 0],
  [0, DGRAM, 0],
  [0, 0, TCP],
  [0, 0, UDP],
  [INET, STREAM, UDP],
  [99, 0, 0],
  [0, 99, 0],
];
const FLAGS = [
  0,
  PASSIVE,
  NUMERICHOST,
  NUMERICSERV,
  CANONNAME,
  V4MAPPED,
  V4MAPPED | ALL,
  ADDRCONFIG,
  1 << 30,
];

/** Each argument is varied while the others are ordinary, and hosts with everything. */
function questions(): Question[] {
  const all: Question[] = [];
  for (const host of HOSTS) {
    for (const port of PORTS) all.push([host, port, 0, 0, 0, 0], [host, port, 0, STREAM, 0, 0]);
    for (const kind of KINDS) for (const flags of FLAGS) all.push([host, 80, ...kind, flags]);
  }
  return all;
}

const SCRIPT = `
import json, socket, sys
def ask(question):
    try:
        return [[f, t, p, c, a[0] + ('%lo' if len(a) > 2 and a[3] == 1 and '%' not in a[0] else ''), a[1]]
                for f, t, p, c, a in socket.getaddrinfo(*question)]
    except socket.gaierror as error:
        return error.errno
print(json.dumps([ask(question) for question in json.load(sys.stdin)]))
`;

const python = findPython();
const against =
  typeof python === 'string' ? `skipped: ${python}` : `against Python 3.${python.version.join('.')}`;

describe(`differential/names, ${against}`, () => {
  before(function () {
    if (typeof python === 'string') this.skip();
  });

  // Cases of test_dns (uvloop): getaddrinfo_1 to 22
  it('EventLoop.getaddrinfo() answers as the C library tells Python', async function () {
    this.timeout(60_000);
    if (typeof python === 'string') return;
    const asked = questions();
    const input = JSON.stringify(asked);
    const theirs = JSON.parse(
      execFileSync(python.command, ['-c', SCRIPT], { input }).toString(),
    ) as unknown[];
    const loop = new SelectorEventLoop();
    try {
      await loop.runUntilComplete(async () => {
        for (const [index, question] of asked.entries()) {
          const ours = await answer(loop, question);
          expect(ours, JSON.stringify(question)).to.deep.equal(expected(question, theirs[index]));
        }
      });
    } finally {
      loop.close();
    }
  });
});

async function answer(
  loop: SelectorEventLoop,
  [host, port, family, type, proto, flags]: Question,
): Promise<unknown> {
  try {
    const infos = await loop.getaddrinfo(host, port, { family, type, proto, flags });
    return infos.map((info) => [
      info.family,
      info.type,
      info.proto,
      info.canonname,
      info.sockaddr.address,
      info.sockaddr.port,
    ]);
  } catch (thrown) {
    if (thrown instanceof ResolutionError) return thrown.errno;
    throw thrown;
  }
}

const EAI_NONAME = -2;
const NO_ADDRESS = [-5, -9]; // EAI_NODATA, EAI_ADDRFAMILY

/** node:dns has one code for hosts without a name and for names without an address. */
function expected([host, , , , , flags]: Question, theirs: unknown): unknown {
  const byNode = host === 'localhost' && (flags & CANONNAME) === 0;
  return byNode && NO_ADDRESS.includes(theirs as number) ? EAI_NONAME : theirs;
}
