// Which page a path is, and of which feed. Feed names may contain slashes.

export interface Route {
  page: 'node' | 'classes' | 'watch' | 'talk' | 'login';
  feed: string; // empty on pages without one
}

export function route(path: string): Route {
  for (const page of ['watch', 'talk'] as const) {
    const prefix = `/${page}/`;
    if (path.startsWith(prefix)) return { page, feed: plain(path.slice(prefix.length)) };
  }
  for (const page of ['classes', 'login'] as const) if (path === `/${page}`) return { page, feed: '' };
  return { page: 'node', feed: '' };
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign: no feed has that name, and the node will say so
  }
}

/** inPath writes a feed's name into a path; its slashes stay. No node takes a name that
 * climbs; if one comes all the same, its slashes do not count as such. */
export function inPath(feed: string): string {
  if (/(^|\/)\.+(\/|$)/.test(feed)) return encodeURIComponent(feed);
  return feed.split('/').map(encodeURIComponent).join('/');
}

/** afterLogin is where to go after a login: a path of this node, never another site. */
export function afterLogin(query: string): string {
  const next = new URLSearchParams(query).get('next') ?? '/';
  const here = 'http://here.invalid';
  try {
    const url = new URL(next, here);
    return url.origin === here && next.startsWith('/') ? url.pathname + url.search : '/';
  } catch {
    return '/';
  }
}

/** toLogin is the login page that leads back to this one. */
export function toLogin(why: 'login' | 'expired'): string {
  const next = encodeURIComponent(location.pathname + location.search);
  return `/login?why=${why}&next=${next}`;
}
