/** What the processes that serve are asked. `listen` comes once, with the certificate. */
export type Question =
  { readonly ask: 'listen'; readonly key: string; readonly cert: string } | { readonly ask: 'cpu' };

/** Where it listens, and the processor time of all its threads since it began, in seconds. */
export interface Answer {
  readonly port: number;
  readonly user: number;
  readonly system: number;
}
