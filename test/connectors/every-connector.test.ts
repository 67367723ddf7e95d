import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Connector, Pass } from '../../connectors/contract.ts';
import { secretFields } from '../../connectors/kit/redact.ts';
import { withPlaceholders } from '../../connectors/placeholder.ts';
import { connectorById, connectors } from '../../connectors/registry.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const passesOf = ({ streams }: Connector): readonly Pass[] => Object.values(streams).flatMap((stream) => stream.passes);
const recordingsOf = ({ id }: Connector): string[] => {
  const folder = join(ROOT, 'test', 'fixtures', id);
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
};

it('finds a connector by its id, and names the known ones where there is none', () => {
  for (const connector of connectors) expect(connectorById(connector.id)).toBe(connector);
  expect(() => connectorById('lumora')).toThrow(/"lumora".*awin, cj/);
  expect(new Set(connectors.map(({ id }) => id)).size).toBe(connectors.length);
});

describe.each(connectors)('$id', (connector) => {
  const passes = passesOf(connector);

  it('has an id that can stand in addresses and folders, and documentation over https', () => {
    expect(connector.id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(connector.docsUrl).toMatch(/^https:\/\//);
    expect(connector.verifiedOn ?? '2026-01-01').toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('declares bare hosts', () => {
    expect(connector.hosts.length).toBeGreaterThan(0);
    for (const host of connector.hosts) expect(host).toMatch(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/);
  });

  it('keeps to limits', () => {
    const { perMinute, perHour, perDay, parallel } = connector.limits;
    expect(Math.min(...[perMinute, perHour, perDay].flatMap((limit) => limit ?? []))).toBeGreaterThan(0);
    expect(parallel).toBeGreaterThan(0);
  });

  it('counts its days in a zone that exists', () => {
    expect(() => new Intl.DateTimeFormat('en', { timeZone: connector.reports.timeZone })).not.toThrow();
  });

  it('explains every field of its form, and marks what is secret', () => {
    for (const [name, field] of Object.entries(connector.credentials.shape) as [string, z.ZodType][]) {
      const { title, description } = metaOf(field);
      expect(title, name).toMatch(/\S/);
      expect(description, name).toMatch(/\S/);
      if (/token|secret|password|apikey|privatekey/i.test(name))
        expect(secretFields(connector.credentials)).toContain(name);
    }
  });

  it('names each pass once', () => {
    expect(new Set(passes.map(({ name }) => name)).size).toBe(passes.length);
    for (const { name } of passes) expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it.each(passes)('pass $name is sane', (pass) => {
    expect(pass.maxWindowDays).toBeGreaterThan(0);
    expect(pass.lookbackDays).toBeGreaterThan(0);
    expect(Boolean(pass.idsPerQuestion && pass.openStatuses?.length)).toBe(pass.by === 'open-ids');
    if (pass.historyDays !== undefined) {
      expect(['open-ids', 'list']).not.toContain(pass.by);
      expect(pass.historyDays).toBeGreaterThanOrEqual(pass.lookbackDays);
    }
  });

  it('back-fills conversions through one pass, and sees new ones every day', () => {
    const { passes } = connector.streams.conversions;
    expect(passes.filter(({ historyDays }) => historyDays !== undefined)).toHaveLength(1);
    expect(passes.some(({ every, by }) => every !== 'week' && (by === 'created' || by === 'snapshot-day'))).toBe(true);
  });

  it('cannot read nonsense', () => {
    const credentials = withPlaceholders(connector.credentials, {}, { wholly: true });
    for (const stream of Object.values(connector.streams)) {
      for (const nonsense of [undefined, 'text', {}]) {
        expect(() => rowOrThrow(stream.normalise(nonsense, credentials))).toThrow();
      }
    }
  });

  it('says in its README where the keys are, which passes it has, and what is not certain', () => {
    const readme = readFileSync(join(ROOT, 'connectors', connector.id, 'README.md'), 'utf8');
    for (const { name } of passes) expect(readme).toContain(`\`${name}\``);
    expect(readme).toMatch(/^## .*not certain/im);
    expect(readme).toContain('https://');
  });

  it('refuses links that would lose their sub-id, or lead nowhere', () => {
    const { link } = connector;
    if (!link) return;
    const { maxLength, pattern } = link.subId;
    const credentials = withPlaceholders(connector.credentials, {}, { wholly: true });
    const target = { programId: '1', destination: 'https://shop.example/', subId: null, placement: '1' };
    expect(pattern.test('a1')).toBe(true);
    expect(pattern.global).toBe(false);
    expect(() => link.build({ ...target, subId: 'a'.repeat(maxLength + 1) }, credentials)).toThrow(/sub-id/);
    expect(() => link.build({ ...target, subId: 'a&b=c' }, credentials)).toThrow(/sub-id/);
    expect(() => link.build({ ...target, destination: 'javascript:alert(1)' }, credentials)).toThrow();
  });

  it('has at least three recordings', () => {
    expect(recordingsOf(connector).length).toBeGreaterThanOrEqual(3);
  });
});

/** The words for the form may stand on the field or on what it wraps. */
function metaOf(field: z.ZodType): { readonly title?: string | undefined; readonly description?: string | undefined } {
  const { innerType, in: before } = field.def as { innerType?: z.ZodType; in?: z.ZodType };
  const inner = innerType ?? before;
  return { ...(inner && metaOf(inner)), ...field.meta() };
}

/** Null means "no business of this stream", which nonsense is not; nor is it a row. */
function rowOrThrow(row: unknown): void {
  if (row === null) throw new Error('left out');
}
