import { constants } from 'node:os';
import { tryPrograms } from '@ringloop/net/internal';
import { expect } from 'chai';

const { EACCES, ENOENT, ENOTDIR, ENOEXEC } = constants.errno;

describe('tryPrograms()', () => {
  function tried(
    program: string,
    path: string | undefined,
    answers: Readonly<Record<string, number>>,
    cwd: string | null = null,
  ): [result: number, files: string[]] {
    const files: string[] = [];
    const result = tryPrograms({ program, path, cwd }, (file, seenFromHere) => {
      const name = file.subarray(0, -1).toString();
      files.push(seenFromHere.equals(file) ? name : `${name} at ${seenFromHere.subarray(0, -1).toString()}`);
      return answers[name] ?? -ENOENT;
    });
    return [result, files];
  }

  it('tries each directory of the PATH until one works', () => {
    expect(tried('p', '/a:/b:/c', { '/b/p': 7 })).to.deep.equal([7, ['/a/p', '/b/p']]);
    expect(tried('p', undefined, {})).to.deep.equal([-ENOENT, ['/bin/p', '/usr/bin/p']]);
  });

  it('does not look into the PATH for what has a slash, or no name', () => {
    expect(tried('./p', '/a', {})).to.deep.equal([-ENOENT, ['./p']]);
    expect(tried('', '/a', {})).to.deep.equal([-ENOENT, ['']]);
  });

  it('takes an empty part of the PATH, and a relative one, from the directory of the child', () => {
    expect(tried('p', ':b:/c', {}, '/home')[1]).to.deep.equal(['p at /home/p', 'b/p at /home/b/p', '/c/p']);
  });

  it('passes over what is missing or refused, and tells of what was refused', () => {
    expect(tried('p', '/a:/b:/c', { '/a/p': -EACCES, '/b/p': -ENOTDIR, '/c/p': 3 })[0]).to.equal(3);
    expect(tried('p', '/a:/b:/c', { '/a/p': -EACCES, '/b/p': -ENOTDIR })[0]).to.equal(-EACCES);
    expect(tried('p', '/a:/b', { '/b/p': -ENOTDIR })[0]).to.equal(-ENOTDIR);
    expect(tried('p', '/a:/b', { '/a/p': -ENOEXEC })).to.deep.equal([-ENOEXEC, ['/a/p']]);
  });
});
