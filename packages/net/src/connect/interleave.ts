/**
 * Lets addresses of different families alternate, the first `firstCount` of the first family before all others. The order within
 * a family stays. Source: RFC 8305, section 4. Python: asyncio.base_events._interleave_addrinfos().
 */
export function interleave<A extends { readonly family: number }>(
  addresses: readonly A[],
  firstCount: number,
): A[] {
  const families = [...new Set(addresses.map(({ family }) => family))];
  const queues = families.map((family) => addresses.filter((address) => address.family === family));
  const mixed = queues[0]?.splice(0, firstCount - 1) ?? [];
  for (let at = 0; at < addresses.length; at++) {
    for (const queue of queues) mixed.push(...queue.slice(at, at + 1));
  }
  return mixed;
}
