import { gunzipSync } from 'node:zlib';
import { FileRefusedError } from '../../core/errors.ts';
import type { Connector, ReportFile } from '../contract.ts';
import { decodeText } from './csv.ts';

/** A packed file that grows beyond this is an accident or an attack. */
const MAX_UNPACKED = 256 * 1024 * 1024;
/** What `recognises` gets to see. */
const HEAD_BYTES = 8 * 1024;

/** The bytes of a report file, unpacked where it is gzip. Throws a FileRefusedError for a zip or a workbook. */
export function unpacked(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) {
    throw new FileRefusedError(
      'The file is a zip archive or an Excel workbook. Unpack it, or save the sheet as CSV, and import that file.',
    );
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED });
  } catch (cause) {
    throw new FileRefusedError(
      'The file is packed with gzip and cannot be unpacked: it is damaged or cut off.',
      {},
      { cause },
    );
  }
}

/** The kind of report that a file is; throws a FileRefusedError that names the kinds which this network has. */
export function recogniseFile(
  { name, files = [] }: Connector,
  bytes: Buffer,
  fileName: string,
): ReportFile<Record<string, unknown>> {
  const head = decodeText(unpacked(bytes).subarray(0, HEAD_BYTES));
  const found = files.find((file) => file.recognises(head, fileName));
  if (found) return found;
  const kinds = files.map(({ title }) => title).join(', ');
  throw new FileRefusedError(
    kinds
      ? `"${fileName}" is no report of ${name} that can be imported. Known are: ${kinds}.`
      : `There are no report files of ${name} that can be imported.`,
  );
}
