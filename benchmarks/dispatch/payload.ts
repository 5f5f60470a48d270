/** What one call carries. */
export type Payload = number | string | Readonly<Record<string, unknown>> | Uint8Array;

/** The same for all peers; made once, as a program has it that sends what it was given. */
export const PAYLOADS = {
  number: 1,
  string: 'GET /index.html',
  object: { id: 42, name: 'order', paid: true },
  bytes: bytesOf(1024),
} as const satisfies Record<string, Payload>;

export function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(7); // not pooled: structured clone would copy the whole pool along
}
