// A road carries one feed from the node into a video element: WebRTC (WHEP) or fragmented
// MP4 over a WebSocket (MSE). It is made, tells what happens, and is closed once.
import type { LayerName } from '../api/types';
import type { Problem } from '../api/problem';

export type Via = 'whep' | 'mse';

export interface Errand {
  feed: string;
  layer: 'main' | 'sub' | null; // null: the node chooses, as the line allows
  sound: boolean;
  video: HTMLVideoElement;
  told: Told;
}

/** Told is what a road says; after failed it says no more. */
export interface Told {
  /** A picture is on the screen: the first one, or the first after waiting. */
  playing(): void;
  /** Nothing new has come for a while, or the node says that the camera is away. */
  waiting(offlineSince: string | null): void;
  /** The road is over. */
  failed(problem: Problem): void;
  /** The person wants something that this road was not opened for: it is to be opened anew. */
  again(): void;
  /** The node plays, but not all: its sound, or another stream than the main one. */
  lacks(what: 'sound' | 'main'): void;
}

export interface Figures {
  via: Via;
  latency: number | null; // ms
  whole: boolean; // latency is from the camera; otherwise only what the page and its network add
  layer: LayerName | null;
  codec: string;
  rate: number | null; // bit/s
  lost: number | null; // packets
  freezes: number | null;
  skips: number | null;
}

export interface Road {
  readonly via: Via;
  /** True once a picture has been shown. */
  readonly reached: boolean;
  figures(): Promise<Figures>;
  close(): void;
}
