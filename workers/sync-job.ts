import type { Timing } from './schedule.ts';

/** One pass of one account, to be run. Ids only: what a queue holds can be read by whoever can read the queue. */
export interface SyncJob {
  readonly accountId: number;
  readonly pass: string;
  readonly kind: 'live' | 'back-fill';
}

export interface Schedule extends Timing {
  readonly accountId: number;
  readonly pass: string;
}

/** A job that was given up: visible until it is tried again or settled. */
export interface ParkedJob {
  readonly id: string;
  readonly job: SyncJob;
  readonly reason: string;
  readonly attempts: number;
  readonly parkedAt: Date;
}

/** Text that tells requests apart: equal keys are one request. */
export function keyOf({ accountId, pass, kind }: SyncJob): string {
  return `${accountId}:${pass}:${kind}`;
}

/** The stable id under which the queue holds a schedule. */
export function scheduleId({ accountId, pass }: Pick<Schedule, 'accountId' | 'pass'>): string {
  return `account-${accountId}:${pass}`;
}

/** Nothing else may slip into a queue, whatever object the caller holds. */
export function idsOf({ accountId, pass, kind }: SyncJob): SyncJob {
  return { accountId, pass, kind };
}
