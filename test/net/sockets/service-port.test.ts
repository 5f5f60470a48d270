import { expect } from 'chai';
import { portNumber } from '@ringloop/net/internal';
import { thrownBy } from '../../rejection.js';

describe('net/service-port', () => {
  it('portNumber() takes numbers, digits, and nothing for 0', () => {
    expect([80, '80', '0', '', null, undefined].map(portNumber)).to.deep.equal([80, 80, 0, 0, 0, 0]);
  });

  it('portNumber() looks up the names of services (skipped without /etc/services)', function () {
    try {
      expect(portNumber('http')).to.equal(80);
    } catch (thrown) {
      if ((thrown as Error).message.startsWith('Cannot find')) this.skip(); // a machine without /etc/services
      throw thrown;
    }
  });

  it('portNumber() refuses what is no port', async () => {
    for (const port of [-1, 65_536, 1.5, '65536', 'no-such-service']) {
      expect(await thrownBy(() => portNumber(port))).to.include({
        name: 'RangeError',
        code: 'ERR_SOCKET_BAD_PORT',
      });
    }
  });
});
