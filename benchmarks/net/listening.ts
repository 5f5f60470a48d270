/** Connections that wait to be accepted: more than the load opens at a time. */
export const BACKLOG = 4096;

/** Where to listen: at a path, or on a port of 127.0.0.1 that the system picks. */
export interface Where {
  readonly path: string | null;
}

export interface Listening {
  /** 0: it listens at the path. */
  readonly port: number;
  /** The processes whose time is the server's. */
  readonly pids: readonly number[];
}

/** Starts a server that lives as long as its process. */
export type Listen = (where: Where) => Promise<Listening>;
