import { sum } from '../../core/money.ts';
import { utcDay } from '../../core/time-window.ts';
import { type NetworkRow, stateAt } from '../lives/row.ts';
import { json, type WireAnswer } from '../wire.ts';
import type { ClickCount, World } from '../world.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Clicks and figures per advertiser of one region. Rows without any activity are left out. */
export function advertiserReport(world: World, query: URLSearchParams): WireAnswer {
  const days = daysAsked(world, query);
  const region = query.get('region');
  if (!days || !region) return badRequest('startDate, endDate (yyyy-MM-dd), region and timezone are required');
  const reports = world
    .merchants('awin')
    .filter((merchant) => merchant.region === region)
    .map((merchant) => {
      const clicks = days
        .flatMap((day) => world.clicksOfDay('awin', day))
        .filter((count) => count.merchant === merchant);
      const rows = rowsOfDays(world, days).filter(({ sale }) => sale.merchant === merchant);
      const report = {
        advertiserId: Number(merchant.id),
        advertiserName: merchant.name,
        publisherId: 440022,
        publisherName: 'Quiet Garden',
        region,
        currency: merchant.currency,
        impressions: 0,
        clicks: clicksIn(clicks),
        ...figures(world, 'pending', rows, (status) => status === 'pending'),
        ...figures(world, 'confirmed', rows, (status) => status === 'approved' || status === 'paid'),
        ...figures(world, 'bonus', [], () => false),
        ...figures(world, 'declined', rows, (status) => status === 'reversed'),
        ...figures(world, 'total', rows, () => true),
        tags: [],
      };
      return { report, total: rows.length };
    });
  return json(
    200,
    reports.filter(({ report, total }) => report.clicks > 0 || total > 0).map(({ report }) => report),
  );
}

/** Clicks per day; this publisher names no campaigns, so a day is one row. */
export function campaignReport(world: World, query: URLSearchParams): WireAnswer {
  const days = daysAsked(world, query);
  if (!days) return badRequest('startDate, endDate (yyyy-MM-dd) and timezone are required');
  if (query.get('interval') !== 'day') return badRequest('The sandbox tells this report by day: interval=day');
  const advertisers = query.get('advertiserIds')?.split(',');
  const isAsked = ({ merchant }: ClickCount) => !advertisers || advertisers.includes(merchant.id);
  const rows = days.map((day) => {
    const click = clicksIn(world.clicksOfDay('awin', day).filter(isAsked));
    const total = rowsOfDays(world, [day]).length;
    return {
      date: dayText(world, day),
      campaign: '',
      quantity: { click, pending: 0, approved: 0, bonus: 0, declined: 0, total },
    };
  });
  return json(
    200,
    rows.filter(({ quantity }) => quantity.click > 0 || quantity.total > 0),
  );
}

function figures(world: World, name: string, rows: readonly NetworkRow[], counts: (status: string) => boolean) {
  const states = rows.flatMap((row) => stateAt(row, world.clock.now()) ?? []).filter(({ status }) => counts(status));
  return {
    [`${name}No`]: states.length,
    [`${name}Value`]: Number(sum(states.map(({ amounts }) => amounts.sale))),
    [`${name}Comm`]: Number(sum(states.map(({ amounts }) => amounts.commission))),
  };
}

function daysAsked(world: World, query: URLSearchParams): number[] | null {
  const [from = '', until = ''] = [query.get('startDate') ?? '', query.get('endDate') ?? ''];
  if (!DAY.test(from) || !DAY.test(until) || !query.has('timezone')) return null;
  // A day that is not over yet has clicks only up to now; the sandbox tells them when the day is done.
  const last = Math.min(world.dayOf(new Date(until)), world.dayOf(world.clock.now()) - 1);
  const first = Math.max(0, world.dayOf(new Date(from)));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function rowsOfDays(world: World, days: readonly number[]): NetworkRow[] {
  return world.rows('awin', world.clock.now()).filter(({ occurredAt }) => days.includes(world.dayOf(occurredAt)));
}

function clicksIn(counts: readonly ClickCount[]): number {
  return counts.reduce((total, { clicks }) => total + clicks, 0);
}

function dayText(world: World, day: number): string {
  return utcDay(new Date(world.start.getTime() + day * 86_400_000));
}

function badRequest(description: string): WireAnswer {
  return json(400, { error: 'bad_request', description });
}
