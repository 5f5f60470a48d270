import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cliFile } from './cli-file.js';
import { rejection } from '../../rejection.js';
import { TemporaryFolder } from './temporary-folder.js';

const { listFiles } = (await cliFile(
  'list-files',
)) as typeof import('../../../packages/ringloop/dist/cli/list-files.js');
const { CommandError } = (await cliFile(
  'errors',
)) as typeof import('../../../packages/ringloop/dist/cli/errors.js');

describe('ringloop/cli/list-files', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = new TemporaryFolder({ 'b.txt': 'b', 'a/z.txt': 'z', 'a/a/deep.txt': '', 'c/y.txt': 'y' });
  });
  afterEach(() => folder.remove());

  const inFolder = (...names: string[]): string[] => names.map((name) => join(folder.path, name));

  it('listFiles() finds the files of all subfolders, in the order of their names', async () => {
    const files = await listFiles(folder.path, { limit: 10 });
    expect(files).to.deep.equal(inFolder('b.txt', 'a/z.txt', 'a/a/deep.txt', 'c/y.txt'));
  });

  it('listFiles() stops at the limit', async () => {
    expect(await listFiles(folder.path, { limit: 2 })).to.deep.equal(inFolder('b.txt', 'a/z.txt'));
  });

  it('listFiles() passes over symbolic links and named pipes', async () => {
    symlinkSync(join(folder.path, 'b.txt'), join(folder.path, 'link'));
    symlinkSync(folder.path, join(folder.path, 'a', 'upwards'));
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    expect(await listFiles(folder.path, { limit: 10 })).to.have.length(4);
  });

  it('listFiles() takes a link to a folder when it is asked for by name', async () => {
    const link = join(folder.path, 'link');
    symlinkSync(join(folder.path, 'c'), link);
    expect(await listFiles(link, { limit: 10 })).to.deep.equal([join(link, 'y.txt')]);
  });

  it('listFiles() gives what it has when it is interrupted', async () => {
    const files = await listFiles(folder.path, { limit: 10, signal: AbortSignal.abort() });
    expect(files).to.deep.equal(inFolder('b.txt'));
  });

  it('listFiles() rejects when there is no file', async () => {
    const empty = join(folder.path, 'empty');
    mkdirSync(join(empty, 'inside'), { recursive: true });
    const error = await rejection(listFiles(empty, { limit: 10 }));
    expect(error).to.be.instanceOf(CommandError);
    expect(error.message).to.equal(`Cannot digest ${empty}: there is no regular file in it`);
  });

  it('listFiles() rejects when the folder does not exist, or is a file', async () => {
    const missing = join(folder.path, 'missing');
    const file = join(folder.path, 'b.txt');
    expect((await rejection(listFiles(missing, { limit: 1 }))).message).to.equal(
      `Cannot read the folder ${missing}: it does not exist`,
    );
    expect((await rejection(listFiles(file, { limit: 1 }))).message).to.equal(
      `Cannot read the folder ${file}: it is not a folder`,
    );
  });
});
