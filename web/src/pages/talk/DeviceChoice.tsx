import { say } from '../../i18n/words';
import type { Capture } from './useCapture';

const noCamera = 'none'; // no device has that id: ids are long hashes

export function DeviceChoice({ capture }: { capture: Capture }) {
  const { devices, wish, stream } = capture;
  const camera = wish.camera ?? noCamera;
  return (
    <>
      <div>
        <label for="camera">{say('talk.camera')}</label>
        <select
          id="camera"
          value={camera || inUse(stream?.getVideoTracks())}
          onChange={(e) => capture.choose({ ...wish, camera: orNone(e.currentTarget.value) })}
        >
          {options(devices.cameras)}
          <option value={noCamera}>{say('talk.nocamera')}</option>
        </select>
      </div>
      <div>
        <label for="microphone">{say('talk.microphone')}</label>
        <select
          id="microphone"
          value={wish.microphone || inUse(stream?.getAudioTracks())}
          onChange={(e) => capture.choose({ ...wish, microphone: e.currentTarget.value })}
        >
          {options(devices.microphones)}
        </select>
      </div>
    </>
  );
}

function options(devices: MediaDeviceInfo[]) {
  return devices.map((d, i) => (
    <option key={d.deviceId} value={d.deviceId}>
      {d.label || say('talk.device', { n: i + 1 })}
    </option>
  ));
}

function inUse(tracks: MediaStreamTrack[] | undefined): string {
  return tracks?.[0]?.getSettings().deviceId ?? '';
}

function orNone(id: string): string | null {
  return id === noCamera ? null : id;
}
