// The login. Where to go afterwards comes from the address, and stays on this node.
import './login.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askSession, login } from '../../api/ask';
import { Problem } from '../../api/problem';
import { useLanguage } from '../../i18n/language';
import { doProblem, say, sayProblem } from '../../i18n/words';
import { afterLogin } from '../../route';
import { TopBar } from '../../ui/TopBar';
import { httpsHere } from '../../ui/httpsHere';

export function LoginPage() {
  useLanguage();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [seen, setSeen] = useState(false);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem | 'empty' | null>(null);
  const [https, setHttps] = useState<string | null>(null);
  const words = useRef<HTMLDivElement>(null);
  const why = new URLSearchParams(location.search).get('why');

  useEffect(() => {
    document.title = say('login.title');
  });
  useEffect(() => {
    askSession().then((s) => setHttps(httpsHere(s.https_port)), () => undefined); // the form works without
  }, []);
  useEffect(() => words.current?.focus(), [problem]);

  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (!user || !password) return setProblem('empty');
    setWorking(true);
    setProblem(null);
    try {
      await login(user, password);
      location.replace(afterLogin(location.search));
    } catch (err) {
      setProblem(err instanceof Problem ? err : new Problem('internal'));
      setWorking(false);
    }
  };

  return (
    <>
      <TopBar />
      <main class="login" id="content">
        <form onSubmit={(e) => void submit(e)} noValidate>
          <h1>{say('login.heading', { node: location.hostname })}</h1>
          {!problem && (why === 'login' || why === 'expired') && <p class="words">{say(`login.why.${why}`)}</p>}
          {problem && (
            <div class="words bad" role="alert" tabIndex={-1} ref={words}>
              <p class="what">{problem === 'empty' ? say('login.empty') : sayProblem(problem)}</p>
              {problem !== 'empty' && (
                <p class="do">
                  {doProblem(problem)} {problem.code === 'plain-login' && https && <a href={https}>{say('talk.https')}</a>}
                </p>
              )}
            </div>
          )}
          <div>
            <label for="user">{say('login.user')}</label>
            <input
              id="user"
              autoComplete="username"
              autoCapitalize="none"
              spellcheck={false}
              value={user}
              onInput={(e) => setUser(e.currentTarget.value)}
            />
          </div>
          <div>
            <label for="password">{say('login.password')}</label>
            <input
              id="password"
              type={(seen ? 'text' : 'password') as 'password'}
              autoComplete="current-password"
              value={password}
              onInput={(e) => setPassword(e.currentTarget.value)}
            />
          </div>
          <label class="tick">
            <input type="checkbox" checked={seen} onChange={(e) => setSeen(e.currentTarget.checked)} />
            <span>{say('login.show')}</span>
          </label>
          <button class="button main large" disabled={working}>
            {say(working ? 'login.working' : 'login.submit')}
          </button>
          <p class="small">{say('login.forgot')}</p>
        </form>
      </main>
    </>
  );
}
