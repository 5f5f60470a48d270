import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** The authority that clients trust. */
  readonly ca: string;
  /** For localhost and 127.0.0.1. */
  readonly server: Certificate;
  /** For another host. */
  readonly other: Certificate;
  readonly expired: Certificate;
  readonly selfSigned: Certificate;
  readonly client: Certificate;
}

let made: Certificates | null = null;

/** Certificates that are made by the openssl command, once for all tests. */
export function certificates(): Certificates {
  return (made ??= make());
}

function make(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'ringloop-certificates-'));
  const path = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(path(name), 'utf8');
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const signedBy = (name: string, subject: string, extension: string, ...dates: string[]): Certificate => {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`);
    writeFileSync(path(`${name}.ext`), extension);
    const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...ca,
      '-out',
      `${name}.pem`,
      '-extfile',
      `${name}.ext`,
      ...dates,
    );
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
  };
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
    );
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      's.key',
      '-out',
      's.pem',
      '-subj',
      '/CN=localhost',
      '-days',
      '2',
    );
    return {
      ca: read('ca.pem'),
      selfSigned: { key: read('s.key'), cert: read('s.pem') },
      server: signedBy('server', 'localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2'),
      other: signedBy('other', 'example.com', 'subjectAltName=DNS:example.com', '-days', '2'),
      expired: signedBy('expired', 'localhost', 'subjectAltName=DNS:localhost', '-days', '-1'),
      client: signedBy('client', 'the client', 'extendedKeyUsage=clientAuth', '-days', '2'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
