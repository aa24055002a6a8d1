import type { paths } from "./made/schema";

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Answers<T> = T extends { responses: infer R } ? R : never;

/** What a successful answer of one operation holds. */
export type Answer<P extends keyof paths, M extends keyof paths[P]> = Json<
  Answers<paths[P][M]>[200 & keyof Answers<paths[P][M]>]
>;

/** What the JSON body of one operation holds. */
export type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody: { content: { "application/json": infer B } };
}
  ? B
  : never;

export type Video = Answer<"/v1/videos/{video_id}", "get">;
export type Model = Answer<"/api/models", "get">["data"][number];
export type Abilities = Model["video"];
export type Looked = Extract<Answer<"/v1/videos", "post">, { object: "video.effective" }>;
export type CreateBody = Body<"/v1/videos", "post">;
