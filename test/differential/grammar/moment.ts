/** How many moments there are in a second: a power of two, and more than a program has statements. */
export const MOMENTS = 4096;

/** In place of a number of seconds: in `after` seconds, or when the loop's clock says `after`, or rather within the second after that. */
export interface Moment {
  readonly after: number;
  /** Which fraction of that second. */
  readonly moment: number;
}

export function isMoment(value: unknown): value is Moment {
  return typeof value === 'object' && value !== null && 'moment' in value;
}
