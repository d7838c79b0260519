// Debian's Chromium, kept from asking for anything outside this machine.
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Loopback addresses instead of mDNS names, which nobody answers on a test machine.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--use-fake-device-for-media-stream',
];

/** chromium is how the browser is started, with more of its own switches. */
export function chromium(...more: string[]) {
  return { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: [...quiet, ...more] };
}
