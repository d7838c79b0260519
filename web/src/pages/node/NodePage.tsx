// The node at a glance: is every picture on time, and if not, why.
import './node.css';
import { useEffect, useState } from 'preact/hooks';
import { logout } from '../../api/ask';
import type { Session } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { say, sayProblem } from '../../i18n/words';
import { toLogin } from '../../route';
import { TopBar } from '../../ui/TopBar';
import { FeedCard } from './FeedCard';
import { LinkPanel } from './LinkPanel';
import { LogList } from './LogList';
import { PlayerTable } from './PlayerTable';
import { Summary } from './Summary';
import { TalkForm } from './TalkForm';
import { useNode } from './useNode';

export function NodePage() {
  useLanguage();
  const { status, past, log, live, session, problem } = useNode();
  const [preview, setPreview] = useState(''); // one at a time: each is a decoder
  const now = status ? Date.parse(status.now) : Date.now();

  useEffect(() => {
    document.title = status ? `${status.node} - classrelay` : 'classrelay';
  });
  useEffect(() => {
    if (problem?.code === 'login' || problem?.code === 'expired') location.replace(toLogin(problem.code));
  }, [problem]);

  return (
    <>
      <TopBar right={<Account session={session} />}>
        <Summary status={status} live={live} />
      </TopBar>
      <main class="node" id="content">
        <h1 class="unseen">{status ? `${say('app.node')} ${status.node}` : say('app.node')}</h1>
        {problem && !live && (
          <p class="words" role="status">
            {sayProblem(problem)}
          </p>
        )}
        {status && (
          <>
            <section>
              <h2>{say('node.feeds')}</h2>
              {status.feeds.length === 0 && <p class="soft">{say('node.nofeeds')}</p>}
              <div class="cards">
                {status.feeds.map((f) => (
                  <FeedCard key={f.id} feed={f} now={now} live={preview === f.id} onLive={setPreview} />
                ))}
              </div>
            </section>
            <section>
              <h2>
                {say('node.links')} <span class="soft">{say('chart.window')}</span>
              </h2>
              {status.links.length === 0 && <p class="soft">{say('node.nolinks')}</p>}
              {status.links.map((l) => (
                <LinkPanel key={l.peer} link={l} past={past.links.get(l.peer)} now={now} />
              ))}
            </section>
            <div class="halves">
              <section>
                <h2>{say('node.log')}</h2>
                <LogList log={log} />
              </section>
              <section>
                <h2>{say('node.players')}</h2>
                <PlayerTable players={status.players} />
                {session?.may.push !== false && <TalkForm />}
              </section>
            </div>
          </>
        )}
      </main>
    </>
  );
}

function Account({ session }: { session: Session | null }) {
  if (!session) return null;
  if (!session.user) {
    return (
      <a class="plain" href={toLogin('login').replace('why=login&', '')}>
        {say('nav.login')}
      </a>
    );
  }
  const leave = (): void => void logout().finally(() => location.assign('/login'));
  return (
    <>
      <span class="who">{session.user}</span>
      <button class="plain" onClick={leave}>
        {say('nav.logout')}
      </button>
    </>
  );
}
