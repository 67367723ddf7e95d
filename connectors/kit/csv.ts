import { type CsvError, type Info, parse } from 'csv-parse/sync';
import { FileRefusedError } from '../../core/errors.ts';
import { decodeAs } from './charset.ts';

const DELIMITERS = [',', ';', '\t', '|'] as const;
/** Enough to hold whatever a network writes above its header. */
const HEAD_RECORDS = 40;

export interface TableOptions {
  /** Found out by itself where it is not given. */
  readonly delimiter?: string;
  /** Recognises the header among the lines of the file: some have a title above it. */
  findHeader(cells: readonly string[]): boolean;
}

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly cells: Readonly<Record<string, string>>;
  /** Where the row ends, as an editor counts. */
  readonly line: number;
}

interface FileRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Reads a report file with a header. Throws a FileRefusedError that names the line, and the column where there is one. */
export function readTable(text: string, { delimiter, findHeader }: TableOptions): Table {
  const separator = delimiter ?? detectDelimiter(text, findHeader);
  const records = readRecords(text, separator);
  const at = records.findIndex(({ cells }) => findHeader(cells));
  const header = records[at]?.cells;
  if (!header) throw noHeader();
  assertUnique(header, records[at]?.line ?? 1);
  return { header, rows: records.slice(at + 1).map((record) => toRow(record, header)) };
}

/** The delimiter whose reading of the first lines has the header in it. A wrong one may not even find the quotes in order. */
function detectDelimiter(text: string, findHeader: TableOptions['findHeader']): string {
  let flaw: unknown;
  for (const delimiter of DELIMITERS) {
    try {
      if (readRecords(text, delimiter, HEAD_RECORDS).some(({ cells }) => findHeader(cells))) return delimiter;
    } catch (error) {
      flaw ??= error;
    }
  }
  throw flaw ?? noHeader();
}

function readRecords(text: string, delimiter: string, limit?: number): FileRecord[] {
  try {
    const records = parse(text, {
      delimiter,
      bom: true,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      ...(limit !== undefined && { to: limit }),
    }) as unknown as { record: string[]; info: Info }[];
    return records
      .map(({ record, info }) => ({ cells: record.map((cell) => cell.trim()), line: info.lines }))
      .filter(({ cells }) => cells.some((cell) => cell !== ''));
  } catch (error) {
    const { message, lines } = error as CsvError & { lines?: number };
    throw new FileRefusedError(`The file cannot be read as a table: ${message}.`, lines ? { line: lines } : {});
  }
}

/** Missing cells at the end are empty; cells beyond the header would belong to no column, so the file is not what it says. */
function toRow({ cells, line }: FileRecord, header: readonly string[]): TableRow {
  const extra = cells.findIndex((cell, index) => index >= header.length && cell !== '');
  if (extra >= 0) {
    const column = `column ${extra + 1}`;
    throw new FileRefusedError(
      `Line ${line} has a value in ${column}, but the header names only ${header.length} columns. Was a delimiter left unquoted?`,
      { line, column },
    );
  }
  return { line, cells: Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ''])) };
}

function assertUnique(header: readonly string[], line: number): void {
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new FileRefusedError(`The header in line ${line} names the column "${twice}" twice.`, { line, column: twice });
}

function noHeader(): FileRefusedError {
  return new FileRefusedError(
    'The file has no header line of the expected kind. Export the report again, with all columns.',
  );
}

/** Text of a file from anywhere: by its byte order mark, else UTF-8 where it is that, else what old spreadsheets write. */
export function decodeText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeAs('utf-16le', bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeAs('utf-16be', bytes);
  // Western text in UTF-16 without its mark: every other byte of the beginning is zero.
  if (bytes.length >= 4 && bytes[1] === 0 && bytes[3] === 0) return decodeAs('utf-16le', bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return decodeAs('windows-1252', bytes);
  }
}
