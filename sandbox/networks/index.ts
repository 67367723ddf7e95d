import type { SimulatedNetworkId } from '../merchants.ts';
import type { SimulatedNetwork } from '../wire.ts';
import type { World } from '../world.ts';
import { amazonAssociates } from './amazon-associates.ts';
import { awin } from './awin.ts';
import { cj } from './cj.ts';
import { impact } from './impact.ts';
import { rakuten } from './rakuten.ts';

export interface SimulatorOptions {
  /** Rows per page at networks that decide it themselves. Small pages make readers turn them. */
  readonly pageSize: number;
  /** Nobody is ever asked to slow down: for a demo that is there in a minute. */
  readonly unlimited: boolean;
}

/** The wire format of each network. */
export const SIMULATORS: Readonly<
  Record<SimulatedNetworkId, (world: World, options: SimulatorOptions) => SimulatedNetwork>
> = { awin, cj, impact, rakuten, 'amazon-associates': amazonAssociates };
