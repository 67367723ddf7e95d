import { z } from 'zod';
import { FileRefusedError } from '../../core/errors.ts';
import { decodeText, readTable } from '../kit/csv.ts';
import { LenientList } from '../kit/fields.ts';
import { unpacked } from '../kit/report-file.ts';
import { readXml } from '../kit/xml.ts';
import { unquoted } from './cells.ts';
import { type Column, columnsOf } from './columns.ts';

/** One line of a report, whatever kind of file it stood in. */
export interface ReportItem {
  /** As an editor counts; in XML the number of the item. */
  readonly line: number;
  /** The cell as text, trimmed and unquoted; empty where the file lacks the column. */
  cell(column: Column): string;
  /** What the file itself calls the column. */
  label(column: Column): string;
}

/** `<storeId>-earnings-report-20260203.tsv.gz`: what a report file's name says. */
export interface ReportName {
  readonly store: string;
  readonly kind: 'earnings' | 'orders' | 'tracking';
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly format: 'tsv' | 'xml';
}

const NAME = /^(.+)-(earnings|orders|tracking)-report-(\d{4})(\d{2})(\d{2})\.(tsv|xml)(?:\.gz)?$/;

/** Null for every file that is none of the daily ones: bounties, years, whatever Amazon adds. */
export function reportName(fileName: string): ReportName | null {
  const [, store, kind, year, month, day, format] = NAME.exec(fileName.replace(/^.*[\\/]/, '')) ?? [];
  if (!store) return null;
  return {
    store,
    kind: kind as ReportName['kind'],
    day: `${year}-${month}-${day}`,
    format: format as ReportName['format'],
  };
}

const Items = z.unknown().transform((value) => LenientList.parse((Object(value) as { Item?: unknown }).Item));
const XmlReport = z.object({ Data: z.object({ Items }) });
const XmlItem = z.record(z.string(), z.unknown());

/** Reads TSV, CSV or the legacy XML. Throws a FileRefusedError where the file has no table of the expected kind. */
export function readItems(bytes: Buffer, isHeader: (cells: readonly string[]) => boolean): ReportItem[] {
  const text = decodeText(unpacked(bytes));
  if (isXml(text)) return xmlItems(text);
  if (isBareTitle(text)) return [];
  const { header, rows } = readTable(text, { findHeader: isHeader });
  const columns = columnsOf(header);
  return rows.map(({ cells, line }) => toItem(line, columns, (name) => cells[name]));
}

export function isXml(text: string): boolean {
  return /^[\s\uFEFF]*</.test(text);
}

function xmlItems(text: string): ReportItem[] {
  let report: z.output<typeof XmlReport>;
  try {
    report = XmlReport.parse(readXml(text.trim(), ['Item']));
  } catch (cause) {
    throw new FileRefusedError('The XML file is no report: it has no Data with Items in it.', {}, { cause });
  }
  return report.Data.Items.map((raw, index) => {
    const attributes = XmlItem.parse(raw);
    const names = Object.keys(attributes).filter((name) => name.startsWith('@'));
    return toItem(index + 1, columnsOf(names.map((name) => name.slice(1))), (name) => attributes[`@${name}`]);
  });
}

function toItem(line: number, columns: ReturnType<typeof columnsOf>, read: (name: string) => unknown): ReportItem {
  return {
    line,
    label: (column) => columns[column] ?? column,
    cell(column) {
      const name = columns[column];
      return name === undefined ? '' : unquoted(String(read(name) ?? ''));
    },
  };
}

/** A day without a sale may come as a file with nothing below its title. */
function isBareTitle(text: string): boolean {
  const [title, ...rest] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return rest.length === 0 && (title === undefined || /\breports?\b/i.test(title));
}
