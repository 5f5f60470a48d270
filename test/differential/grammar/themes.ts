import type { Feature } from '../features.js';

/** What nearly all programs need. */
const BASICS: readonly Feature[] = [
  'spawn',
  'await',
  'sleep',
  'try',
  'cancel',
  'setResult',
  'lookAt',
  'slot',
  'coroutine',
  'cancelMessage',
  'callLater',
  'raise',
];

/**
 * Programs that are made of everything have little of each thing, and things of one kind seldom meet. So most programs
 * have a theme: the basics and these.
 */
const THEMES: readonly (readonly Feature[])[] = [
  [
    'callSoon',
    'callAt',
    'cancelHandle',
    'stop',
    'report',
    'raiseCancelled',
    'raiseExit',
    'addCallback',
    'removeCallback',
  ],
  [
    'setException',
    'renew',
    'addCallback',
    'removeCallback',
    'keep',
    'gather',
    'shield',
    'eagerFactory',
    'callSoon',
  ],
  [
    'spawnEager',
    'uncancel',
    'cancelling',
    'bareYield',
    'raiseCancelled',
    'eagerFactory',
    'gather',
    'setException',
  ],
  [
    'keep',
    'gather',
    'shield',
    'waitForAll',
    'asCompleted',
    'eachCompleted',
    'waitFor',
    'setException',
    'spawnEager',
    'eagerFactory',
  ],
  [
    'timeout',
    'timeoutAt',
    'reschedule',
    'lookAtTimeout',
    'waitFor',
    'shield',
    'cancelling',
    'uncancel',
    'raiseCancelled',
  ],
  [
    'group',
    'spawnIn',
    'timeout',
    'raiseCancelled',
    'spawnEager',
    'cancelling',
    'uncancel',
    'eagerFactory',
    'eagerGroup',
  ],
  [
    'with',
    'acquire',
    'release',
    'locked',
    'semaphore',
    'setEvent',
    'clearEvent',
    'waitEvent',
    'timeout',
    'waitFor',
  ],
  [
    'with',
    'waitCondition',
    'waitConditionFor',
    'bump',
    'notify',
    'notifyAll',
    'timeout',
    'release',
    'acquire',
  ],
  ['waitBarrier', 'resetBarrier', 'abortBarrier', 'lookAtBarrier', 'waitFor', 'gather'],
  [
    'put',
    'get',
    'join',
    'putNowait',
    'getNowait',
    'taskDone',
    'shutdown',
    'lookAtQueue',
    'waitFor',
    'timeout',
  ],
];

/** For each theme, whether a feature belongs to it; the first two are those of nearly everything. */
export const themes: readonly ((feature: Feature) => boolean)[] = [
  (feature) => feature !== 'eagerFactory',
  (feature) => feature !== 'group' && feature !== 'spawnIn',
  ...THEMES.map((theme) => {
    const features = new Set([...BASICS, ...theme]);
    return (feature: Feature) => features.has(feature);
  }),
];
