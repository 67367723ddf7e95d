import { cutOff, drifted, instead, repeated } from './damage.ts';
import { type FaultPlan, faultPlan } from './faults.ts';
import type { SimulatedNetworkId } from './merchants.ts';
import { SIMULATORS } from './networks/index.ts';
import { json, type SimulatedNetwork, type WireAnswer, type WireRequest } from './wire.ts';
import type { World } from './world.ts';

/** Simulated networks that tell one world, with or without bad luck. */
export interface Sandbox {
  readonly world: World;
  readonly networks: readonly SimulatedNetwork[];
  /** Every host that it plays. */
  readonly hosts: readonly string[];
  answer(request: WireRequest): WireAnswer;
  /** What an account must enter to be let in. */
  credentialsFor(networkId: string): Readonly<Record<string, string>>;
}

interface SandboxOptions {
  readonly world: World;
  readonly faults?: FaultPlan;
  readonly networks?: readonly SimulatedNetworkId[];
  /** Rows per page at networks that decide it themselves, 50 unless told otherwise. */
  readonly pageSize?: number;
  /** The networks' rate limits are in force unless told otherwise. */
  readonly unlimited?: boolean;
}

/** Puts the networks of a world behind one door. */
export function createSandbox({ world, faults, networks, pageSize = 50, unlimited = false }: SandboxOptions): Sandbox {
  const plan = faults ?? faultPlan({ seed: world.seed, level: 'none' });
  const played = (networks ?? world.networks).map((id) => SIMULATORS[id](world, { pageSize, unlimited }));
  const byHost = new Map(played.flatMap((network) => network.hosts.map((host) => [host, network] as const)));
  return {
    world,
    networks: played,
    hosts: [...byHost.keys()],
    answer(request) {
      const network = byHost.get(request.host);
      return network ? answerOf(network, request, plan, world.clock.now()) : nobody(request, played);
    },
    credentialsFor(networkId) {
      const network = played.find(({ id }) => id === networkId);
      if (!network) throw new RangeError(`The sandbox plays no network "${networkId}".`);
      return network.credentials;
    },
  };
}

function answerOf(network: SimulatedNetwork, request: WireRequest, plan: FaultPlan, now: Date): WireAnswer {
  const luck = plan.next(network.id);
  const unreached = luck && instead(luck.fault, network.throttles, luck.random);
  if (unreached) return unreached;
  if (luck?.fault === 'token lost') network.forgetTokens?.();

  const again = luck?.fault === 'repeated rows' ? luck : null;
  let answer = network.answer(request, { shifted: again !== null });
  if (network.listing.path.test(request.path)) {
    const drift = plan.driftOf(network.id, now);
    if (drift) answer = drifted(answer, network.listing, drift);
    if (again) answer = repeated(answer, network.listing, again.random);
  }
  return luck?.fault === 'cut off' ? cutOff(answer, luck.random) : answer;
}

/** The sandbox's own front page, for whoever points a client at it. Its keys open nothing but this sandbox. */
function nobody({ host, path }: WireRequest, networks: readonly SimulatedNetwork[]): WireAnswer {
  const isFrontPage = host === '' && path === '/';
  return json(isFrontPage ? 200 : 404, {
    message: isFrontPage
      ? 'These networks are simulated. Ask /<host>/<path> as you would ask https://<host>/<path>.'
      : `The sandbox plays no host "${host}". Ask /<host>/<path> with one of the hosts below.`,
    networks: networks.map(({ id, hosts, credentials }) => ({ id, hosts, credentials })),
  });
}
