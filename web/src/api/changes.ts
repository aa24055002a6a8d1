import { answer, api } from "./client";
import type { CreateBody, Video } from "./types";

type Body = Omit<CreateBody, "prompt"> & { prompt: string };

/** Makes a video again with another prompt. */
export async function remixVideo(id: string, body: Body, key: string): Promise<Video> {
  const asked = api.POST("/v1/videos/{video_id}/remix", {
    params: { path: { video_id: id } },
    body,
    headers: { "Idempotency-Key": key },
  });
  return (await answer(asked)) as Video;
}

/** Appends to a video; `seconds` is the length to append. */
export async function extendVideo(id: string, body: Body, key: string): Promise<Video> {
  const { prompt, seconds, model, seed, negative_prompt, audio, watermark } = body;
  const sent = { prompt, video: { id }, seconds: seconds ?? "", model, seed, negative_prompt, audio, watermark };
  return (await answer(api.POST("/v1/videos/extensions", { body: sent, headers: { "Idempotency-Key": key } }))) as Video;
}

/** Changes a video as the prompt says. */
export async function editVideo(id: string, body: Body, key: string): Promise<Video> {
  const { prompt, model, seed, negative_prompt, audio, watermark } = body;
  const sent = { prompt, video: { id }, model, seed, negative_prompt, audio, watermark };
  return (await answer(api.POST("/v1/videos/edits", { body: sent, headers: { "Idempotency-Key": key } }))) as Video;
}
