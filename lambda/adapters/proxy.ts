import { BlockList, isIP } from 'node:net';
import { KeyguardError } from '../foundation/errors.ts';

/** Through which proxy requests go, by the variables that everybody knows: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. */

type Variables = Readonly<Record<string, string | undefined>>;

/** A proxy, and the variable that names it. */
export interface Proxy {
  readonly variable: string;
  readonly url: URL;
}

/**
 * The proxy for an address; undefined where it is asked directly. Small letters go before capitals, and ALL_PROXY last, as curl has it. NO_PROXY
 * lists hosts, separated by commas or blanks: `example.com` (and all that ends in `.example.com`), `.example.com`, `*.example.com`, an address, a
 * network such as `10.0.0.0/8` (for hosts that are addresses: no name is looked up), any of these with `:port`, or `*`. Another entry is no host.
 */
export function proxyFor(url: string, variables: Variables = process.env): Proxy | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const setting = settingFor(protocol, variables);
  if (setting === undefined || isExempt(hostname, port || (protocol === 'https:' ? '443' : '80'), noProxyIn(variables))) return undefined;
  return proxyOf(setting);
}

function proxyOf(setting: Setting | undefined): Proxy | undefined {
  if (setting === undefined) return undefined;
  const url = readProxy(setting.value);
  return url instanceof URL ? { variable: setting.variable, url } : undefined;
}

/** Throws KeyguardError `proxy-malformed` for a setting that would not be followed. For the start: whoever asks later for a proxy trusts it. */
export function checkProxies(variables: Variables = process.env): void {
  if (noProxyIn(variables).includes('*')) return;
  for (const protocol of ['https:', 'http:']) {
    const setting = settingFor(protocol, variables);
    if (setting === undefined) continue;
    const { variable, value } = setting;
    const because = readProxy(value);
    if (because instanceof URL) continue;
    // Of the value nothing is repeated: a password may stand anywhere in it.
    throw new KeyguardError(
      'proxy-malformed',
      `${variable} names no proxy that can be used: ${because}`,
      `export ${variable}=http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT; to ask without a proxy: unset ${variable}`,
    );
  }
}

/** Which proxy a request went through, to stand behind a message; empty without one. Never with the proxy's own password. */
export function proxyText(url: string, variables: Variables = process.env): string {
  const proxy = proxyFor(url, variables);
  return proxy === undefined ? '' : ` (asked through the proxy ${proxy.url.host})`;
}

/** The proxies that are set, for who looks for trouble with a network. */
export function proxiesText(variables: Variables = process.env): string {
  const set = ['https:', 'http:'].flatMap((protocol) => proxyOf(settingFor(protocol, variables)) ?? []);
  const hosts = [...new Set(set.map(({ url }) => url.host))];
  const names = [...new Set(set.map(({ variable }) => variable)), 'NO_PROXY'];
  return hosts.length === 0 ? '' : `the proxy ${hosts.join(' and ')} (${names.join(', ')})`;
}

interface Setting {
  readonly variable: string;
  readonly value: string;
}

function settingFor(protocol: string, variables: Variables): Setting | undefined {
  const names = [protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', 'ALL_PROXY'];
  return names
    .flatMap((name) => [name.toLowerCase(), name])
    .map((variable) => ({ variable, value: variables[variable]?.trim() ?? '' }))
    .find(({ value }) => value !== '');
}

/** The address of a proxy, with `http://` where no scheme is given; or why it is none that we can speak to. */
function readProxy(value: string): URL | string {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(address)) return 'it is no address';
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'its scheme is neither http nor https';
  // A password with one of these signs ends the host too early: the rest of it stands here.
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'it goes on behind the port (in a password, write / as %2F, ? as %3F, # as %23)';
  return loginOf(url) === undefined ? 'its login holds a % that begins no sign (write it as %25)' : url;
}

/** What the proxy wants to hear of who asks, as `user:password`; empty where nothing is set, undefined where nobody can read it. */
export function loginOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return '';
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return undefined;
  }
}

function noProxyIn(variables: Variables): readonly string[] {
  const value = variables['no_proxy']?.trim() || variables['NO_PROXY']?.trim() || '';
  return value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
}

function isExempt(hostname: string, port: string, noProxy: readonly string[]): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  return noProxy.some((entry) => {
    if (entry === '*') return true;
    // The colons of an IPv6 address begin no port, unless it stands in brackets.
    const [, before = entry, only = port] = /^([^:]*|\[.*\]):(\d+)$/.exec(entry) ?? [];
    if (only !== port) return false;
    const name = before.replace(/[[\]]/g, '');
    if (isIP(host) !== 0) return isWithin(host, name);
    const domain = name.replace(/^\*?\.|\.$/g, '');
    return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
  });
}

/** Whether an address is the one that is written, or in the network that is written `ADDRESS/BITS`. */
function isWithin(address: string, written: string): boolean {
  const [, network = '', digits] = /^([^/]*)(?:\/(\d+))?$/.exec(written) ?? [];
  const family = isIP(network);
  const most = family === 4 ? 32 : 128;
  const bits = Number(digits ?? most);
  if (family === 0 || bits > most) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}
