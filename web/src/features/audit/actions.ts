/** Every action that is written down with words of its own; any other shows as the route that was asked. */
export const ACTIONS = [
  "POST /api/admin/users",
  "PATCH /api/admin/users/{user_id}",
  "POST /api/admin/users/{user_id}/reset",
  "POST /api/admin/users/{user_id}/logout",
  "POST /api/admin/invites",
  "DELETE /api/admin/invites/{invite_id}",
  "DELETE /api/admin/sessions/{session_id}",
  "POST /api/admin/keys",
  "DELETE /api/admin/keys/{key_id}",
  "POST /api/admin/teams",
  "DELETE /api/admin/teams/{team_id}",
  "PUT /api/admin/teams/{team_id}/members/{user_id}",
  "DELETE /api/admin/teams/{team_id}/members/{user_id}",
  "PUT /api/admin/teams/{team_id}/projects/{project_id}",
  "DELETE /api/admin/teams/{team_id}/projects/{project_id}",
  "PUT /api/admin/aliases/{name}",
  "DELETE /api/admin/aliases/{name}",
  "POST /api/admin/channels",
  "PATCH /api/admin/channels/{channel_id}",
  "DELETE /api/admin/channels/{channel_id}",
  "POST /api/admin/channels/{channel_id}/drain",
  "POST /api/admin/channels/{channel_id}/pause",
  "POST /api/admin/channels/{channel_id}/resume",
  "POST /api/admin/channels/{channel_id}/test",
  "POST /api/admin/channels/{channel_id}/keys",
  "PATCH /api/admin/channels/{channel_id}/keys/{key_id}",
  "DELETE /api/admin/channels/{channel_id}/keys/{key_id}",
  "PUT /api/admin/channels/{channel_id}/callbacks",
  "POST /api/admin/dialects/{name}/check",
  "POST /api/admin/inbox/{task_id}",
  "POST /api/admin/models/doctor",
  "POST /api/admin/settings",
  "POST /api/admin/backups",
] as const;

export type Action = (typeof ACTIONS)[number];

export function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}
