import { useEffect } from 'preact/hooks';

type Sentinel = { release(): Promise<void> };
type Waking = Navigator & { wakeLock?: { request(kind: 'screen'): Promise<Sentinel> } };

/** useWakeLock keeps the screen on where the browser can (https only; a panel on http has
 * its own setting). The lock ends whenever the page is hidden, so it is asked for again. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: Sentinel | null = null;
    const take = (): void => {
      if (document.hidden) return;
      (navigator as Waking).wakeLock?.request('screen').then(
        (got) => (lock = got),
        () => undefined, // a tablet low on battery refuses
      );
    };
    take();
    document.addEventListener('visibilitychange', take);
    return () => {
      document.removeEventListener('visibilitychange', take);
      void lock?.release();
    };
  }, []);
}
