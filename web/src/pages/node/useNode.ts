import { useEffect, useRef, useState } from 'preact/hooks';
import { askHistory, askLog, askSession } from '../../api/ask';
import { follow } from '../../api/events';
import { asProblem, type Problem } from '../../api/problem';
import type { LogLine, Session, Status } from '../../api/types';
import { Past } from '../../chart/past';

export interface NodeView {
  status: Status | null;
  past: Past;
  log: LogLine[]; // newest first
  live: boolean;
  session: Session | null;
  problem: Problem | null;
}

const lines = 200; // more than anybody reads on a page; the node's own log has all

/** useNode keeps the node's state live: history and log once per connection, then events. */
export function useNode(): NodeView {
  const past = useRef(new Past()).current;
  const [status, setStatus] = useState<Status | null>(null);
  const [log, setLog] = useState<LogLine[]>([]);
  const [live, setLive] = useState(false);
  const [session, setSession] = useState<Session | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    let loaded = false;
    const load = async (): Promise<void> => {
      try {
        const [history, said, who] = await Promise.all([askHistory(), askLog(), askSession()]);
        past.load(history);
        setLog(said.reverse().slice(0, lines));
        setSession(who);
        setProblem(null);
        loaded = true;
      } catch (err) {
        loaded = false;
        setProblem(asProblem(err));
      }
    };
    void load();
    let was = true;
    return follow({
      status: (now) => {
        past.add(now);
        setStatus(now);
      },
      change: (line) => setLog((all) => (known(all, line) ? all : [line, ...all].slice(0, lines))),
      live: (now) => {
        // After a pause the node knows what we have missed; after a failed load, all of it.
        if ((now && !was) || (!now && !loaded)) void load();
        was = now;
        setLive(now);
      },
    });
  }, []);
  return { status, past, log, live, session, problem };
}

function known(all: LogLine[], line: LogLine): boolean {
  return all.some((l) => l.at === line.at && l.code === line.code && l.feed === line.feed && l.link === line.link);
}
