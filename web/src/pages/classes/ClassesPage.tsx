// The classes in which several schools take part: who is the main school, and the turn
// given to another with one press.
import './classes.css';
import { useEffect } from 'preact/hooks';
import { useLanguage } from '../../i18n/language';
import { say } from '../../i18n/words';
import { Account } from '../../ui/Account';
import { Summary } from '../../ui/Summary';
import { TopBar } from '../../ui/TopBar';
import { Words } from '../../ui/Words';
import { useLogin } from '../../ui/useLogin';
import { ClassCard } from './ClassCard';
import { useClasses } from './useClasses';

export function ClassesPage() {
  useLanguage();
  const { classes, status, session, live, problem, look } = useClasses();
  const node = status?.node ?? '';
  const mayPush = session?.may.push !== false;

  useEffect(() => {
    document.title = say('class.title', { node: node || 'classrelay' });
  });
  useLogin(problem);

  return (
    <>
      <TopBar right={<Account session={session} />}>
        <Summary status={status} live={live} />
        <a class="plain" href="/">
          {say('nav.node')}
        </a>
      </TopBar>
      <main class="classes" id="content">
        <h1>{say('class.heading')}</h1>
        <p class="soft">{say('class.hint')}</p>
        {problem && <Words problem={problem} />}
        {!mayPush && classes?.length !== 0 && <p class="aside">{say('class.nopush')}</p>}
        {classes?.length === 0 && <p class="empty">{say('class.none')}</p>}
        {classes?.map((c) => (
          <ClassCard key={c.id} of={c} node={node} mayPush={mayPush} look={look} />
        ))}
      </main>
    </>
  );
}
