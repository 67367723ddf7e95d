import { Command } from '@commander-js/extra-typings';
import type { Connector, Limits } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/registry.ts';
import { examples, globalFlags } from '../answer.ts';
import { paragraphs, printAnswer, table } from '../output.ts';
import type { Look, Shell } from '../shell.ts';

export interface NetworkFacts {
  readonly id: string;
  readonly name: string;
  readonly kind: 'API' | 'API and files';
  readonly offers: readonly string[];
  readonly limits: Limits;
  /** How deep conversions can be read; null where the network says nothing of it. */
  readonly historyDays: number | null;
  readonly files: readonly string[];
  readonly verifiedOn: string | null;
  readonly docsUrl: string;
}

export function networksCommand(shell: Shell) {
  const list = new Command('list')
    .description('show the networks that can be connected')
    .addHelpText('after', examples('networks list', 'networks list --json'))
    .action((_options, command) => {
      printAnswer(shell, globalFlags(command), { networks: connectors.map(factsOf) }, renderNetworks);
    });
  return new Command('networks').description('the networks that can be connected').addCommand(list);
}

/** What a connector offers, in a few words. */
function factsOf(connector: Connector): NetworkFacts {
  const { id, name, files = [], limits, verifiedOn, docsUrl, streams, link } = connector;
  const depths = streams.conversions.passes.flatMap(({ historyDays }) => historyDays ?? []);
  return {
    id,
    name,
    kind: files.length > 0 ? 'API and files' : 'API',
    offers: [...Object.keys(streams), ...(link ? ['links'] : [])],
    limits,
    historyDays: depths.length > 0 ? Math.max(...depths) : null,
    files: files.map(({ title }) => title),
    verifiedOn,
    docsUrl,
  };
}

function renderNetworks({ networks }: { readonly networks: readonly NetworkFacts[] }, look: Look): string {
  const rows = networks.map(({ id, name, kind, limits, historyDays, verifiedOn, offers }) => [
    id,
    name,
    kind,
    limitWords(limits),
    historyDays === null ? 'not said' : `${historyDays} days`,
    verifiedOn ?? 'never against a live account yet',
    offers.join(', '),
  ]);
  const titles = ['NETWORK', 'NAME', 'KIND', 'CALLS', 'HISTORY', 'VERIFIED ON', 'OFFERS'];
  return paragraphs(
    table(
      titles.map((title) => ({ title })),
      rows,
      look,
    ),
    'Connect one: tributary accounts add <network>',
  );
}

function limitWords({ perMinute, perHour, perDay }: Limits): string {
  const words = [
    perMinute === undefined ? '' : `${perMinute} a minute`,
    perHour === undefined ? '' : `${perHour} an hour`,
    perDay === undefined ? '' : `${perDay} a day`,
  ];
  return words.filter(Boolean).join(', ') || 'no limit known';
}
