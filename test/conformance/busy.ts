/** Keeps the thread busy for `seconds`. */
export function stayBusy(seconds: number): void {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until);
}
