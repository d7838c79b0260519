import { useEffect, useRef } from 'preact/hooks';
import type { ClassState } from '../../api/types';
import { say } from '../../i18n/words';
import { inPath } from '../../route';
import { Words } from '../../ui/Words';
import { RoomRow } from './RoomRow';
import { mayTurn } from './turns';
import { useTurn } from './useTurn';

interface Props {
  of: ClassState;
  node: string; // this one
  mayPush: boolean;
  look(): void;
}

/** ClassCard is one class: who is the main school now, and all its rooms. */
export function ClassCard({ of: c, node, mayPush, look }: Props) {
  const turning = useTurn(c, look);
  const name = useRef<HTMLHeadingElement>(null);
  const pressed = useRef(false);
  const busy = turning.turn !== null;
  useEffect(() => {
    // The button that was pressed may be gone; who uses the keyboard goes on from here.
    if (!busy && pressed.current && document.activeElement === document.body) name.current?.focus();
    pressed.current = busy;
  }, [busy]);
  const floor = c.floor ? say('class.floor.is', { node: c.floor }) : say('class.floor.none');
  return (
    <section class="class" aria-label={c.id}>
      <div class="class-head">
        <div>
          <h2 ref={name} tabIndex={-1}>
            {c.id}
          </h2>
          <p role="status">
            <strong>{say('class.main.is', { node: c.main })}</strong> · {floor}
          </p>
        </div>
        <a class="button large" href={`/watch/${inPath(c.feed)}`} aria-label={say('class.watch', { name: c.id })}>
          {say('feed.watch')}
        </a>
      </div>
      {turning.problem && <Words problem={turning.problem} bad />}
      {turning.late && (
        <div class="words" role="status">
          <p class="what">{say('class.late')}</p>
          <p class="do">{say('class.late.do')}</p>
        </div>
      )}
      {mayPush && !mayTurn(c) && <p class="aside">{say('class.looks')}</p>}
      <ul class="rooms" aria-label={say('class.rooms', { name: c.id })}>
        {c.rooms.map((r) => (
          <RoomRow key={r.node} room={r} of={c} here={r.node === node} may={mayPush} turning={turning} />
        ))}
      </ul>
    </section>
  );
}
