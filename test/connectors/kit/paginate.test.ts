import { describe, expect, it } from 'vitest';
import { byCursor, byLink, byOffset, byPage, untilComplete } from '../../../connectors/kit/paginate.ts';
import { SchemaDriftError } from '../../../core/errors.ts';

interface ListPage {
  readonly rows: readonly number[];
  readonly next?: string | null;
}

async function rowsOf(pages: AsyncIterable<ListPage>): Promise<number[]> {
  const rows: number[] = [];
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}

/** Serves these pages under the cursors that lead to them; the first one has none. */
const serve =
  (pages: Readonly<Record<string, ListPage>>) =>
  async (at = 'first') =>
    pages[at] ?? { rows: [] };

describe('pages by cursor or link', () => {
  it.each([
    ['null', null],
    ['an empty text', ''],
    ['nothing', undefined],
  ])('end where the network gives %s', async (_name, end) => {
    const fetch = serve({ first: { rows: [1], next: 'b' }, b: { rows: [2, 3], next: end as null } });
    expect(await rowsOf(byCursor(fetch, ({ next }) => next))).toEqual([1, 2, 3]);
    expect(await rowsOf(byLink('first', fetch, ({ next }) => next))).toEqual([1, 2, 3]);
  });

  it('end with an error where the cursor no longer moves', async () => {
    const fetch = serve({ first: { rows: [1], next: 'b' }, b: { rows: [2], next: 'b' } });
    await expect(rowsOf(byCursor(fetch, ({ next }) => next))).rejects.toBeInstanceOf(SchemaDriftError);
  });
});

describe('pages by number', () => {
  it('are counted from 1 until the last', async () => {
    const asked: number[] = [];
    const fetch = async (number: number) => {
      asked.push(number);
      return { rows: [number] };
    };
    expect(await rowsOf(byPage(fetch, (_page, number) => number === 3))).toEqual([1, 2, 3]);
    expect(asked).toEqual([1, 2, 3]);
  });

  it('end by offset at the first page that is not full', async () => {
    const all = [1, 2, 3, 4, 5];
    const fetch = async (offset: number) => ({ rows: all.slice(offset, offset + 2) });
    expect(await rowsOf(byOffset(2, fetch, ({ rows }) => rows.length))).toEqual(all);
    const even = async (offset: number) => ({ rows: all.slice(0, 4).slice(offset, offset + 2) });
    expect(await rowsOf(byOffset(2, even, ({ rows }) => rows.length))).toEqual([1, 2, 3, 4]);
  });

  it('never go on for ever', async () => {
    await expect(
      rowsOf(
        byPage(
          async () => ({ rows: [] }),
          () => false,
        ),
      ),
    ).rejects.toThrow('went on giving pages');
  });
});

it('asks until a job is done, waits in between, and gives up in the end', async () => {
  let asked = 0;
  let waited = 0;
  const ask = async () => ++asked;
  const wait = async () => {
    waited += 1;
  };
  expect(await untilComplete(ask, (answer) => answer === 3, wait, 5)).toBe(3);
  expect([asked, waited]).toEqual([3, 2]);
  expect(await untilComplete(ask, () => false, wait, 2)).toBeNull();
});
