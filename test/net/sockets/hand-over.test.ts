import { expect } from 'chai';
import { Socket } from '@ringloop/net';
import { answered, offer, refuse, take, tryWithdraw } from '@ringloop/net/internal';
import { openDescriptors } from '../descriptors.js';
import { thrownBy } from '../../rejection.js';

/** A socket with its peer. The test is over when both are closed. */
function pair(): [Socket, Socket] {
  return Socket.socketpair();
}

describe('net/hand-over', () => {
  let before: number;
  beforeEach(() => (before = openDescriptors().size));
  afterEach(() => expect(openDescriptors().size).to.equal(before));

  it('take() makes a descriptor of its own, and tells the sender', async () => {
    const [sock, peer] = pair();
    const sent = offer(sock);
    const answer = answered(sent);
    const taken = take(sent);
    expect(await answer).to.equal('taken');
    expect(taken.fileno()).not.to.equal(sock.fileno());
    sock.close();
    taken.send(Buffer.from('x'));
    expect(peer.recv(10).toString()).to.equal('x');
    taken.close();
    expect(peer.recv(10)).to.have.length(0); // the end of the stream: no third descriptor is left
    peer.close();
  });

  it('take() refuses what was withdrawn, refused or taken before', async () => {
    for (const [end, answer] of [
      [tryWithdraw, 'withdrawn'],
      [refuse, 'refused'],
      [(sent: ReturnType<typeof offer>) => take(sent).close(), 'taken'],
    ] as const) {
      const [sock, peer] = pair();
      const sent = offer(sock);
      end(sent);
      expect(await thrownBy(() => take(sent))).to.include({ code: 'ERR_CONNECTION_GONE' });
      expect(await answered(sent)).to.equal(answer);
      sock.close();
      peer.close();
    }
  });

  it('take() refuses a number that belongs to another file by now', async () => {
    const [sock, peer] = pair();
    const sent = offer(sock);
    sock.close();
    expect(await thrownBy(() => take(sent))).to.include({ code: 'ERR_CONNECTION_GONE' }); // no file
    const [other, another] = pair();
    expect([other.fileno(), another.fileno()]).to.include(sent.ticket.fileno);
    expect(await thrownBy(() => take(sent))).to.include({ code: 'ERR_CONNECTION_GONE' });
    expect(tryWithdraw(sent)).to.equal(true); // it was not taken
    for (const each of [peer, other, another]) each.close();
  });

  it('tryWithdraw() is false once the connection was taken', () => {
    const [sock, peer] = pair();
    const sent = offer(sock);
    const taken = take(sent);
    expect(tryWithdraw(sent)).to.equal(false);
    for (const each of [sock, peer, taken]) each.close();
  });

  it('tryWithdraw() wakes a sender whose receiver was killed between its answer and the notification', async () => {
    const [sock, peer] = pair();
    const sent = offer(sock);
    const answer = answered(sent);
    const taken = Socket.fromTicket(sent.ticket);
    new Int32Array(sent.memory)[0] = 1; // taken, and nobody is told
    expect(tryWithdraw(sent)).to.equal(false);
    expect(await answer).to.equal('taken');
    for (const each of [sock, peer, taken]) each.close();
  });
});
