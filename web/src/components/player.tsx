import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { type MouseEvent, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Item } from "@/api/library";
import { clock } from "@/lib/format";
import {
  IconMaximize,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipBack,
  IconPlayerSkipForward,
  IconRepeat,
  IconVolume,
  IconVolumeOff,
} from "./icons";
import classes from "./player.module.css";
import { frameStyle } from "./scrub";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
/** Taken for the length of a frame until playing has told. */
const USUAL_FRAME = 1 / 24;

type Props = {
  src: string;
  poster: string | null;
  ratio: number;
  label: string;
  sheet?: Item["media"]["spritesheet"];
  /** More buttons; they get the frame that is shown. */
  extra?: (grab: () => Promise<Blob>) => ReactNode;
};

/** A clip with what people who look at pictures need: single frames, speed, a loop, and keys for all of it. */
export function Player({ src, poster, ratio, label, sheet, extra }: Props) {
  const { t } = useTranslation("video");
  const video = useRef<HTMLVideoElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [loop, setLoop] = useState(true);
  const [muted, setMuted] = useState(false);
  const [speed, setSpeed] = useState(1);
  const frame = useFrameLength(video);
  const back = useBackwards(video);

  const toggle = useCallback(() => {
    back.stop();
    const it = video.current;
    if (it?.paused) void it.play();
    else it?.pause();
  }, [back]);
  const step = (by: number) => {
    const it = video.current;
    if (!it) return;
    back.stop();
    it.pause();
    it.currentTime = Math.min(it.duration || 0, Math.max(0, it.currentTime + by * frame.current));
  };
  const rate = (value: number) => {
    setSpeed(value);
    if (video.current) video.current.playbackRate = value;
  };
  const forward = () => {
    const it = video.current;
    if (!it) return;
    back.stop();
    if (!it.paused) rate(Math.min(2, speed * 2));
    else {
      rate(1);
      void it.play();
    }
  };
  const pause = () => {
    back.stop();
    video.current?.pause();
  };
  const full = () => void place.current?.requestFullscreen?.();
  const mute = () => setMuted((before) => !before);
  useHotkeys([
    ["space", toggle],
    ["k", pause],
    ["l", forward],
    ["j", () => back.start()],
    [",", () => step(-1)],
    [".", () => step(1)],
    ["ArrowLeft", () => step(-1)],
    ["ArrowRight", () => step(1)],
    ["o", () => setLoop((before) => !before)],
    ["m", mute],
  ]);
  const grab = () => grabbed(video.current);
  const button = (word: string, keys: string, icon: ReactNode, act: () => void, on?: boolean) => (
    <Tooltip label={`${word} (${keys})`}>
      <ActionIcon aria-label={word} aria-pressed={on} data-on={on || undefined} className={classes.button} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div ref={place} className={classes.player}>
      <div className={classes.screen} style={{ "--ratio": ratio } as React.CSSProperties}>
        <video
          ref={video}
          src={src}
          poster={poster ?? undefined}
          loop={loop}
          muted={muted}
          playsInline
          preload="metadata"
          aria-label={label}
          onClick={toggle}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
          onSeeked={(event) => setAt(event.currentTarget.currentTime)}
          onLoadedMetadata={(event) => setLength(event.currentTarget.duration)}
        />
      </div>
      <Line
        at={at}
        length={length}
        sheet={sheet ?? null}
        onSeek={(to) => {
          back.stop();
          if (video.current) video.current.currentTime = to;
          setAt(to);
        }}
      />
      <div className={classes.controls}>
        {button(
          t(playing ? "player.pause" : "player.play"),
          t("player.space"),
          playing ? <IconPlayerPause size={19} /> : <IconPlayerPlay size={19} />,
          toggle,
        )}
        {button(t("player.frameBack"), ",", <IconPlayerSkipBack size={17} />, () => step(-1))}
        {button(t("player.frameOn"), ".", <IconPlayerSkipForward size={17} />, () => step(1))}
        <span className={classes.time}>
          {clock(at)} <span className="faint">{`/ ${clock(length)}`}</span>
        </span>
        <span className={classes.space} />
        {extra?.(grab)}
        {button(t("player.loop"), "O", <IconRepeat size={17} />, () => setLoop(!loop), loop)}
        <Menu position="top-end" width={110}>
          <Menu.Target>
            <ActionIcon className={classes.speed} aria-label={t("player.speed", { speed })}>
              {`${speed}×`}
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {SPEEDS.map((one) => (
              <Menu.Item key={one} onClick={() => rate(one)}>
                {`${one}×`}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        {button(
          t(muted ? "player.sound" : "player.mute"),
          "M",
          muted ? <IconVolumeOff size={17} /> : <IconVolume size={17} />,
          mute,
          muted,
        )}
        <ActionIcon aria-label={t("player.full")} className={classes.button} onClick={full}>
          <IconMaximize size={17} />
        </ActionIcon>
      </div>
    </div>
  );
}

type LineProps = { at: number; length: number; sheet: Item["media"]["spritesheet"] | null; onSeek: (to: number) => void };

/** The time line; over it the frame that stands at the pointer. */
function Line({ at, length, sheet, onSeek }: LineProps) {
  const { t } = useTranslation("video");
  const [over, setOver] = useState<number | null>(null);
  const move = (event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    if (box.width > 0) setOver(Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only a look ahead; the range inside takes keys and clicks
    <div className={classes.line} onMouseMove={move} onMouseLeave={() => setOver(null)}>
      {over !== null && sheet ? (
        <span className={classes.ahead} style={{ left: `${over * 100}%` }}>
          <span
            className={classes.frame}
            style={{
              ...frameStyle(sheet, Math.floor(over * sheet.count)),
              width: sheet.tile_width / 1.6,
              height: sheet.tile_height / 1.6,
            }}
          />
          <span>{clock(over * length)}</span>
        </span>
      ) : null}
      <input
        type="range"
        min={0}
        max={length || 1}
        step={0.001}
        value={at}
        aria-label={t("player.place")}
        aria-valuetext={`${clock(at)} / ${clock(length)}`}
        style={{ "--done": `${length > 0 ? (at / length) * 100 : 0}%` } as React.CSSProperties}
        onChange={(event) => onSeek(Number(event.currentTarget.value))}
        onKeyDown={(event) => event.key.startsWith("Arrow") && event.preventDefault()}
      />
    </div>
  );
}

/** How long a frame is, told by the frames as they are shown. */
function useFrameLength(video: React.RefObject<HTMLVideoElement | null>) {
  const length = useRef(USUAL_FRAME);
  useEffect(() => {
    const it = video.current;
    if (!it?.requestVideoFrameCallback) return;
    let last = -1;
    let handle = 0;
    const next = (_now: number, told: VideoFrameCallbackMetadata) => {
      const gone = told.mediaTime - last;
      if (last >= 0 && gone > 1 / 130 && gone < 1 / 9) length.current = Math.min(gone, Math.max(length.current, 1 / 61));
      last = told.mediaTime;
      handle = it.requestVideoFrameCallback(next);
    };
    handle = it.requestVideoFrameCallback(next);
    return () => it.cancelVideoFrameCallback(handle);
  }, [video]);
  return length;
}

/** Plays backwards, as browsers cannot: by going to one earlier place after the other. */
function useBackwards(video: React.RefObject<HTMLVideoElement | null>) {
  const timer = useRef<ReturnType<typeof setInterval>>(undefined);
  const stop = useCallback(() => {
    clearInterval(timer.current);
    timer.current = undefined;
  }, []);
  const start = useCallback(() => {
    const it = video.current;
    if (!it || timer.current !== undefined) return;
    it.pause();
    timer.current = setInterval(() => {
      if (it.seeking) return;
      it.currentTime = Math.max(0, it.currentTime - 1 / 12);
      if (it.currentTime <= 0) stop();
    }, 1000 / 12);
  }, [video, stop]);
  useEffect(() => stop, [stop]);
  const [both] = useState(() => ({ start, stop }));
  return both;
}

/** The frame that is shown, as a picture. */
async function grabbed(video: HTMLVideoElement | null): Promise<Blob> {
  if (!video || video.videoWidth === 0) throw new Error("no frame");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((done, broken) => canvas.toBlob((blob) => (blob ? done(blob) : broken(new Error("no frame"))), "image/png"));
}
