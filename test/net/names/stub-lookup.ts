import dns from 'node:dns';
import { isIP } from 'node:net';
import sinon from 'sinon';

type Answer = (error: Error | null, addresses?: { address: string; family: number }[]) => void;

/** Lets `answer` stand for node:dns while `body` runs, for names; Node's own servers have IP addresses looked up as well. */
export async function withLookup(
  answer: (host: string, done: Answer, options: dns.LookupAllOptions) => void,
  body: () => Promise<void>,
): Promise<void> {
  const original = dns.lookup;
  const fake = (host: string, ...rest: unknown[]): void => {
    const [options] = rest as [dns.LookupAllOptions];
    const isOurs = isIP(host) === 0 || options.verbatim === true; // Node's own servers do not ask so
    if (isOurs) answer(host, rest[1] as Answer, options);
    else Reflect.apply(original, dns, [host, ...rest]);
  };
  const stub = sinon.stub(dns, 'lookup').callsFake(fake);
  try {
    await body();
  } finally {
    stub.restore();
  }
}

/** A host with these addresses, whatever its name. */
export function withAddresses(addresses: readonly string[], body: () => Promise<void>): Promise<void> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return withLookup((_host, done) => void setImmediate(done, null, found), body);
}
