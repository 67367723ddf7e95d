import type { SchemaDriftError } from '../../core/errors.ts';
import type { Database } from '../client.ts';
import type { RunHandle } from '../fence.ts';

/** Samples kept of one account; the newest tell the story. */
const MOST_SAMPLES = 20;

/** Keeps the answer that no longer has the expected shape, for a look and for a recording. */
export async function saveDriftSample(
  { pool }: Database,
  run: RunHandle,
  pass: string,
  error: SchemaDriftError,
  at: Date,
): Promise<void> {
  const { sample } = error;
  await pool.query(
    `insert into drift_samples (account_id, run_id, pass, observed_at, reason, method, url, status, content_type, body)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      run.accountId,
      run.runId,
      pass,
      at,
      error.message,
      sample?.method ?? null,
      sample?.url ?? null,
      sample?.status ?? null,
      sample?.contentType ?? null,
      sample?.body.replaceAll('\0', '') ?? null,
    ],
  );
  await pool.query(
    `delete from drift_samples where account_id = $1 and id not in (
       select id from drift_samples where account_id = $1 order by id desc limit ${MOST_SAMPLES})`,
    [run.accountId],
  );
}
