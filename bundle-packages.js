/**
 * Puts the JavaScript of each package together, after `tsc -b` has compiled it to `dist/.modules`.
 *
 * A thread that imports ringloop pays for each file that Node must find, read and link: with a file a module, that was
 * three quarters of the time in which a thread starts. So the modules that the exports of a package reach are one file,
 * `dist/bundle.js`. Each of them still has a file of its own in `dist`, which exports from the bundle what the module
 * exports: other threads find remote functions by the address of their module, and tests import single modules.
 *
 * All other modules (the first files of threads, the command line, what `#atomics` stands for) stay as they are.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

/** @typedef {import('rollup').Plugin} Plugin */

/** The modules by which other packages enter a package. */
const ENTRIES = ['index.js', 'internal.js'];
const BUNDLE = 'bundle.js';

/** @type {import('rollup').InputOptions} */
const options = {
  external: (id) => !/^[./]/.test(id),
  treeshake: false,
  onwarn: ({ code, message }) => {
    if (code !== 'CIRCULAR_DEPENDENCY' && code !== 'UNUSED_EXTERNAL_IMPORT') throw new Error(message);
  },
};

/** @param {string} folder */
async function bundlePackage(folder) {
  const dist = join(folder, 'dist');
  const modules = join(dist, '.modules'); // where tsc has written to
  const files = listFiles(join(folder, 'src'), /\.c?ts$/).map((file) => file.replace(/ts$/, 'js'));
  if (
    isUpToDate(join(dist, BUNDLE), [
      ...files.map((file) => join(modules, file)),
      fileURLToPath(import.meta.url),
    ])
  )
    return;

  const exportsOf = await findExports(modules);
  const { code, map } = await bundle(modules, exportsOf, join(dist, BUNDLE));
  /** @type {Map<string, string>} */
  const output = new Map([[`${BUNDLE}.map`, map]]);
  for (const file of files) {
    const names = exportsOf.get(file);
    if (names === undefined) {
      output.set(file, readFileSync(join(modules, file), 'utf8'));
      output.set(`${file}.map`, JSON.stringify(mapFrom(join(modules, file), dirname(join(dist, file)))));
    } else {
      output.set(
        file,
        exportLine(names, (name) => `${nameInBundle(file, name)} as ${name}`, addressFrom(file, BUNDLE)),
      );
    }
  }
  output.set(BUNDLE, code); // last, because its time tells that all is written
  for (const [file, text] of output) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    writeFileSync(join(dist, file), text);
  }
  for (const file of listFiles(dist, /\.c?js(\.map)?$/)) {
    if (!file.startsWith('.modules') && !output.has(file)) rmSync(join(dist, file)); // of a module that is no more
  }
}

/**
 * @param {string} folder
 * @param {RegExp} pattern
 * @returns paths relative to the folder
 */
function listFiles(folder, pattern) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => pattern.test(file));
}

/** @type {(output: string, inputs: string[]) => boolean} */
function isUpToDate(output, inputs) {
  if (!existsSync(output)) return false;
  const time = statSync(output).mtimeMs;
  return inputs.every((file) => statSync(file).mtimeMs < time);
}

/**
 * @param {string} modules the folder of the compiled modules
 * @returns the modules that belong into the bundle, and the names that each exports
 */
async function findExports(modules) {
  /** @type {Map<string, string[]>} */
  const exportsOf = new Map();
  const plugin = { name: 'exports', moduleParsed: noteExports };
  /** @type {Plugin['moduleParsed']} */
  function noteExports({ id, exports }) {
    exportsOf.set(relative(modules, id), exports ?? []);
  }
  const input = ENTRIES.map((file) => join(modules, file)).filter(existsSync);
  await (await rollup({ ...options, input, plugins: [plugin] })).close();
  return exportsOf;
}

/** @type {(modules: string, exportsOf: Map<string, string[]>, output: string) => Promise<{ code: string, map: string }>} */
async function bundle(modules, exportsOf, output) {
  // The entries come first, so that modules are evaluated in the same order as without a bundle.
  const order = [...ENTRIES.filter((file) => exportsOf.has(file)), ...exportsOf.keys()];
  const entry = order.map((file) =>
    exportLine(exportsOf.get(file) ?? [], (name) => `${name} as ${nameInBundle(file, name)}`, `./${file}`),
  );
  const built = await rollup({
    ...options,
    input: BUNDLE,
    plugins: [
      virtualModule(join(modules, BUNDLE), [...new Set(entry)].join('')),
      sourceMaps,
      addresses(modules),
    ],
  });
  const { output: chunks } = await built.generate({
    file: output,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await built.close();
  const [{ code, map }] = chunks;
  const renamed = /^class (\w+\$\w+)/m.exec(code);
  if (renamed !== null)
    throw new Error(`In ${output} a class would be called ${renamed[1]}: its name is taken`);
  return { code: `${code}//# sourceMappingURL=${BUNDLE}.map\n`, map: JSON.stringify(map) };
}

/** @type {(names: string[], write: (name: string) => string, module: string) => string} */
function exportLine(names, write, module) {
  return `export { ${names.map(write).join(', ')} } from '${module}';\n`;
}

/** Two modules may export the same name. @type {(file: string, name: string) => string} */
function nameInBundle(file, name) {
  return `${file.replace(/\.js$/, '').replaceAll(/\W/g, '_')}$${name}`;
}

/** @type {(from: string, to: string) => string} */
function addressFrom(from, to) {
  return relative(dirname(from), to).replace(/^(?!\.)/, './');
}

/** @type {(path: string, text: string) => Plugin} */
function virtualModule(path, text) {
  return {
    name: 'virtual module',
    resolveId: (id) => (id === BUNDLE ? path : null),
    load: (id) => (id === path ? text : null),
  };
}

/** The maps that tsc has made, so that the bundle's leads to the TypeScript. @type {Plugin} */
const sourceMaps = {
  name: 'source maps',
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: mapFrom(id, dirname(id)) } : null,
};

/** @type {(module: string, to: string) => { sources: string[], mappings: string }} */
function mapFrom(module, to) {
  const map = JSON.parse(readFileSync(`${module}.map`, 'utf8'));
  return {
    ...map,
    sources: map.sources.map((/** @type {string} */ source) =>
      relative(to, resolve(dirname(module), source)),
    ),
  };
}

/**
 * The address of a module is that of its own file, also in the bundle.
 * There is none if somebody has put ringloop into a bundle in CommonJS.
 * @type {(modules: string) => Plugin}
 */
function addresses(modules) {
  return {
    name: 'addresses',
    resolveImportMeta: (property, { moduleId }) =>
      property === 'url'
        ? `(import.meta.url && new URL('./${relative(modules, moduleId)}', import.meta.url).href)`
        : null,
  };
}

const packages = fileURLToPath(new URL('packages/', import.meta.url));
for (const name of readdirSync(packages)) await bundlePackage(join(packages, name));
