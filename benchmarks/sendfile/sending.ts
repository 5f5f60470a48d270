/** What the processes that send are asked, and what they say. */
export interface Question {
  readonly path: string;
  readonly port: number;
}

/** Processor time of all threads of the process, and time of the clock, in seconds. */
export interface Answer {
  readonly user: number;
  readonly system: number;
  readonly seconds: number;
}
