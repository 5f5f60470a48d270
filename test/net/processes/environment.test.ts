import { expect } from 'chai';
import { Environment } from '@ringloop/net/internal';

describe('processes/environment', () => {
  it('Environment has the variables that were given, in their order, and leaves out what is undefined', () => {
    const environment = new Environment({ B: '2', PATH: '/bin', A: 'a=b', none: undefined, empty: '' });
    expect(environment.lines).to.deep.equal(['B=2', 'PATH=/bin', 'A=a=b', 'empty=']);
    expect(environment.path).to.equal('/bin');
    expect(environment.toObject()).to.deep.equal({ B: '2', PATH: '/bin', A: 'a=b', empty: '' });
    expect(new Environment({}).lines).to.deep.equal([]);
    expect(new Environment({}).path).to.equal(undefined);
  });

  it('Environment is that of this thread at this moment when none is given', () => {
    expect(new Environment(null).toObject()).to.deep.equal({ ...process.env });
    process.env.RINGLOOP_TEST_LATER = 'ünï';
    try {
      expect(new Environment(null).lines).to.include('RINGLOOP_TEST_LATER=ünï');
    } finally {
      delete process.env.RINGLOOP_TEST_LATER;
    }
    expect(new Environment(null).path).to.equal(process.env.PATH);
  });

  it('Environment refuses what the system cannot pass on', () => {
    const refuses = (env: unknown, message: string, code: string): void => {
      const make = (): Environment => new Environment(env as Record<string, string>);
      expect(make).to.throw(TypeError, message).with.property('code', code);
    };
    refuses(5, 'env must be an object or null, got 5', 'ERR_INVALID_ARG_TYPE');
    refuses({ A: 1 }, 'env.A must be a string, got 1', 'ERR_INVALID_ARG_TYPE');
    refuses({ A: Buffer.from('x') }, 'env.A must be a string, got <Buffer 78>', 'ERR_INVALID_ARG_TYPE');
    refuses({ A: 'x\0' }, 'env.A must not have a null byte', 'ERR_INVALID_ARG_VALUE');
    refuses({ 'A\0': 'x' }, 'A name in env must not have a null byte', 'ERR_INVALID_ARG_VALUE');
    refuses({ 'A=': 'x' }, "Illegal name of an environment variable: 'A='", 'ERR_INVALID_ARG_VALUE');
    refuses({ '': 'x' }, "Illegal name of an environment variable: ''", 'ERR_INVALID_ARG_VALUE');
  });

  it('Environment refuses what other code has put in place of process.env', () => {
    const { env } = process;
    process.env = { NAME: 7 as unknown as string };
    try {
      expect(() => new Environment(null)).to.throw(TypeError, 'process.env.NAME must be a string, got 7');
    } finally {
      process.env = env;
    }
  });
});
