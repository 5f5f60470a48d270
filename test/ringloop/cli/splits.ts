import fc from 'fast-check';

/** Cuts `data` at random places; a piece may be empty. */
export function splits(data: Buffer): fc.Arbitrary<Buffer[]> {
  return fc.array(fc.nat({ max: data.length }), { maxLength: 20 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), data.length];
    return places.slice(1).map((end, i) => Buffer.from(data.subarray(places[i], end)));
  });
}
