import { expect } from 'chai';
import { serviceText } from '@ringloop/net/internal';
import { thrownBy } from '../../rejection.js';

describe('net/service-port', () => {
  it('serviceText() takes numbers, digits, names, and nothing for no port', () => {
    expect([80, '80', 'http', '', null, undefined].map(serviceText)).to.deep.equal([
      '80',
      '80',
      'http',
      '',
      null,
      null,
    ]);
  });

  it('serviceText() refuses numbers that are no port, and what is no text', async () => {
    for (const port of [-1, 65_536, 1.5, '65536', {} as string, true as never]) {
      expect(await thrownBy(() => serviceText(port))).to.include({
        name: 'RangeError',
        code: 'ERR_SOCKET_BAD_PORT',
      });
    }
    expect(await thrownBy(() => serviceText('a\0b'))).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
  });
});
