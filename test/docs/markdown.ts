/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The nearest heading above. */
  readonly section: string;
}

/** The modules of a program that a document shows, and what the last of them prints, if the document says so. */
export interface DocumentedProgram {
  readonly section: string;
  readonly files: ReadonlyMap<string, string>;
  readonly main: string;
  readonly prints: string | null;
}

export interface Link {
  readonly path: string;
  readonly anchor: string;
}

export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let section = '';
  let open: { language: string; lines: string[] } | null = null;
  for (const line of markdown.split('\n')) {
    if (open !== null && line === '```') {
      blocks.push({ language: open.language, text: open.lines.map((each) => `${each}\n`).join(''), section });
      open = null;
    } else if (open !== null) {
      open.lines.push(line);
    } else if (line.startsWith('```')) {
      open = { language: line.slice(3), lines: [] };
    } else if (line.startsWith('#')) {
      section = line.replace(/^#+ /, '');
    }
  }
  return blocks;
}

/**
 * The convention of our documents: a `ts` block is a module, its first line a comment with its file name. The modules of a
 * section are one program; a `text` block behind them is what the last of them prints.
 */
export function programs(markdown: string): DocumentedProgram[] {
  const found: DocumentedProgram[] = [];
  let files = new Map<string, string>();
  let main = '';
  let section = '';
  const finish = (prints: string | null): void => {
    if (files.size > 0) found.push({ section, files, main, prints });
    files = new Map();
  };
  for (const block of codeBlocks(markdown)) {
    if (block.section !== section) finish(null);
    section = block.section;
    if (block.language === 'ts') {
      main = fileNameOf(block);
      files.set(main, block.text);
    } else if (block.language === 'text') {
      finish(block.text);
    }
  }
  finish(null);
  return found;
}

function fileNameOf({ text, section }: CodeBlock): string {
  const name = /^\/\/ ([\w-]+\.ts)\n/.exec(text)?.[1];
  if (name === undefined)
    throw new Error(`A ts block in section "${section}" does not begin with its file name`);
  return name;
}

/** Links to files of the repository. */
export function relativeLinks(markdown: string): Link[] {
  return [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { path, anchor };
    });
}

/** What links can point to: headings as GitHub names them. */
export function anchors(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}

export function tableRows(markdown: string): string[] {
  return proseOf(markdown).match(/^\|.*$/gm) ?? [];
}

/** The names of npm scripts that are mentioned, in prose or code. */
export function npmScripts(markdown: string): string[] {
  const commands = markdown.matchAll(/\bnpm (?:run(?:-script)? ([\w:-]+)|(start|test)\b)/g);
  return [...commands].map(([, run, short]) => run ?? short ?? '');
}

function proseOf(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '');
}
