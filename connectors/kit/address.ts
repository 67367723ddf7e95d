import { SetupError } from '../../core/errors.ts';
import type { Connector, Query } from '../contract.ts';

/**
 * The real address of a call. Refuses whatever is not https on a host that the connector declares; a call that carries
 * the key needs a host that is declared by its full name.
 */
export function addressOf(
  { id, hosts: declared }: Pick<Connector, 'id' | 'hosts'>,
  path: string,
  query: Query = {},
  { withKey = true } = {},
): URL {
  const hosts = withKey ? declared.filter((host) => !host.startsWith('*.')) : declared;
  const base = `https://${declared[0]}/`;
  if (!URL.canParse(path, base)) throw new SetupError(`The connector ${id} asks for an address that cannot be read.`);
  const url = new URL(path, base);
  if (!mayCall(hosts, url)) {
    throw new SetupError(
      `The connector ${id} may not call ${url.protocol}//${url.host}: it declares https on ${hosts.join(', ')} only.`,
    );
  }
  url.hash = '';
  const more = encode(query);
  // An address that the network gave (the next page, a signed file) keeps its own query to the letter.
  if (more) url.search = url.search ? `${url.search}&${more}` : more;
  return url;
}

export function mayCall(hosts: readonly string[], url: URL): boolean {
  return url.protocol === 'https:' && hosts.some((host) => isHost(host, url.host)) && !url.username && !url.password;
}

/** `*.example.com` stands for every host under example.com, and not for example.com itself. */
function isHost(declared: string, host: string): boolean {
  return declared.startsWith('*.') ? host.endsWith(declared.slice(1)) : host === declared;
}

/** Where the address really is: the real host, or its place in the sandbox (`http://127.0.0.1:4190/api.awin.com/x`). */
export function routeTo(url: URL, origin: string | undefined): string {
  return origin === undefined ? url.href : `${origin.replace(/\/$/, '')}/${url.host}${url.pathname}${url.search}`;
}

/** `%20` for a space, never `+`, which some servers take for a plus. A list repeats its name. */
function encode(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = typeof value === 'object' ? value : [String(value)];
    return values.map((one): [string, string] => [name, one]);
  });
  return new URLSearchParams(pairs).toString().replaceAll('+', '%20');
}
