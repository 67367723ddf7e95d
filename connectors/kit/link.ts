import { SetupError } from '../../core/errors.ts';
import type { LinkBuilder } from '../contract.ts';

/**
 * Checks a sub-id against the slot that the network gives it. One that the network would cut or change comes back as
 * somebody else's, so it is refused before the link goes out.
 */
export function subIdThatFits(slot: LinkBuilder<unknown>['subId'], subId: string): string {
  if (subId.length > slot.maxLength) {
    throw new SetupError(
      `The sub-id "${subId.slice(0, 60)}" is longer than the ${slot.maxLength} characters that fit.`,
    );
  }
  if (!slot.pattern.test(subId)) {
    throw new SetupError(`The sub-id "${subId}" has characters that do not come back unchanged: use ${slot.pattern}.`);
  }
  return subId;
}

/** Checks the address that a link leads to: absolute, and http or https. */
export function destinationThatFits(destination: string): string {
  const address = destination.trim();
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new SetupError(`"${destination.slice(0, 80)}" is not a web address that a link can lead to.`);
  }
  return address;
}

/** Checks an id that goes into an address: only digits. `what` names it for people ("The advertiser id"). */
export function digitsThatFit(what: string, id: string): string {
  if (!/^\d+$/.test(id)) throw new SetupError(`${what} "${id.slice(0, 40)}" is not a number.`);
  return id;
}
