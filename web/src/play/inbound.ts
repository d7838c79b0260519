// A receiving connection's own figures (getStats), as differences between two readings.

export interface Received {
  codec: string;
  rate: number | null; // bit/s since the reading before
  lost: number | null;
  freezes: number | null;
  roundTrip: number | null; // ms
}

interface Report {
  id: string;
  type: string;
  kind?: string;
  timestamp: number;
  bytesReceived?: number;
  packetsLost?: number;
  freezeCount?: number;
  codecId?: string;
  mimeType?: string;
  nominated?: boolean;
  currentRoundTripTime?: number;
}

export class Inbound {
  private bytes = 0;
  private at = 0;

  constructor(private readonly pc: RTCPeerConnection) {}

  async read(): Promise<Received> {
    const reports: Report[] = [];
    (await this.pc.getStats()).forEach((r: Report) => reports.push(r));
    const video = reports.find((r) => r.type === 'inbound-rtp' && r.kind === 'video');
    const pair = reports.find((r) => r.type === 'candidate-pair' && r.nominated);
    const codec = reports.find((r) => r.id === video?.codecId)?.mimeType ?? '';
    const trip = pair?.currentRoundTripTime;
    return {
      codec: codec.replace('video/', ''),
      rate: video ? this.since(video) : null,
      lost: video?.packetsLost ?? null,
      freezes: video?.freezeCount ?? null,
      roundTrip: trip == null ? null : trip * 1000,
    };
  }

  private since(video: Report): number | null {
    const bytes = video.bytesReceived ?? 0;
    const took = video.timestamp - this.at;
    const rate = this.at > 0 && took > 0 ? ((bytes - this.bytes) * 8000) / took : null;
    this.bytes = bytes;
    this.at = video.timestamp;
    return rate;
  }
}
