import { FileRefusedError } from '../core/errors.ts';
import { END_OF_ROWS } from './backup-format.ts';

const LINE_FEED = 0x0a;
/** No line of ours outside the rows is longer; a foreign file may be one endless line. */
const LONGEST_LINE = 1024 * 1024;
const END_LINE = `${END_OF_ROWS}\n`;

/** Reads a backup forwards, in constant memory: single lines, and between them the rows of a table in large pieces. */
export class BackupReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next line without its end. Null at the end of the file. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end >= 0) return this.#take(end + 1).toString('utf8', 0, end);
      if (this.#rest.length > LONGEST_LINE) throw new FileRefusedError('The file is no backup of Tributary.');
      if (!(await this.#readOn())) return this.#rest.length === 0 ? null : this.#take(this.#rest.length).toString();
    }
  }

  /** Passes over a line that has to be there. */
  async expect(text: string): Promise<void> {
    const line = await this.line();
    if (line === null) throw incomplete();
    if (line !== text)
      throw new FileRefusedError('The backup was changed after it was made: it has a line of its own.');
  }

  /** The rows of a table, whole lines only, up to and without the line that ends them. */
  async *rows(): AsyncGenerator<Buffer> {
    for (;;) {
      const whole = this.#rest.lastIndexOf(LINE_FEED) + 1;
      const end = this.#endLine(whole);
      if (end !== null) {
        if (end > 0) yield this.#take(end);
        this.#take(END_LINE.length);
        return;
      }
      if (whole > 0) yield this.#take(whole);
      if (!(await this.#readOn())) throw incomplete();
    }
  }

  /** Where the line that ends the rows begins, in the whole lines at hand. What is at hand begins with a line. */
  #endLine(whole: number): number | null {
    const lines = this.#rest.subarray(0, whole);
    if (lines.subarray(0, END_LINE.length).equals(Buffer.from(END_LINE))) return 0;
    const before = lines.indexOf(`\n${END_LINE}`);
    return before < 0 ? null : before + 1;
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #readOn(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}

function incomplete(): FileRefusedError {
  return new FileRefusedError(
    'The backup ends in the middle: it was cut off. Nothing was restored; take a whole copy.',
  );
}
