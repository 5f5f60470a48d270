/**
 * Returns the smallest value such that a `fraction` of `sorted` is not above it (nearest rank); null when there are no
 * values.
 */
export function percentile(sorted: readonly number[], fraction: number): number | null {
  return sorted[Math.max(Math.ceil(sorted.length * fraction) - 1, 0)] ?? null;
}
