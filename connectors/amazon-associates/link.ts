import { SetupError } from '../../core/errors.ts';
import type { LinkBuilder, LinkTarget } from '../contract.ts';
import { destinationThatFits, subIdThatFits } from '../kit/link.ts';
import { MARKETPLACES } from './marketplaces.ts';

/** Comes back only in accounts where Amazon has enabled sub-tag reports; its true length limit is not published. */
export const SUB_ID: LinkBuilder<unknown>['subId'] = {
  parameter: 'ascsubtag',
  maxLength: 100,
  pattern: /^[A-Za-z0-9_-]+$/,
};

const ASIN_IN_PATH = /\/(?:dp|gp\/product|gp\/aw\/d)\/([A-Z0-9]{10})(?=[/?]|$)/i;

/** `https://www.amazon.de/dp/<ASIN>?tag=<trackingId>`; a page without an ASIN keeps its address and gets the tag. */
export function buildLink(
  { programId, destination, subId, placement }: LinkTarget,
  { marketplace, storeId }: { readonly marketplace: string; readonly storeId?: string | undefined },
): string {
  const subTag = subId === null ? null : subIdThatFits(SUB_ID, subId);
  const host = MARKETPLACES.has(programId) ? programId : marketplace;
  const tag = placement ?? storeId;
  if (!tag) throw new SetupError('An Amazon link needs a tracking id: give one, or save the store id of the account.');
  const target = new URL(destinationThatFits(destination));
  if (target.host !== host && `www.${target.host}` !== host) {
    throw new SetupError(`"${target.host}" is not ${host}, for which this account earns.`);
  }
  const asin = ASIN_IN_PATH.exec(target.pathname)?.[1];
  const link = asin
    ? new URL(`https://${host}/dp/${asin.toUpperCase()}`)
    : new URL(`https://${host}${target.pathname}${target.search}`);
  link.searchParams.set('tag', tag);
  if (subTag === null) link.searchParams.delete(SUB_ID.parameter);
  else link.searchParams.set(SUB_ID.parameter, subTag);
  return link.href;
}
