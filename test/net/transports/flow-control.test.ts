import { expect } from 'chai';
import type { WriteBufferLimits } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { thrownBy } from '../../rejection.js';
import { linked } from '../linked.js';

describe('net/flow-control', () => {
  // test_transports.TransportTests / uvloop _TestTCP.test_tcp flowcontrol_mixin: set_write_limits
  it('FlowControl.setLimits() derives the mark that is missing', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const given: WriteBufferLimits[] = [
        {},
        { low: 16_385 },
        { high: 1024, low: 128 },
        { high: 256, low: 128 },
        { high: 1000 },
        { high: 0 },
      ];
      const derived = given.map((limits) => {
        transport.setWriteBufferLimits(limits);
        return transport.getWriteBufferLimits();
      });
      expect(derived).to.deep.equal([
        [16_384, 65_536],
        [16_385, 65_540],
        [128, 1024],
        [128, 256],
        [250, 1000],
        [0, 0],
      ]);
      peer.close();
    }));

  it('FlowControl.setLimits() refuses marks out of order', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const error = await thrownBy(() => transport.setWriteBufferLimits({ high: 0, low: 1 }));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal('high (0) must be >= low (1) must be >= 0');
      expect(await thrownBy(() => transport.setWriteBufferLimits({ low: -1 }))).to.be.instanceOf(RangeError);
      expect(await thrownBy(() => transport.setWriteBufferLimits({ high: NaN }))).to.be.instanceOf(
        RangeError,
      );
      peer.close();
    }));

  it('FlowControl.setLimits() refuses marks that are no numbers', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const before = transport.getWriteBufferLimits();
      for (const mark of ['9', true, {}] as unknown as number[]) {
        expect(await thrownBy(() => transport.setWriteBufferLimits({ high: mark }))).to.include({
          code: 'ERR_INVALID_ARG_TYPE',
        });
        expect(await thrownBy(() => transport.setWriteBufferLimits({ low: mark }))).to.include({
          code: 'ERR_INVALID_ARG_TYPE',
        });
      }
      expect(transport.getWriteBufferLimits()).to.deep.equal(before);
      peer.close();
    }));
});
