// The mock's classes, which can be turned. A cookie "lesson" gives a test its own.
import type { IncomingMessage } from 'node:http';
import type { ClassState, LogLine } from '../src/api/types.ts';

interface Course {
  id: string;
  main: string;
  floor: string;
  rooms: string[];
}

const county = ['banpo', 'liuwan', 'xihe', 'yinshan'];
const away = 'liuwan';

const fresh = (): Course[] => [
  { id: 'maths-7b', main: 'xihe', floor: 'banpo', rooms: county },
  { id: 'music', main: 'qinghe', floor: '', rooms: ['qinghe', 'shuangquan'] },
];

const lessons = new Map<string, Course[]>();
const listeners = new Set<(lesson: string, line: LogLine) => void>();

const lessonOf = (req: IncomingMessage): string => /lesson=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? '';

function courses(req: IncomingMessage): Course[] {
  const name = lessonOf(req);
  const all = lessons.get(name) ?? fresh();
  lessons.set(name, all);
  return all;
}

/** classesFor is what a node sees of its classes: the hub all and may all, a school its
 * own. */
export function classesFor(req: IncomingMessage, node: string, empty: boolean): ClassState[] {
  if (empty) return [];
  const hub = !county.includes(node);
  return courses(req).map((c) => {
    const main = c.main === node;
    const feed = (n: string): string => (n ? `${n}/class-3` : '');
    return {
      id: c.id,
      feed: `class/${c.id}`,
      main: c.main,
      floor: c.floor,
      may_hush: c.floor !== '' && (hub || main || c.floor === node),
      rooms: c.rooms.map((n) => ({
        node: n,
        feed: feed(n),
        shows: feed(n === c.main ? c.floor : c.main),
        online: n !== away,
        may_main: n !== c.main && (hub || main || n === node),
        may_floor: n !== c.main && n !== c.floor && (hub || main || n === node),
      })),
    };
  });
}

/** turned takes a turn; false: there is no such class or room. */
export function turned(req: IncomingMessage, id: string, turn: { main: string; floor: string }): boolean {
  const c = courses(req).find((one) => one.id === id);
  if (!c?.rooms.includes(turn.main) || turn.main === turn.floor) return false;
  Object.assign(c, { main: turn.main, floor: turn.floor });
  const text = { en: `${id}: ${turn.main} is the main school`, zh: `${id}：${turn.main} 主讲` };
  const line: LogLine = { at: new Date().toISOString(), level: 'info', code: 'class-turned', link: '', feed: `class/${id}`, text };
  listeners.forEach((tell) => tell(lessonOf(req), line));
  return true;
}

/** onTurn tells of the turns that a request's page is to hear of, until the returned
 * function is called. */
export function onTurn(req: IncomingMessage, tell: (line: LogLine) => void): () => void {
  const listener = (lesson: string, line: LogLine): void => void (lesson === lessonOf(req) && tell(line));
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
