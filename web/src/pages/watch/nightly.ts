// A kiosk loads itself anew once a night: nobody presses a key there, and a node that was
// brought up to date has other pages than those that were opened a month ago.
import { useEffect } from 'preact/hooks';
import { askSession } from '../../api/ask';

const hour = 3; // local time: no lesson is on
const often = 15 * 60_000; // ms between looks at the clock
const fresh = 2 * 3600_000; // ms: a page opened this night stays

export function useNightly(kiosk: boolean): void {
  useEffect(() => {
    if (!kiosk) return;
    const opened = Date.now();
    const timer = setInterval(() => {
      if (new Date().getHours() !== hour || Date.now() - opened < fresh) return;
      // Only when the node answers: else the browser's own page of errors would stay.
      askSession().then(() => location.reload(), () => undefined);
    }, often);
    return () => clearInterval(timer);
  }, [kiosk]);
}
