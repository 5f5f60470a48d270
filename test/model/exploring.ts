import { explore, ScheduleError, type BuffersOf, type Exploration } from './explorer.js';

/** The schedule that fails, where one must. */
export async function failureOf<B extends BuffersOf<B>>(exploration: Exploration<B>): Promise<ScheduleError> {
  let schedules: number;
  try {
    ({ schedules } = await explore(exploration));
  } catch (error) {
    if (error instanceof ScheduleError) return error;
    throw error;
  }
  throw new Error(`None of ${schedules} schedules failed`);
}
