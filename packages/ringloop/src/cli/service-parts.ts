import type { Answer } from './answer.js';
import type { Compressor } from './compressor.js';

/** What the connections of a serving loop share. */
export interface ServiceParts {
  readonly compressor: Compressor;
  /** Called for each file, before its answer is sent. */
  readonly onFile: (answer: Answer) => void;
}
