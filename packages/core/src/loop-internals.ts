// Keys of what sibling files and packages may do to a loop and users may not.
export const TASKS: unique symbol = Symbol('tasks');
export const STOP_AFTER_BATCH: unique symbol = Symbol('stop after batch');
export const END_RUN: unique symbol = Symbol('end run');
export const SEAL_INBOX: unique symbol = Symbol('seal inbox');
