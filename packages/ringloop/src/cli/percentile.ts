/** The smallest of `sorted` that is not below a `fraction` of them; null when there are none. */
export function percentile(sorted: readonly number[], fraction: number): number | null {
  return sorted[Math.max(Math.ceil(sorted.length * fraction) - 1, 0)] ?? null;
}
