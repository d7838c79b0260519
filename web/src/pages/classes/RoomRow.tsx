import type { ClassState, Room } from '../../api/types';
import { say, type Key } from '../../i18n/words';
import { nodeOf, toFloor, toHush, toMain, type Turn } from './turns';
import type { Turning } from './useTurn';

interface Props {
  room: Room;
  of: ClassState;
  here: boolean; // it is this node's
  may: boolean; // who looks at the page may give turns
  turning: Turning;
}

/** RoomRow is a room, what it is and sees in the class, and what can be done with it. Rows
 * stay where they are: a button must not move away from under a finger. */
export function RoomRow({ room, of: c, here, may, turning }: Props) {
  const isMain = room.node === c.main;
  const isFloor = room.node === c.floor;
  return (
    <li class={`room${isMain ? ' is-main' : ''}`}>
      <div class="room-name">
        <strong>{room.node}</strong>
        {here && <span class="soft">{say('class.here')}</span>}
      </div>
      <div class="room-signs">
        <span class={`sign ${room.online ? 'good' : 'bad'}`}>{say(room.online ? 'feed.online' : 'feed.offline')}</span>
        {isMain && <span class="role main">{say('class.main')}</span>}
        {isFloor && <span class="role">{say('class.floor')}</span>}
      </div>
      <div class="room-sees soft">{room.shows ? say('class.sees', { node: nodeOf(c, room.shows) }) : say('class.sees.none')}</div>
      <div class="room-acts">
        {may && room.may_floor && !isMain && (
          <Press room={room} word={here ? 'class.take.floor' : 'class.give.floor'} turn={toFloor(c, room)} turning={turning} />
        )}
        {may && c.may_hush && isFloor && <Press room={room} word="class.hush" turn={toHush(c)} turning={turning} away />}
        {may && room.may_main && (
          <Press room={room} word={here ? 'class.take.main' : 'class.give.main'} turn={toMain(c, room)} turning={turning} main={here} />
        )}
      </div>
    </li>
  );
}

interface PressProps {
  room: Room;
  word: Key;
  turn: Turn;
  turning: Turning;
  main?: boolean;
  away?: boolean; // it is for a room that may be off line
}

// Press asks for a turn. While one is asked for there is no other; and a room without a
// picture gets none.
function Press({ room, word, turn, turning, main, away }: PressProps) {
  const asked = turning.turn?.main === turn.main && turning.turn.floor === turn.floor;
  return (
    <button
      class={main ? 'button main' : 'button'}
      disabled={turning.turn !== null || (!room.online && !away)}
      aria-label={`${say(word)} ${room.node}`}
      onClick={() => turning.ask(turn)}
    >
      {say(asked ? 'class.asking' : word)}
    </button>
  );
}
