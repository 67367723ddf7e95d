import { FileRefusedError } from '../../core/errors.ts';
import type { ClicksOfDay } from '../contract.ts';
import { isClicksHeader } from './columns.ts';
import { readItems, reportName } from './report-items.ts';

/**
 * Reads a daily tracking report: clicks by tracking id, and its name says of which day. They are added up, because a
 * tracking id is the channel of a conversion and not its sub-id: beside sub-ids it would show clicks that never sell.
 */
export function readTracking(bytes: Buffer, fileName: string): Pick<ClicksOfDay, 'day' | 'clicks'> {
  const day = reportName(fileName)?.day;
  if (!day) throw new FileRefusedError(`The name "${fileName}" does not say of which day its clicks are.`);
  let clicks = 0;
  for (const item of readItems(bytes, isClicksHeader)) {
    const id = item.cell('associateId') || item.cell('trackingId');
    if (id === '' || /^total/i.test(id)) continue;
    const count = item.cell('clicks').replace(/[,.\s]/g, '');
    if (!/^\d+$/.test(count)) {
      const column = item.label('clicks');
      throw new FileRefusedError(`Line ${item.line}: the clicks are not a number.`, { line: item.line, column });
    }
    clicks += Number(count);
  }
  return { day, clicks };
}
