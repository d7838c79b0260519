// The node's server-sent events. EventSource comes back by itself after a lost
// connection but gives up for good on an error answer (a restart behind a proxy, an ended
// session), and it never notices a line that went silent: we do both.
import { backoff } from '../play/backoff';
import type { LogLine, Status } from './types';

export interface EventSink {
  status(status: Status): void;
  change(line: LogLine): void;
  /** live is false from a lost connection to the next event. */
  live(live: boolean): void;
}

const silence = 5000; // ms: a status comes each second, five missing ones are a lost line

/** follow connects and reconnects until the returned function is called. */
export function follow(sink: EventSink): () => void {
  let source: EventSource | null = null;
  let timer = 0;
  let tries = 0;

  const later = (ms: number, what: () => void): void => {
    clearTimeout(timer);
    timer = window.setTimeout(what, ms);
  };
  const lost = (): void => {
    source?.close();
    sink.live(false);
    later(backoff(tries++), connect);
  };
  const heard = (): void => {
    tries = 0;
    sink.live(true);
    later(silence, lost);
  };
  const connect = (): void => {
    source = new EventSource('/api/v1/events');
    source.addEventListener('status', (e) => {
      heard();
      sink.status(JSON.parse((e as MessageEvent<string>).data) as Status);
    });
    source.addEventListener('change', (e) => sink.change(JSON.parse((e as MessageEvent<string>).data) as LogLine));
    source.onerror = lost;
    later(silence, lost);
  };

  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
