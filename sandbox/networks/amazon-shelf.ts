import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type EarningsFile, earningsFiles, storeOf } from '../lives/amazon-associates.ts';
import type { World } from '../world.ts';
import { clicksOf, earningsTsv, ordersTsv, trackingTsv } from './amazon-reports.ts';

interface ShelvedFile {
  readonly filename: string;
  readonly md5: string;
  readonly size: number;
  readonly lastModified: string;
  readonly bytes: Buffer;
}

/** The report files that are out, each written once per version. */
export class ReportShelf {
  readonly #world: World;
  readonly #storeId: string;
  readonly #versions = new Map<number, [EarningsFile, EarningsFile?]>();
  readonly #files = new Map<string, ShelvedFile>();

  constructor(world: World) {
    this.#world = world;
    this.#storeId = storeOf(world).storeId;
  }

  /** What the network lists: three kinds of file a day, of which only earnings hold money. */
  list(): Omit<ShelvedFile, 'bytes'>[] {
    const days = Array.from({ length: Math.max(0, this.#world.dayOf(this.#world.clock.now())) }, (_, day) => day);
    return days.flatMap((day) => this.#filesOf(day)).map(({ bytes: _, ...entry }) => entry);
  }

  /** The bytes of a file in its newest version, or undefined where there is none of that name. */
  file(filename: string): Buffer | undefined {
    const [, year, month, date] = /-(\d{4})(\d{2})(\d{2})\.tsv\.gz$/.exec(filename) ?? [];
    if (!year) return undefined;
    const day = this.#world.dayOf(new Date(`${year}-${month}-${date}T00:00:00Z`));
    return this.#filesOf(day).find((file) => file.filename === filename)?.bytes;
  }

  #filesOf(day: number): ShelvedFile[] {
    if (day < 0) return [];
    let versions = this.#versions.get(day);
    if (!versions) {
      versions = earningsFiles(this.#world, day);
      this.#versions.set(day, versions);
    }
    const now = this.#world.clock.now();
    const out = versions.findLast((version) => version !== undefined && version.publishedAt <= now);
    if (!out) return [];
    const [first] = versions;
    return [
      this.#shelved('earnings', out, () => earningsTsv(this.#world, out)),
      this.#shelved('orders', first, () => ordersTsv(first)),
      this.#shelved('tracking', first, () => trackingTsv(this.#storeId, clicksOf(this.#world, day), first)),
    ];
  }

  #shelved(kind: string, { date, publishedAt }: EarningsFile, write: () => string): ShelvedFile {
    const filename = `${this.#storeId}-${kind}-report-${date.replaceAll('-', '')}.tsv.gz`;
    const key = `${filename} ${publishedAt.getTime()}`;
    let file = this.#files.get(key);
    if (!file) {
      const bytes = gzipSync(write());
      const md5 = createHash('md5').update(bytes).digest('hex');
      file = { filename, md5, size: bytes.length, lastModified: publishedAt.toISOString(), bytes };
      this.#files.set(key, file);
    }
    return file;
  }
}
