// What a press asks for, and how it is told when it has come true. Pure.
import type { ClassState, Room } from '../../api/types';

export interface Turn {
  main: string;
  floor: string; // empty: none
}

/** toMain makes a room the main school. Who has the floor keeps it; where that is the room
 * itself, the former main school gets it, so that both go on talking to each other. */
export function toMain(c: ClassState, room: Room): Turn {
  return { main: room.node, floor: c.floor === room.node ? c.main : c.floor };
}

export function toFloor(c: ClassState, room: Room): Turn {
  return { main: c.main, floor: room.node };
}

export function toHush(c: ClassState): Turn {
  return { main: c.main, floor: '' };
}

export function isTrue(c: ClassState, turn: Turn): boolean {
  return c.main === turn.main && c.floor === turn.floor;
}

/** nodeOf is whose room a feed shows. */
export function nodeOf(c: ClassState, feed: string): string {
  return c.rooms.find((r) => r.feed === feed)?.node ?? feed;
}

/** mayTurn tells whether this node has a say in a class at all. */
export function mayTurn(c: ClassState): boolean {
  return c.may_hush || c.rooms.some((r) => r.may_main || r.may_floor);
}
