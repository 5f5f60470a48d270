import { constants } from 'node:os';
import { libc, signalDispositions } from '@ringloop/net/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { thrownBy } from '../../rejection.js';

const { SIGUSR2, SIGKILL } = constants.signals;

describe('net/libc/signal-dispositions', () => {
  before(function () {
    if (process.platform !== 'linux' || process.env.RINGLOOP_NET === 'libuv') this.skip();
  });

  afterEach(() => sinon.restore());

  it('write() brings back what read() has found, after Node has forgotten it', () => {
    const nothing = (): void => undefined;
    const c = libc();
    const ignore = Buffer.alloc(256);
    ignore[0] = 1; // SIG_IGN
    const before = signalDispositions.read(SIGUSR2);
    c.sigaction(SIGUSR2, ignore, null);
    const ignored = signalDispositions.read(SIGUSR2);
    process.on('SIGUSR2', nothing);
    const caught = signalDispositions.read(SIGUSR2);
    process.off('SIGUSR2', nothing);
    const forgotten = signalDispositions.read(SIGUSR2);
    signalDispositions.write(SIGUSR2, ignored!);
    const restored = signalDispositions.read(SIGUSR2);
    signalDispositions.write(SIGUSR2, before!);

    const handlers = [ignored, caught, forgotten, restored].map((each) =>
      Buffer.from(each!).readBigUInt64LE(),
    );
    expect(handlers).to.deep.equal([1n, handlers[1], 0n, 1n]);
    expect(handlers[1]).to.not.be.oneOf([0n, 1n]);
  });

  it('write() throws what the system says', async () => {
    const disposition = signalDispositions.read(SIGUSR2)!;
    expect(await thrownBy(() => signalDispositions.write(SIGKILL, disposition))).to.include({
      code: 'EINVAL',
      syscall: 'sigaction',
    });
    expect(await thrownBy(() => signalDispositions.read(65))).to.include({
      code: 'EINVAL',
      syscall: 'sigaction',
    });
  });

  it('read() gives nothing where native calls are not wanted', () => {
    sinon.stub(process, 'env').value({ ...process.env, RINGLOOP_NET: 'libuv' });
    expect(signalDispositions.read(SIGUSR2)).to.equal(null);
  });
});
