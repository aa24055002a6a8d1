import account from "./account.json";
import admin from "./admin.json";
import audit from "./audit.json";
import backups from "./backups.json";
import channels from "./channels.json";
import characters from "./characters.json";
import codes from "./codes.json";
import console from "./console.json";
import desk from "./desk.json";
import entry from "./entry.json";
import health from "./health.json";
import library from "./library.json";
import models from "./models.json";
import queue from "./queue.json";
import settings from "./settings.json";
import share from "./share.json";
import statistics from "./statistics.json";
import teams from "./teams.json";
import users from "./users.json";
import video from "./video.json";

/** What pages beyond the first say. */
export default {
  account,
  admin,
  audit,
  backups,
  channels,
  characters,
  codes,
  console,
  desk,
  entry,
  health,
  library,
  models,
  queue,
  settings,
  share,
  statistics,
  teams,
  users,
  video,
};
