import type { SimulatedNetworkId } from '../merchants.ts';
import { amazonLife } from './amazon-associates.ts';
import { awinLife } from './awin.ts';
import { cjLife } from './cj.ts';
import { impactLife } from './impact.ts';
import { rakutenLife } from './rakuten.ts';
import type { Life } from './row.ts';

/** How each network books a sale. The simulators tell these books, and the truth is read from them. */
export const LIVES: Readonly<Record<SimulatedNetworkId, Life>> = {
  awin: awinLife,
  cj: cjLife,
  impact: impactLife,
  rakuten: rakutenLife,
  'amazon-associates': amazonLife,
};
