import { expect } from 'chai';
import { type NetBackend, SelectorEventLoop } from '@ringloop/net';
import { thrownBy } from '../rejection.js';

describe('net/choose-net', () => {
  let before: string | undefined;

  beforeEach(() => {
    before = process.env.RINGLOOP_NET;
    delete process.env.RINGLOOP_NET;
  });

  afterEach(() => {
    if (before === undefined) delete process.env.RINGLOOP_NET;
    else process.env.RINGLOOP_NET = before;
  });

  const made = (net?: NetBackend): NetBackend => {
    const loop = new SelectorEventLoop(net === undefined ? {} : { net });
    loop.close();
    return loop.net;
  };

  it('chooseNet() takes epoll on Linux, what RINGLOOP_NET names, and before that what the option says', () => {
    expect(made()).to.equal('epoll');
    process.env.RINGLOOP_NET = 'libuv';
    expect([made(), made('epoll')]).to.deep.equal(['libuv', 'epoll']);
    process.env.RINGLOOP_NET = 'epoll';
    expect([made(), made('libuv')]).to.deep.equal(['epoll', 'libuv']);
    process.env.RINGLOOP_NET = '';
    expect(made()).to.equal('epoll');
  });

  it('chooseNet() refuses any other word at once', async () => {
    const option = await thrownBy(() => made('poll' as NetBackend));
    expect(option).to.be.instanceOf(TypeError).and.include({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(option.message).to.equal("The option 'net' must be 'epoll' or 'libuv', got 'poll'");
    process.env.RINGLOOP_NET = 'Libuv';
    expect((await thrownBy(() => made())).message).to.equal(
      "RINGLOOP_NET must be 'epoll' or 'libuv', got 'Libuv'",
    );
    expect((await thrownBy(() => made('epoll'))).message).to.match(/^RINGLOOP_NET must be /);
  });
});
