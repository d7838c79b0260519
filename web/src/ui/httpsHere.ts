/** httpsHere is this page's address over https, or null where the node has none. */
export function httpsHere(port: number | null): string | null {
  if (port == null) return null;
  return `https://${location.hostname}:${port}${location.pathname}${location.search}`;
}
