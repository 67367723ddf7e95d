import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readExpected } from '../../connectors/recording-files.ts';
import { connectors } from '../../connectors/registry.ts';
import { replayRecording } from '../../connectors/replay.ts';
import { compareWithExpected } from '../../connectors/replay-result.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const recordings = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('case.json') && existsSync(join(FIXTURES, path)))
  .map((path) => path.replace(/[\\/]case\.json$/, ''))
  .sort();

describe('every recording replays to what is expected of it', () => {
  it.each(recordings)('%s', async (name) => {
    const dir = join(FIXTURES, name);
    const expected = await readExpected(dir);
    expect(expected, 'a fixture says what it should come to').not.toBeNull();
    if (expected) expect(compareWithExpected(await replayRecording(dir, connectors), expected)).toEqual([]);
  });

  it('holds every network that has a connector', () => {
    const covered = new Set(recordings.map((name) => name.split(/[\\/]/)[0]));
    expect(connectors.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual([]);
  });
});
