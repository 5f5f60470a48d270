// What the pools call by name.
export function echo(value: number): number {
  return value;
}
