import fc from 'fast-check';
import type { Act, Reaction, SideOptions, SocketProgram, Step } from './program.js';

const SIZES = [0, 1, 7, 1000, 1_500_000] as const;

/** Bytes of a datagram: several fit into the receiver's buffer; the last one is more than UDP has. */
const datagramSize = fc.constantFrom(1, 500, 9000, 70_000);
/** Where nobody listens: only root may. */
const NOBODY = { host: '127.0.0.1', port: 1 };

const size = fc.constantFrom(...SIZES);
const acts = (writelines: boolean): fc.Arbitrary<Act> =>
  fc.oneof(
    { weight: 4, arbitrary: size.map((bytes): Act => ['write', bytes]) },
    { weight: writelines ? 1 : 0, arbitrary: size.map((bytes): Act => ['writelines', bytes]) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 5000, 100_000).map((bytes): Act => ['limits', bytes]) },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(
          'writeEof',
          'pause',
          'resume',
          'query',
          'pause',
          'resume',
          'writeText',
          'closeServer' as const,
        )
        .map((name): Act => [name as 'query', null]),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('close', 'abort', 'reset' as const)
        .map((name): Act => [name as 'close', null]),
    },
  );

/** Not in the middle of data: how much of it comes after that is the system's business. */
const kinds: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom(1000, 100_000).map((bytes): Act => ['lend', bytes]),
  fc.constant<Act>(['plain', null]),
);

function reactions(act: fc.Arbitrary<Act>): fc.Arbitrary<Reaction> {
  const orRaise = fc.oneof(
    { weight: 8, arbitrary: act },
    { weight: 1, arbitrary: fc.constant<Act>(['raise', null]) },
  );
  const some = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(each, { minLength: 1, maxLength: 2 });
  return fc.oneof(
    fc.record({
      on: fc.constantFrom('eof', 'lost', 'pause', 'resume' as const),
      acts: some(orRaise),
    }),
    // A reset would be a race with the other side, which is still connecting.
    fc.record({
      on: fc.constant('made' as const),
      acts: some(
        fc.oneof(
          orRaise.filter(([name]) => name !== 'reset'),
          kinds,
        ),
      ),
    }),
    // How much more of a stream has arrived by then is not the loop's business: nothing here may depend on it.
    fc.record({
      on: fc.constant('data' as const),
      acts: some(act.filter(([name]) => !['close', 'abort', 'reset', 'pause', 'resume'].includes(name))),
    }),
  );
}

/**
 * Programs in which one side sends files. CPython itself loses a sendfile() when the transport is closed or another one begins
 * meanwhile, so both sides stay open, and there is one file at a time: a step ends when the peer has read it, unless it is the last.
 */
export function sendfilePrograms(writelines: boolean): fc.Arbitrary<SocketProgram> {
  const file: fc.Arbitrary<Act> = fc
    .tuple(
      fc.constantFrom(0, 1, 1000, 1_500_000),
      fc.constantFrom(0, 1, 999, 1000, 700_000),
      fc.constantFrom(null, 1, 5000, 1_000_000),
    )
    .map((part): Act => ['sendfile', part]);
  const act = acts(writelines).filter(([name]) => !['close', 'abort', 'reset', 'writeEof'].includes(name));
  const some = fc.array(act, { maxLength: 3 });
  const sending = fc
    .tuple(fc.boolean(), some, file, some, some)
    .map(([isPaused, before, send, during, theirs]): Step[] => [
      { side: 'server', acts: [[isPaused ? 'pause' : 'resume', null]] },
      { side: 'client', acts: [...before, send] },
      { side: 'client', acts: during },
      { side: 'server', acts: [...theirs, ['resume', null]] },
      { side: 'client', acts: [['query', null]] },
    ]);
  const options: fc.Arbitrary<SideOptions> = fc.record({
    keepOpen: fc.constant(true),
    reactions: fc.array(
      fc.record({ on: fc.constantFrom('data', 'pause', 'resume' as const), acts: some }).filter(calm),
      { maxLength: 2 },
    ),
  });
  return fc.record({
    family: fc.constantFrom('tcp', 'unix' as const),
    server: options,
    client: options,
    steps: fc.array(sending, { minLength: 1, maxLength: 3 }).map((steps) => steps.flat()),
  });
}

/** What a side that sends to an address of its choice does. It stays open: asyncio sends behind its `close()`, or fails. */
const unconnected: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: datagramSize.map((bytes): Act => ['reply', bytes]) },
  { weight: 1, arbitrary: datagramSize.map((bytes): Act => ['sendTo', [bytes, NOBODY]]) },
  { weight: 1, arbitrary: fc.constantFrom(0, 5000).map((bytes): Act => ['limits', bytes]) },
  { weight: 1, arbitrary: fc.constantFrom('query', 'sendText' as const).map((name): Act => [name, null]) },
);

/** What a side with a remote address does: it may close, too, and go on. */
const connected: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: datagramSize.map((bytes): Act => ['send', bytes]) },
  { weight: 3, arbitrary: unconnected },
);
const ending: fc.Arbitrary<Act> = fc.constantFrom('close', 'abort' as const).map((name): Act => [name, null]);

/** Programs of datagrams by UDP. */
export function datagramPrograms(): fc.Arbitrary<SocketProgram> {
  const options = (act: fc.Arbitrary<Act>, ons: readonly Reaction['on'][]): fc.Arbitrary<SideOptions> => {
    const orRaise = fc.oneof(
      { weight: 6, arbitrary: act },
      { weight: 1, arbitrary: fc.constant<Act>(['raise', null]) },
    );
    const reaction = fc.record({
      on: fc.constantFrom(...ons),
      acts: fc.array(orRaise, { minLength: 1, maxLength: 2 }),
    });
    return fc.record({ keepOpen: fc.constant(false), reactions: fc.array(reaction, { maxLength: 4 }) });
  };
  const step = (side: Step['side'], act: fc.Arbitrary<Act>): fc.Arbitrary<Step> =>
    fc.record({ side: fc.constant(side), acts: fc.array(act, { minLength: 1, maxLength: 3 }) });
  const orEnd = fc.oneof({ weight: 12, arbitrary: connected }, { weight: 1, arbitrary: ending });
  const talk = fc.array(fc.oneof(step('client', connected), step('server', unconnected)), { maxLength: 5 });
  const end = fc.oneof(step('server', ending), step('client', orEnd));
  return fc.record({
    family: fc.constant('udp' as const),
    server: options(unconnected, ['made', 'data', 'error']),
    client: options(connected, ['made', 'data', 'error', 'lost']),
    // Nobody is there any more, or this side itself is closed.
    steps: fc
      .tuple(talk, end, fc.array(step('client', orEnd), { maxLength: 4 }))
      .map(([before, middle, after]) => [...before, middle, ...after]),
  });
}

/** How much more of a stream has arrived by then is not the loop's business: nothing here may depend on it. */
function calm({ on, acts: list }: Reaction): boolean {
  return on !== 'data' || list.every(([name]) => name !== 'pause' && name !== 'resume');
}

/** Programs of connections. */
export function socketPrograms(writelines: boolean): fc.Arbitrary<SocketProgram> {
  const act = acts(writelines);
  const options: fc.Arbitrary<SideOptions> = fc.record({
    keepOpen: fc.boolean(),
    reactions: fc.array(reactions(act), { maxLength: 3 }),
  });
  const step = fc.record({
    side: fc.constantFrom('server', 'client' as const),
    acts: fc.array(fc.oneof({ weight: 9, arbitrary: act }, { weight: 1, arbitrary: kinds }), {
      minLength: 1,
      maxLength: 3,
    }),
  });
  return fc.record({
    family: fc.constantFrom('tcp', 'unix' as const),
    server: options,
    client: options,
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  });
}
