/**
 * Which folders of a package may import which: a folder imports those before it in its list, and files of the package's root. The
 * linter and test/house read this.
 */
export const FOLDERS = {
  core: ['memory', 'ports', 'debug', 'sync', 'queues', 'waiting'],
  threadsafe: [
    'memory',
    'codec',
    'references',
    'out-of-band',
    'exits',
    'inbox',
    'calls',
    'control',
    'loop',
    'signals',
    'threads',
    'group',
    'shared',
  ],
  executor: [],
  net: [
    'libc',
    'sockets',
    'wakeup',
    'selector',
    'node-handles',
    'names',
    'transports',
    'tls',
    'pipes',
    'connect',
    'sock-calls',
    'sendfile',
    'server',
    'streams',
    'processes',
  ],
  ringloop: ['serving', 'testing', 'cli'],
};
