/** Through which proxy requests go, by the variables that everybody knows: HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address; undefined where it is asked directly. Small letters go before capitals, as curl has it. NO_PROXY lists hosts,
 * separated by commas or blanks: `example.com` (and all that ends in `.example.com`), `.example.com`, `*.example.com`, `host:port`, `*`.
 */
export function proxyFor(url: string, variables: Variables = process.env): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const set = (name: string): string | undefined => variables[name.toLowerCase()]?.trim() || variables[name]?.trim() || undefined;
  const proxy = protocol === 'https:' ? set('HTTPS_PROXY') : set('HTTP_PROXY');
  if (proxy === undefined || isExempt(hostname, port || (protocol === 'https:' ? '443' : '80'), set('NO_PROXY') ?? '')) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** Which proxy a request went through, to stand behind a message; empty without one. Never with the proxy's own password. */
export function proxyText(url: string, variables: Variables = process.env): string {
  const proxy = proxyFor(url, variables);
  return proxy === undefined ? '' : ` (asked through the proxy ${proxy.host})`;
}

/** The proxies that are set, for who looks for trouble with a network. */
export function proxiesText(variables: Variables = process.env): string {
  const hosts = ['https://example.invalid', 'http://example.invalid'].flatMap(
    (url) => proxyFor(url, { ...variables, NO_PROXY: '', no_proxy: '' })?.host ?? [],
  );
  return hosts.length === 0 ? '' : `the proxy ${[...new Set(hosts)].join(' and ')} (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)`;
}

function isExempt(hostname: string, port: string, noProxy: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', only] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
    });
}
