import { type CSSProperties, type KeyboardEvent, type MouseEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { contentUrl } from "@/api/videos";
import { sides } from "@/lib/format";
import { IconPlayerPlay } from "./icons";
import classes from "./tile.module.css";

const COLUMNS = 5;
const ROWS = 4;

type Props = {
  id: string;
  size: string;
  title: string;
  done: boolean;
  /** What stands over the picture while there is no clip: progress, or why there will be none. */
  over?: ReactNode;
  /** A picture to show, blurred, until the clip comes. */
  reference?: string | null;
  caption?: ReactNode;
  actions?: ReactNode;
  selected?: boolean;
};

/** One clip in its true shape: scrubbed by moving over it, played by a click or the space bar. */
export function Tile({ id, size, title, done, over, reference, caption, actions, selected }: Props) {
  const shape = sides(size) ?? { width: 16, height: 9 };
  const ratio = shape.width / shape.height;
  return (
    <article
      className={classes.tile}
      style={{ "--ratio": ratio } as CSSProperties}
      data-selected={selected || undefined}
      aria-label={title}
    >
      <div className={classes.media} style={{ aspectRatio: `${shape.width} / ${shape.height}` }}>
        {done ? <Clip id={id} title={title} /> : <Waiting reference={reference ?? null}>{over}</Waiting>}
        {actions ? <div className={classes.actions}>{actions}</div> : null}
      </div>
      {caption ? <div className={classes.caption}>{caption}</div> : null}
    </article>
  );
}

function Waiting({ reference, children }: { reference: string | null; children: ReactNode }) {
  return (
    <div className={classes.waiting}>
      {reference ? <img className={classes.reference} src={reference} alt="" /> : null}
      <div className={classes.over}>{children}</div>
    </div>
  );
}

function Clip({ id, title }: { id: string; title: string }) {
  const { t } = useTranslation("create");
  const [playing, setPlaying] = useState(false);
  const [frame, setFrame] = useState<number | null>(null);
  const [sheet, setSheet] = useState<"no" | "asked" | "there" | "none">("no");
  const place = useRef<HTMLButtonElement>(null);
  const scrub = (event: MouseEvent) => {
    const box = place.current?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    const part = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
    setFrame(Math.floor(part * COLUMNS * ROWS));
    if (sheet === "no") setSheet("asked");
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === " ") {
      event.preventDefault();
      setPlaying(true);
    }
  };
  if (playing) {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what is generated comes without captions
      <video
        className={classes.picture}
        src={contentUrl(id)}
        poster={contentUrl(id, "thumbnail")}
        controls
        autoPlay
        loop
        playsInline
        aria-label={title}
      />
    );
  }
  const shown = frame !== null && sheet === "there";
  return (
    <button
      ref={place}
      type="button"
      className={classes.play}
      onClick={() => setPlaying(true)}
      onKeyDown={keys}
      onMouseMove={scrub}
      onMouseLeave={() => setFrame(null)}
      aria-label={t("tile.play", { title })}
    >
      <img className={classes.picture} src={contentUrl(id, "thumbnail")} alt="" loading="lazy" draggable={false} />
      {sheet === "asked" ? (
        <img
          className={classes.hidden}
          src={contentUrl(id, "spritesheet")}
          alt=""
          onLoad={() => setSheet("there")}
          onError={() => setSheet("none")}
        />
      ) : null}
      {shown ? (
        <span
          className={classes.sheet}
          style={{
            backgroundImage: `url("${contentUrl(id, "spritesheet")}")`,
            backgroundSize: `${COLUMNS * 100}% ${ROWS * 100}%`,
            backgroundPosition: `${((frame % COLUMNS) / (COLUMNS - 1)) * 100}% ${(Math.floor(frame / COLUMNS) / (ROWS - 1)) * 100}%`,
          }}
        />
      ) : null}
      {shown ? (
        <span className={classes.place} style={{ width: `${((frame + 1) / (COLUMNS * ROWS)) * 100}%` }} />
      ) : (
        <span className={classes.glyph} aria-hidden="true">
          <IconPlayerPlay size={18} />
        </span>
      )}
    </button>
  );
}
