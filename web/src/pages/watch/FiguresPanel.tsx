// Layer and live latency over the picture, for whoever asks (key i, or a long touch).
import { useEffect, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { askFeed } from '../../api/ask';
import type { Feed, LayerName } from '../../api/types';
import { say } from '../../i18n/words';
import type { Lesson, LessonState } from '../../play/lesson';
import type { Figures } from '../../play/road';
import { millis, rate } from '../../ui/figures';

interface Props {
  feed: string;
  lesson: RefObject<Lesson | null>;
  video: RefObject<HTMLVideoElement | null>;
  lacks: LessonState['lacks'];
}

export function FiguresPanel({ feed, lesson, video, lacks }: Props) {
  const [figures, setFigures] = useState<Figures | null>(null);
  const [known, setKnown] = useState<Feed | null>(null);
  useEffect(() => {
    const look = (): void => void lesson.current?.figures()?.then(setFigures, () => setFigures(null));
    const ask = (): void => void askFeed(feed).then(setKnown, () => setKnown(null));
    look();
    ask();
    const timers = [setInterval(look, 500), setInterval(ask, 2000)];
    return () => timers.forEach(clearInterval);
  }, [feed]);
  if (!figures) return null;

  const size = { width: video.current?.videoWidth ?? 0, height: video.current?.videoHeight ?? 0 };
  const latency = total(figures, known);
  const rows: [string, string][] = [
    [say(latency.whole ? 'figures.latency' : 'figures.latency.page'), millis(latency.ms)],
    [say('figures.layer'), layerWord(figures.layer ?? layerOf(known, size.height))],
    [say('figures.picture'), `${size.width}×${size.height} ${figures.codec}`],
    [say('figures.via'), figures.via === 'whep' ? 'WebRTC (WHEP)' : 'MSE (WebSocket)'],
    [say('figures.rate'), rate(figures.rate)],
  ];
  if (figures.lost != null) rows.push([say('figures.lost'), String(figures.lost)]);
  if (figures.freezes != null) rows.push([say('figures.freezes'), String(figures.freezes)]);
  if (figures.skips != null) rows.push([say('figures.skips'), String(figures.skips)]);
  return (
    <div class="figures">
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {lacks && <p>{say(lacks === 'sound' ? 'watch.aac' : 'watch.sub')}</p>}
    </div>
  );
}

// total adds what the node knows, camera to node, to what this page has measured.
function total(figures: Figures, known: Feed | null): { ms: number | null; whole: boolean } {
  if (figures.whole || figures.latency == null) return { ms: figures.latency, whole: figures.whole };
  if (known?.latency_ms == null) return { ms: figures.latency, whole: false };
  return { ms: figures.latency + known.latency_ms, whole: true };
}

function layerOf(known: Feed | null, height: number): LayerName | null {
  const pictures = known?.layers.filter((l) => l.name !== 'audio') ?? [];
  if (pictures.length === 1) return pictures[0]?.name ?? null; // a page that talks back changes its size as it likes
  return pictures.find((l) => l.height === height)?.name ?? null;
}

function layerWord(layer: LayerName | null): string {
  return layer ? say(`layer.${layer}`) : '–';
}
