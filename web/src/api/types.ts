// What the node's interface answers (relay/console/openapi.yaml has the same with every
// unit): times are RFC 3339 in UTC, durations milliseconds, rates bit/s, shares 0 to 1,
// null is "not known".

export interface Text {
  en: string;
  zh: string;
}

export interface Trouble {
  code: string;
  text: Text;
}

export type LayerName = 'main' | 'sub' | 'audio';

export interface Layer {
  name: LayerName;
  codec: string;
  width: number | null;
  height: number | null;
  rate: number | null;
  interest: number;
  packets: number;
  key_frame_age_ms: number | null;
}

export interface Feed {
  id: string;
  source: string;
  path: string[];
  online: boolean;
  offline_since: string | null;
  viewers: number;
  latency_ms: number | null;
  latency_error_ms: number | null;
  layers: Layer[];
  problem: Trouble | null;
}

export interface Flow {
  feed: string;
  layer: LayerName;
  direction: 'in' | 'out';
  active: boolean;
  since: string | null;
  reason: string;
}

export interface Link {
  peer: string;
  remote: string;
  up: boolean;
  dialled: boolean;
  since: string | null;
  rtt_ms: number | null;
  delay_ms: number | null;
  delay_error_ms: number | null;
  loss: number | null;
  burst: number | null;
  overhead: number | null;
  queue_ms: number | null;
  rate: number | null;
  estimate: number | null;
  latency_ms: { p50: number; p95: number; p99: number } | null;
  repaired: number | null;
  late: number | null;
  lost: number | null;
  flows: Flow[];
  problem: Trouble | null;
}

export interface Viewer {
  feed: string;
  kind: 'rtsp' | 'whep' | 'mse';
  remote: string;
  user: string;
  since: string | null;
  layer: LayerName;
  frames: number;
  dropped: number;
}

export interface Status {
  version: number;
  node: string;
  software: string;
  since: string;
  now: string;
  feeds: Feed[];
  links: Link[];
  players: Viewer[];
}

export type Column = (number | null)[];

export interface FlowHistory {
  feed: string;
  direction: 'in' | 'out';
  layer: ('main' | 'sub' | null)[];
}

export interface LinkHistory {
  peer: string;
  at: number[];
  p50: Column;
  p95: Column;
  p99: Column;
  loss: Column;
  overhead: Column;
  queue_ms: Column;
  rate: Column;
  flows: FlowHistory[];
}

export interface History {
  version: number;
  now: string;
  step_ms: number;
  links: LinkHistory[];
  feeds: { id: string; at: number[]; latency_ms: Column; viewers: number[] }[];
}

/** ClassState is a class in which several schools take part. */
export interface ClassState {
  id: string;
  feed: string; // the name under which it is watched
  main: string; // the node that all others watch
  floor: string; // the node that the main school watches; empty: none
  meets?: string; // the hub machine that its feeds come together on; absent: none is chosen yet
  may_hush: boolean; // somebody at this node may take the floor back
  rooms: Room[];
}

export interface Room {
  node: string;
  feed: string;
  shows: string; // the feed that is seen and heard there; empty: none
  online: boolean;
  may_main: boolean; // somebody at this node may make it the main school
  may_floor: boolean; // and give it the floor
}

export interface LogLine {
  at: string;
  level: 'info' | 'warn';
  code: string;
  link: string;
  feed: string;
  text: Text;
}

export interface Session {
  user: string;
  guest: boolean;
  may: { watch: boolean; push: boolean };
  https_port: number | null;
}
