import { expect, it } from 'vitest';
import { decodeText, readTable } from '../../../connectors/kit/csv.ts';
import { FileRefusedError } from '../../../core/errors.ts';

const findHeader = (cells: readonly string[]) => cells.includes('Order') && cells.includes('Paid');

it.each([
  { name: 'comma', d: ',' },
  { name: 'semicolon', d: ';' },
  { name: 'tab', d: '\t' },
  { name: 'bar', d: '|' },
])('finds the delimiter and the header below a title: $name', ({ d }) => {
  const text = `Report of March, all; shops\n\n Order ${d} Paid \n7${d}"1${d}5"\n`;
  expect(readTable(text, { findHeader })).toEqual({
    header: ['Order', 'Paid'],
    rows: [{ line: 4, cells: { Order: '7', Paid: `1${d}5` } }],
  });
});

it('reads quoted line breaks, a byte order mark and short lines', () => {
  const text = '\uFEFFOrder,Paid\r\n"a\r\nb",1\r\n\r\nc\r\n';
  expect(readTable(text, { findHeader }).rows.map(({ cells }) => cells)).toEqual([
    { Order: 'a\r\nb', Paid: '1' },
    { Order: 'c', Paid: '' },
  ]);
});

it('has no rows where there is only a header', () => {
  expect(readTable('Order,Paid\n', { findHeader }).rows).toEqual([]);
});

const refusals = [
  { name: 'a cell without a column', text: 'Order,Paid\n1,2\n1,204.50,3\n', line: 3, column: 'column 3' },
  { name: 'a column named twice', text: 'Order,Paid,Paid\n1,2,3\n', line: 1, column: 'Paid' },
  { name: 'a quote that never ends', text: 'Order,Paid\n1,"2\n3,4\n', line: 3, column: null },
  { name: 'another report', text: 'Date,Clicks\n1,2\n', line: null, column: null },
  { name: 'an empty file', text: '', line: null, column: null },
];
it.each(refusals)('refuses $name', ({ text, line, column }) => {
  const read = () => readTable(text, { findHeader, delimiter: ',' });
  expect(read).toThrow(FileRefusedError);
  expect(read).toThrow(expect.objectContaining({ line, column }));
});

it('lets a delimiter at the end of a line pass', () => {
  expect(readTable('Order,Paid\n1,2,\n', { findHeader }).rows[0]?.cells).toEqual({ Order: '1', Paid: '2' });
});

const TEXT = 'Prämie;5 €';
it.each([
  { name: 'UTF-8', bytes: Buffer.from(TEXT) },
  { name: 'UTF-8 with a mark', bytes: Buffer.from(`\uFEFF${TEXT}`) },
  { name: 'UTF-16LE with a mark', bytes: Buffer.from(`\uFEFF${TEXT}`, 'utf16le') },
  { name: 'UTF-16LE without', bytes: Buffer.from(TEXT, 'utf16le') },
  { name: 'UTF-16BE with a mark', bytes: Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16() },
  { name: 'Windows-1252', bytes: Buffer.from([...Buffer.from('Prämie;5 ', 'latin1'), 0x80]) },
])('decodes $name', ({ bytes }) => {
  expect(decodeText(bytes)).toBe(TEXT);
});
