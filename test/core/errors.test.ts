import { runInNewContext } from 'node:vm';
import {
  CancelledError,
  ExceptionGroup,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  SystemExit,
} from '@ringloop/core';
import { endsTheLoop, rangeError, toError, typeError } from '@ringloop/core/internal';
import { expect } from 'chai';
import { coreFile } from './core-file.js';

const { asCancellation } = (await coreFile('errors')) as typeof import('../../packages/core/dist/errors.js');

describe('core/errors', () => {
  it('Errors have a name and a stable code', () => {
    const errors = [
      new LoopStateError('closed', 'ERR_LOOP_CLOSED'),
      new CancelledError(),
      new InvalidStateError(),
      new SystemExit(3),
      new KeyboardInterrupt(),
      new InternalError('broken'),
      typeError('wrong'),
      rangeError('wrong'),
    ];
    expect(errors.map(({ name, code }) => `${name} ${code}`)).to.deep.equal([
      'LoopStateError ERR_LOOP_CLOSED',
      'CancelledError ERR_CANCELLED',
      'InvalidStateError ERR_INVALID_STATE',
      'SystemExit ERR_SYSTEM_EXIT',
      'KeyboardInterrupt ERR_KEYBOARD_INTERRUPT',
      'InternalError ERR_INTERNAL',
      'TypeError ERR_INVALID_ARG_TYPE',
      'RangeError ERR_OUT_OF_RANGE',
    ]);
  });

  it('InternalError asks for a report and keeps its cause', () => {
    const cause = new Error('why');
    const error = new InternalError('Broken', { cause });
    expect([error.message, error.cause]).to.deep.equal([
      'Broken (this is a bug in ringloop, please report it)',
      cause,
    ]);
  });

  it('SystemExit has an exit code', () => {
    expect([new SystemExit().exitCode, new SystemExit(3).exitCode]).to.deep.equal([0, 3]);
  });

  it('endsTheLoop() is for SystemExit and KeyboardInterrupt', () => {
    const thrown = [new SystemExit(), new KeyboardInterrupt(), new CancelledError(), null, 'SystemExit'];
    expect(thrown.map(endsTheLoop)).to.deep.equal([true, true, false, false, false]);
  });

  it('toError() leaves errors alone and wraps all else', () => {
    const error = new RangeError('as it is');
    expect(toError(error)).to.equal(error);
    expect(toError(5)).to.deep.include({ message: 'Thrown: 5', cause: 5 });
  });

  it('asCancellation() recognises the errors that stand for a cancellation', () => {
    const cancelled = new CancelledError('m');
    const aborted = (cause: unknown): Error =>
      Object.assign(new Error('aborted', { cause }), { name: 'AbortError' });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(
      [cancelled, aborted(cancelled), new AggregateError([cancelled, new CancelledError()])].map(
        asCancellation,
      ),
    ).to.deep.equal([cancelled, cancelled, cancelled]);
    for (const other of [
      aborted('no'),
      new AggregateError([]),
      new ExceptionGroup('g', [cancelled]),
      5,
      null,
      proxy,
    ]) {
      expect(asCancellation(other)).to.equal(null);
    }
  });

  it('asCancellation() knows errors of another realm, as in jest and in node:vm', () => {
    const cancelled = new CancelledError('m');
    const make = (code: string): Error => runInNewContext(code, { cancelled }) as Error;
    const aborted = make(`Object.assign(new Error('aborted', { cause: cancelled }), { name: 'AbortError' })`);
    const all = make('new AggregateError([cancelled, cancelled])');
    expect([aborted, all].map(asCancellation)).to.deep.equal([cancelled, cancelled]);
    const others = [
      make(`new Error('no')`),
      make('new AggregateError([])'),
      make(`Object.assign(new Error(), { name: 'AggregateError' })`),
    ];
    expect(others.map(asCancellation)).to.deep.equal([null, null, null]);
  });

  it('toError() and endsTheLoop() accept values whose properties throw when they are read', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect([endsTheLoop(proxy), toError(proxy).message]).to.deep.equal([false, 'Thrown: <Revoked Proxy>']);
  });
});
