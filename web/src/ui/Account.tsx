import { logout } from '../api/ask';
import type { Session } from '../api/types';
import { say } from '../i18n/words';
import { toLogin } from '../route';

/** Account is who has logged in, and the way out, or in. */
export function Account({ session }: { session: Session | null }) {
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
