import { type MouseEvent, useRef, useState } from "react";
import type { Item } from "@/api/library";
import { IconPhoto } from "./icons";
import classes from "./scrub.module.css";

type Media = Item["media"];

/** The shape a clip really has; while nobody knows, the one it was asked in. */
export function ratioOf(item: Pick<Item, "media" | "size">): number {
  const { width, height } = item.media;
  if (width && height) return width / height;
  const asked = /^(\d+)x(\d+)$/.exec(item.size ?? "");
  return asked ? Number(asked[1]) / Number(asked[2]) : 16 / 9;
}

/** The still of a clip; moving over it from left to right shows the clip from begin to end. */
export function Scrub({ media, label }: { media: Media; label: string }) {
  const [frame, setFrame] = useState<number | null>(null);
  const [loaded, setLoaded] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const sheet = media.spritesheet;
  const move = (event: MouseEvent) => {
    const box = place.current?.getBoundingClientRect();
    if (!sheet || !box || box.width === 0) return;
    const part = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
    setFrame(Math.floor(part * sheet.count));
  };
  const still = media.thumbnail ?? media.picture;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: moving the mouse only looks; keys open the clip itself
    <div ref={place} className={classes.scrub} onMouseMove={move} onMouseLeave={() => setFrame(null)}>
      {still ? (
        <img className={classes.still} src={still} alt={label} loading="lazy" decoding="async" draggable={false} />
      ) : (
        <span className={classes.none} {...(label ? { role: "img", "aria-label": label } : {})}>
          <IconPhoto size={22} stroke={1.4} />
        </span>
      )}
      {sheet && frame !== null ? (
        <>
          {loaded ? null : <img className={classes.hidden} src={sheet.url} alt="" onLoad={() => setLoaded(true)} />}
          {loaded ? <span className={classes.sheet} style={frameStyle(sheet, frame)} /> : null}
          <span className={classes.place} style={{ width: `${((frame + 1) / sheet.count) * 100}%` }} />
        </>
      ) : null}
    </div>
  );
}

type Sheet = NonNullable<Media["spritesheet"]>;

/** Shows one frame of a sheet as a background. */
export function frameStyle(sheet: Sheet, frame: number) {
  const column = frame % sheet.columns;
  const row = Math.floor(frame / sheet.columns);
  return {
    backgroundImage: `url("${sheet.url}")`,
    backgroundSize: `${sheet.columns * 100}% ${sheet.rows * 100}%`,
    backgroundPosition: `${(column / Math.max(1, sheet.columns - 1)) * 100}% ${(row / Math.max(1, sheet.rows - 1)) * 100}%`,
  };
}
