export { ExecutorFullError } from './errors.js';
export { PiscinaExecutor } from './piscina-executor.js';
export type { PiscinaExecutorOptions } from './piscina-executor-options.js';
