/**
 * Hashes `count` words, for tables whose size is a power of two. Source: Fibonacci hashing (Knuth), one round for each
 * word.
 */
export function hashWords(words: Int32Array, at: number, count: number): number {
  let hash = count;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
