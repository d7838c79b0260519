// The node at a glance: is every picture on time, and if not, why.
import './node.css';
import { useEffect } from 'preact/hooks';
import { useLanguage } from '../../i18n/language';
import { say } from '../../i18n/words';
import { Account } from '../../ui/Account';
import { Summary } from '../../ui/Summary';
import { TopBar } from '../../ui/TopBar';
import { Words } from '../../ui/Words';
import { useLogin } from '../../ui/useLogin';
import { Feeds } from './Feeds';
import { LinkPanel } from './LinkPanel';
import { LogList } from './LogList';
import { PlayerTable } from './PlayerTable';
import { TalkForm } from './TalkForm';
import { useNode } from './useNode';
import { Verdict } from './Verdict';

// unfolded tells whether charts are open by themselves: of twelve links, or on a phone,
// they are a page that nobody reads.
function unfolded(links: number): boolean {
  return links <= 4 && window.innerWidth > 600;
}

export function NodePage() {
  useLanguage();
  const { status, past, log, live, session, problem } = useNode();
  const now = status ? Date.parse(status.now) : Date.now();

  useEffect(() => {
    document.title = status ? `${status.node} - classrelay` : 'classrelay';
  });
  useLogin(problem);

  return (
    <>
      <TopBar right={<Account session={session} />}>
        <Summary status={status} live={live} />
        <a class="plain" href="/classes">
          {say('nav.classes')}
        </a>
      </TopBar>
      <main class="node" id="content">
        <h1 class="unseen">{status ? `${say('app.node')} ${status.node}` : say('app.node')}</h1>
        {problem && !live && (
          <Words problem={problem} />
        )}
        {status && (
          <>
            <Verdict status={status} now={now} />
            <Feeds status={status} now={now} />
            <section>
              <h2>
                {say('node.links')} <span class="soft">{say('chart.window')}</span>
              </h2>
              {status.links.length === 0 && <p class="empty">{say('node.nolinks')}</p>}
              {status.links.map((l) => (
                <LinkPanel key={l.peer} link={l} past={past.links.get(l.peer)} now={now} open={unfolded(status.links.length)} />
              ))}
            </section>
            <div class="halves">
              <section>
                <h2>{say('node.log')}</h2>
                <LogList log={log} now={now} />
              </section>
              <section>
                <h2>{say('node.players')}</h2>
                <PlayerTable players={status.players} now={now} />
                {session?.may.push !== false && <TalkForm node={status.node} />}
              </section>
            </div>
          </>
        )}
      </main>
    </>
  );
}
