import { SetupError } from '../../core/errors.ts';
import type { LinkBuilder, LinkTarget } from '../contract.ts';
import { destinationThatFits, subIdThatFits } from '../kit/link.ts';

/** The network does not say how long a sub-id may be; a hundred characters are surely fine. */
const SUB_ID = { parameter: 'subId1', maxLength: 100, pattern: /^[A-Za-z0-9._~-]+$/ };

export const link: LinkBuilder<unknown> = { subId: SUB_ID, build };

/** The tracking domain differs per brand, so a link starts from the campaign's own `TrackingLink`. */
function build({ programId, destination, subId, placement }: LinkTarget): string {
  const sub = subId === null ? null : subIdThatFits(SUB_ID, subId);
  if (!placement || !/^https:\/\/[^/]+\/c\/\d+\/\d+\/\d+/.test(placement)) {
    throw new SetupError(
      `A link at impact.com starts from the tracking link of the campaign (https://…/c/…). Give the one of program ${programId}.`,
    );
  }
  const link = new URL(placement);
  if (link.pathname.split('/')[4] !== programId) {
    throw new SetupError(`The tracking link ${placement.slice(0, 120)} does not belong to program ${programId}.`);
  }
  if (sub !== null) link.searchParams.set(SUB_ID.parameter, sub);
  link.searchParams.set('u', destinationThatFits(destination));
  return link.href;
}
