/** What repeated measurements of one thing say. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

/** The nearest-rank quantile of sorted values. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN;
}

/** The ratio of the medians, with the smallest and largest ratio within one round: both lists are round by round. */
export function ratioOf(values: readonly number[], base: readonly number[]): Spread {
  const { min, max } = spreadOf(values.map((value, round) => value / (base[round] ?? NaN)));
  return { median: spreadOf(values).median / spreadOf(base).median, min, max };
}
