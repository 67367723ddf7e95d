import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveSandbox } from '../../sandbox/serve.ts';
import { stage } from '../sandbox/sandbox-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type CommandResult, run } from '../support/shell.ts';

const fixture = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));

describe('the command line, on a database and a served sandbox', () => {
  const { sandbox } = stage({ seed: 11, day: 30, salesPerDay: 1 });
  const token = String(sandbox.credentialsFor('cj').personalAccessToken);
  let test: TestDatabase;
  let served: Awaited<ReturnType<typeof serveSandbox>>;
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    test = await createTestDatabase();
    served = await serveSandbox(sandbox, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
    env = {
      DATABASE_URL: test.url,
      TRIBUTARY_MASTER_KEY: randomBytes(32).toString('base64'),
      TRIBUTARY_TIME_ZONE: 'UTC',
    };
  });
  afterAll(async () => {
    await served.close();
    await test.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const tributary = (line: string, input?: string): Promise<CommandResult> =>
    run(line.split(' '), { env, ...(input !== undefined && { input }) });

  it('says what to do next where nothing is connected', async () => {
    expect(await tributary('status')).toMatchObject({
      code: 0,
      out: expect.stringContaining('tributary accounts add awin'),
    });
    expect((await tributary('status --json')).json).toMatchObject({ accounts: [], totals: [] });
    expect(await tributary('sync')).toMatchObject({ code: 0, out: expect.stringContaining('tributary accounts add') });
    expect(await tributary('backfill --account shop')).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no account "shop"'),
    });
  });

  it('refuses a wrong key with both words, and never repeats it', async () => {
    const secret = 'planted-secret-4711';
    const line = `accounts add cj --origin ${served.origin} --set companyId=7340022 --set publisherCurrency=USD --set personalAccessToken=-`;
    const refused = await tributary(line, `${secret}\n`);
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/\nThe network says: "/) });
    const asJson = await tributary(`${line} --json`, secret);
    expect(asJson.json).toMatchObject({ error: { code: 'credentials', networkWords: expect.any(String) } });
    for (const { out, err } of [refused, asJson]) expect(out + err).not.toContain(secret);
    expect((await tributary('accounts list --json')).json).toEqual({ accounts: [] });
  });

  it('names all that is wrong with a key before it asks anybody', async () => {
    const { code, err } = await tributary('accounts add cj --set companyId=abc');
    expect(code).toBe(2);
    expect(err).toMatch(/do not fit CJ Affiliate:\n {2}- .*companyId|personalAccessToken/);
    expect(await tributary('accounts add cj --set pasted-key')).toMatchObject({
      code: 2,
      err: expect.not.stringContaining('pasted-key'),
    });
    expect(await tributary('accounts add nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Known are: amazon-associates, awin, cj'),
    });
  });

  it('connects, tests, syncs, and shows the money', async () => {
    await writeFile(join(folder, 'token'), `${token}\n`);
    const added = await tributary(
      `accounts add cj --name shop --days 20 --origin ${served.origin} --set companyId=7340022 --set publisherCurrency=USD --set personalAccessToken=@${folder}/token`,
    );
    expect(added).toMatchObject({ code: 0, out: expect.stringContaining('cj/shop is connected') });
    expect(await tributary('accounts test shop')).toMatchObject({
      code: 0,
      out: expect.stringContaining('the key works'),
    });
    const synced = await tributary('sync --account cj/shop --pass new --json');
    expect(synced).toMatchObject({
      code: 0,
      json: { synced: [{ account: 'cj/shop', pass: 'new', outcome: 'done', error: null }] },
    });
    expect(await tributary('backfill --account shop --plan')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^new .* 0 % /m),
    });
    const status = await tributary('status');
    expect(status.out).toMatch(/^cj +shop +late/m);
    expect((await tributary('db verify --json')).json).toEqual({ differences: [] });
  });

  it('pauses, resumes, and asks twice before it deletes', async () => {
    expect((await tributary('accounts pause shop')).code).toBe(0);
    expect(await tributary('sync')).toMatchObject({
      code: 0,
      out: expect.stringContaining('paused: tributary accounts resume cj/shop'),
    });
    expect((await tributary('accounts resume cj')).code).toBe(0);
    expect(await tributary('accounts zone shop Mars/Olympus')).toMatchObject({ code: 2 });
    expect(await tributary('accounts remove shop --purge')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yes'),
    });
    expect((await tributary('accounts list --json')).json).toMatchObject({
      accounts: [{ account: 'cj/shop', state: 'late' }],
    });
  });

  it('reports a total that was tampered with, and makes it anew', async () => {
    await tributary(`accounts add amazon-associates --name store --set marketplace=www.amazon.com`);
    const imported = await tributary(`import ${fixture('amazon-associates/ui-csv/first.csv')} --account store`);
    expect(imported).toMatchObject({ code: 0, out: expect.stringContaining('3 rows, 3 new, 0 changed') });
    await withClient(test.url, (client) =>
      client.query('update daily_totals set gross = gross + 1 where currency = $1', ['USD']),
    );
    expect(await tributary('db verify')).toMatchObject({ code: 1, out: expect.stringContaining('daily total') });
    expect(await tributary('db verify --rebuild')).toMatchObject({ code: 0 });
  });

  it('names the file that cannot be imported', async () => {
    expect(await tributary(`import ${folder}/none.csv --account store`)).toMatchObject({ code: 2 });
    const refused = await tributary(`import ${folder}/token --account store --json`);
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'file' } } });
  });

  it('rotates keys, makes tokens, looks at the queue', async () => {
    const rotated = await tributary('keys rotate');
    expect(rotated).toMatchObject({ code: 2, err: expect.stringContaining('TRIBUTARY_MASTER_KEY_NEW') });
    expect((await tributary('token create --name sheet --json')).json).toMatchObject({
      token: expect.stringMatching(/^trib_/),
      scopes: ['read'],
    });
    expect((await tributary('queue status --json')).json).toMatchObject({ parked: 0, jobs: [] });
    expect(await tributary('queue retry')).toMatchObject({ code: 0, out: 'Nothing was given up.\n' });
  });

  it('records a pass by the real addresses, without the key, and replays it', async () => {
    const out = join(folder, 'recording');
    expect((await tributary(`connector record --account shop --pass new --days 20 --out ${out}`)).code).toBe(0);
    const written = await readFile(join(out, 'case.json'), 'utf8');
    expect(written).toContain('https://commissions.api.cj.com');
    expect(written).not.toContain(token);
    expect(await run(['connector', 'replay', out, '--check'], {})).toMatchObject({ code: 0, err: '' });
  });

  it('backs up and refuses to restore over what is there', async () => {
    const file = join(folder, 'backup.gz');
    expect(await tributary(`db backup ${file}`)).toMatchObject({ code: 0, out: expect.stringContaining('rows in') });
    expect(await tributary(`db restore ${file}`)).toMatchObject({ code: 2, err: expect.stringContaining('already') });
  });
});

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}

describe('the command line without a database', () => {
  it.each([
    { line: 'connector replay @awin/life-of-a-sale --check', code: 0 },
    { line: 'connector replay @awin/token-refused --json', code: 1, json: { error: 'credentials' } },
    { line: 'connector replay @awin/token-refused --check', code: 0 },
    { line: 'connector replay @nowhere', code: 2 },
    { line: 'networks list', code: 0 },
    { line: 'stauts', code: 2 },
    { line: 'sync --nonsense', code: 2 },
    { line: 'accounts', code: 2 },
    { line: 'backfill --account x --days many', code: 2 },
    { line: 'sandbox check --seeds 9..1', code: 2 },
    { line: 'sandbox check --seeds 1 --networks lumora', code: 2 },
  ])('$line exits with $code', async ({ line, code, json }) => {
    const result = await run(line.split(' ').map((word) => (word.startsWith('@') ? fixture(word.slice(1)) : word)));
    expect(result).toMatchObject({ code, ...(json && { json }) });
    expect(result.out + result.err).not.toMatch(/\n\s+at /);
  });

  it('prints a replay as an array of exact amounts', async () => {
    const { json } = await run(['connector', 'replay', fixture('amazon-associates/ui-csv'), '--json']);
    expect(json).toEqual(
      expect.arrayContaining([expect.objectContaining({ saleAmount: '24.99', commissionAmount: '1.12' })]),
    );
  });

  it('names each difference from what a recording should come to', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
    const files = ['case.json', '1-throttled.txt', '2-empty.json'];
    for (const name of files)
      await writeFile(join(dir, name), await readFile(fixture(`awin/throttled-then-empty/${name}`)));
    await writeFile(join(dir, 'expected.json'), '[{ "networkTransactionId": "77" }]');
    expect(await run(['connector', 'replay', dir, '--check'])).toMatchObject({
      code: 1,
      err: 'Conversion 77 is missing.\n',
    });
    await rm(dir, { recursive: true });
  });

  it('lists every wrong setting at once', async () => {
    const { code, err } = await run(['status'], { env: { DATABASE_URL: 'mysql://x', TRIBUTARY_CONCURRENCY: 'many' } });
    expect(code).toBe(2);
    expect(err).toMatch(/DATABASE_URL is not an address[\s\S]*TRIBUTARY_CONCURRENCY is not a number/);
  });

  it('says which database cannot be reached, without its password', async () => {
    const { code, err } = await run(['status'], { env: { DATABASE_URL: 'postgres://me:hush@127.0.0.1:1/books' } });
    expect(code).toBe(2);
    expect(err).toContain('PostgreSQL at 127.0.0.1:1/books (DATABASE_URL) cannot be used: nothing answers');
    expect(err).not.toContain('hush');
  });

  it('has help with an example for every command', async () => {
    const top = await run(['--help']);
    const names = [...top.out.matchAll(/^ {2}(\w+)(?: \[options\])?/gm)].map(([, name = '']) => name);
    for (const name of names.filter((one) => one !== 'help')) {
      const { code, out } = await run([name, '--help']);
      expect(code).toBe(0);
      for (const [, child = ''] of out.matchAll(/^ {2}([\w-]+)(?: \[options\])?(?: <\w+>)* {2,}/gm)) {
        if (!out.includes('Commands:') || ['help'].includes(child) || child.startsWith('-')) continue;
        expect((await run([name, child, '--help'])).out, `${name} ${child}`).toContain(`$ tributary ${name} ${child}`);
      }
      if (!out.includes('Commands:')) expect(out).toContain(`$ tributary ${name}`);
    }
  });
});
