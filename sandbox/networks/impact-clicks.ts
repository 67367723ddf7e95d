import { utcDay } from '../../core/time-window.ts';
import { json, text, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { ACCOUNT_SID, invalid, problem, told } from './impact-wire.ts';

const JOB = /^0f0e-(\d{4}-\d{2}-\d{2})-(\d+)$/;
/** A job is prepared for this long, by the sandbox's clock. */
const QUEUED_MS = 5_000;

/** Orders the clicks of one day. The job's id holds the day and the moment, so nothing needs to be kept. */
export function clickExport(world: World, { query }: WireRequest): WireAnswer {
  const day = query.get('Date') ?? utcDay(world.clock.now());
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day))) return invalid('Date', 'must be yyyy-MM-dd');
  if ((query.get('ResultFormat') ?? 'JSON') !== 'JSON') return invalid('ResultFormat', 'the sandbox exports JSON only');
  const uri = `/Mediapartners/${ACCOUNT_SID}/Jobs/0f0e-${day}-${world.clock.now().getTime()}`;
  return json(200, { Status: 'QUEUED', QueuedUri: uri, ResultUri: `${uri}/Download`, ReplayUri: `${uri}/Replay` });
}

/** How far a job is. */
export function job(world: World, id: string): WireAnswer {
  const found = jobOf(world, id);
  if (!found) return problem(404, 'Job not found');
  const done = found.isDone;
  return json(200, {
    Id: id,
    Type: 'ClickExport',
    ProgramId: '',
    CreatedBy: ACCOUNT_SID,
    CreatedDate: told(found.createdAt),
    StartedDate: told(found.createdAt),
    CompletedDate: done ? told(new Date(found.createdAt.getTime() + QUEUED_MS)) : '',
    Status: done ? 'COMPLETED' : 'RUNNING',
    StatusMessage: done ? 'done' : '',
    RecordsProcessed: 0,
    PercentageComplete: done ? 100 : 40,
    Replayable: true,
    ResultUri: `/Mediapartners/${ACCOUNT_SID}/Jobs/${id}/Download`,
  });
}

/** The finished export; 202 while it is not ready. */
export function jobDownload(world: World, id: string): WireAnswer {
  const found = jobOf(world, id);
  if (!found) return problem(404, 'Job not found');
  if (!found.isDone) return text(202, '');
  const clicks = world.clicksOfDay('impact', world.dayOf(new Date(found.day))).flatMap(({ merchant, subId, clicks }) =>
    Array.from({ length: clicks }, (_, index) => ({
      Id: `c${found.day.replaceAll('-', '')}${merchant.id}${subId ?? ''}${index}`,
      ProgramId: merchant.id,
      ProgramName: merchant.name,
      EventDate: told(new Date(Date.parse(found.day) + (8 + (index % 14)) * 3_600_000)),
      MediaId: '7340',
      AdId: '881200',
      AdName: 'Text link',
      AdType: 'TEXT_LINK',
      ProductSku: '',
      CustomerCountry: merchant.region,
      DeviceType: 'PHONE',
      Browser: 'SAFARI',
      ReferringDomain: 'quiet-garden.example',
      SharedId: '',
      PartnerRelated: [{ SubId1: subId ?? '', SubId2: '', SubId3: '' }],
      CpcBid: '',
      Payout: '',
      UniqueClick: true,
    })),
  );
  return json(200, { Clicks: clicks });
}

function jobOf(world: World, id: string) {
  const [, day, created] = JOB.exec(id) ?? [];
  if (!day || !created) return null;
  const createdAt = new Date(Number(created));
  return { day, createdAt, isDone: world.clock.now().getTime() >= createdAt.getTime() + QUEUED_MS };
}
