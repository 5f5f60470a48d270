import fc from 'fast-check';

const leaves = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withBoxedValues: true,
  withObjectString: true,
  maxDepth: 3,
});

const container = fc.oneof(
  fc.array(leaves, { maxLength: 4 }),
  fc.dictionary(fc.string({ maxLength: 4 }), leaves, { maxKeys: 5 }),
  fc.constantFrom('array', 'object', 'map', 'set').map(emptyContainer),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => bytes.buffer),
  fc.constant(null).map(() => Symbol('uncloneable')),
);

function emptyContainer(kind: string): object {
  if (kind === 'array') return [];
  if (kind === 'object') return {};
  return kind === 'map' ? new Map() : new Set();
}

/** Lists of arguments: any values, with containers that contain each other, and perhaps themselves. */
export const graphs: fc.Arbitrary<unknown[]> = fc
  .tuple(
    fc.array(container, { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 6 }),
    fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  )
  .map(([nodes, edges, roots]) => {
    for (const [from, to, key] of edges) {
      link(nodes[from % nodes.length], nodes[to % nodes.length], key);
    }
    return roots.map((root) => nodes[root % nodes.length]);
  });

function link(from: unknown, to: unknown, key: string): void {
  if (Array.isArray(from)) from.push(to);
  else if (from instanceof Map) from.set(key, to);
  else if (from instanceof Set) from.add(to);
  else if (typeof from === 'object' && from !== null && Object.getPrototypeOf(from) === Object.prototype)
    Object.defineProperty(from, key, { value: to, writable: true, enumerable: true, configurable: true });
}

/** Whether two values are the same, prototypes, the order of keys and which objects are one included. */
export function sameGraph(a: unknown, b: unknown, seen = new Map<object, object>()): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const known = seen.get(a);
  if (known !== undefined) return known === b;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if ([...seen.values()].includes(b)) return false; // one there, two here
  seen.set(a, b);
  if (a instanceof Date || a instanceof Number || a instanceof String || a instanceof Boolean) {
    if (!Object.is(a.valueOf(), (b as Date).valueOf())) return false; // of one prototype
  }
  if (a instanceof RegExp && !(a.source === (b as RegExp).source && a.flags === (b as RegExp).flags))
    return false; // of one prototype
  if (ArrayBuffer.isView(a)) {
    const other = b as ArrayBufferView; // of one prototype
    if (a.byteOffset !== other.byteOffset || a.byteLength !== other.byteLength) return false;
    return sameGraph(a.buffer, other.buffer, seen);
  }
  if (a instanceof ArrayBuffer) return Buffer.from(a).equals(Buffer.from(b as ArrayBuffer)); // of one prototype
  const [partsA, partsB] = [parts(a), parts(b)];
  return partsA.length === partsB.length && partsA.every((part, i) => sameGraph(part, partsB[i], seen));
}

function parts(object: object): unknown[] {
  const own = Reflect.ownKeys(object).flatMap((key) => {
    const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key) ?? {};
    return [key, Reflect.get(object, key) as unknown, writable, enumerable, configurable];
  });
  if (object instanceof Map) return [...own, ...[...(object as Map<unknown, unknown>)].flat()];
  return object instanceof Set ? [...own, ...(object as Set<unknown>)] : own;
}
