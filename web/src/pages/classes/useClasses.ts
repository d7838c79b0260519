import { useEffect, useState } from 'preact/hooks';
import { askClasses, askSession } from '../../api/ask';
import { follow } from '../../api/events';
import { asProblem, type Problem } from '../../api/problem';
import type { ClassState, Session, Status } from '../../api/types';

export interface ClassesView {
  classes: ClassState[] | null;
  status: Status | null;
  session: Session | null;
  live: boolean;
  problem: Problem | null;
  look(): void; // asks anew at once
}

const news = ['class-turned', 'feed-offline', 'feed-back'];
const again = 5000; // ms: rooms come on line without a line in the log, too

/** useClasses keeps the classes live: anew at each turn, and every few seconds. */
export function useClasses(): ClassesView {
  const [classes, setClasses] = useState<ClassState[] | null>(null);
  const [status, setStatus] = useState<Status | null>(null);
  const [session, setSession] = useState<Session | null>(null);
  const [live, setLive] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const look = async (): Promise<void> => {
    try {
      setClasses(await askClasses());
      setProblem(null);
    } catch (err) {
      setProblem(asProblem(err));
    }
  };
  useEffect(() => {
    const load = (): void => {
      void look();
      askSession().then(setSession, () => undefined); // what is wrong, look says
    };
    load();
    const timer = window.setInterval(() => void look(), again);
    let was = true;
    const stop = follow({
      status: setStatus,
      change: (line) => void (news.includes(line.code) && look()),
      live: (now) => {
        if (now && !was) load();
        was = now;
        setLive(now);
      },
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }, []);
  return { classes, status, session, live, problem, look: () => void look() };
}
