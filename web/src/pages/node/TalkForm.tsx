import { useState } from 'preact/hooks';
import { say } from '../../i18n/words';
import { inPath } from '../../route';

const feedName = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

/** TalkForm leads to the talk-back page of a name. */
export function TalkForm({ node }: { node: string }) {
  const [name, setName] = useState(() => suggestion(node));
  const open = (e: Event): void => {
    e.preventDefault();
    if (feedName.test(name)) location.assign(`/talk/${inPath(name)}`);
  };
  return (
    <form class="talk-form" onSubmit={open}>
      <h3>{say('node.talk')}</h3>
      <label for="talk-name">{say('node.talk.name')}</label>
      <div class="talk-row">
        <input id="talk-name" value={name} maxLength={64} onInput={(e) => setName(e.currentTarget.value)} aria-describedby="talk-hint" />
        <button class="button" disabled={!feedName.test(name)}>
          {say('node.talk.open')}
        </button>
      </div>
      <p id="talk-hint" class="soft">
        {say('node.talk.hint')}
      </p>
    </form>
  );
}

// suggestion is a name that says where it comes from; most nodes have one room to show.
function suggestion(node: string): string {
  const name = `${node}/talk`;
  return feedName.test(name) ? name : 'talk';
}
